import { MoonstoneClient } from "@moonstone/client";
import { report } from "./writes";

/**
 * The client of the page: results and unsent changes survive a reload, and it never gives up.
 * Raise `schemaVersion` when a query returns something of another shape, so that no cached result
 * of the old shape is shown.
 */
export function makeClient(): MoonstoneClient {
  return new MoonstoneClient("/ws", {
    persistence: true,
    schemaVersion: "1",
    onReplayError: (error) => report(`A change of your last visit: ${error.message}`),
    backoff: { baseMs: 500, maxMs: 10_000, maxAttempts: Number.MAX_SAFE_INTEGER },
  });
}

/** Keeps the files of the page too, so that it opens without a connection. */
export function keepPageOffline(): void {
  // Under Vite's server the page changes all the time; and only safe origins have workers.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/offline.js").catch((error: unknown) => {
    console.warn("The page will not open offline:", error);
  });
}
