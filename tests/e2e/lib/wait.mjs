const POLL_MS = 25;
const WAIT_TIMEOUT_MS = 60_000;

/** Waits until `probe` returns something true, and returns that. Errors: it never does. */
export async function waitFor(what, probe, timeoutMs = WAIT_TIMEOUT_MS) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await probe();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
