// Headless Chromium through playwright-core, one for the whole run.
import { chromium } from "playwright-core";

const CHROMIUM = process.env.MOONSTONE_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** For every step of a page; loaded machines are slow. */
const STEP_TIMEOUT_MS = 60_000;

let browser;

/** A window with a profile of its own. What goes wrong inside is in `page.problems`. */
export async function openWindow(t, url, { width = 1440, height = 900, colorScheme } = {}) {
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: colorScheme ?? "light",
  });
  t.after(() => context.close());
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  return openTab(context, url);
}

/** A page in the profile of another one (`page.context()`): they share what the browser stores. */
export async function openTab(context, url) {
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") page.problems.push(message.text());
  });
  page.sockets = [];
  page.on("websocket", (socket) => {
    const seen = { frames: [], sent: [], isClosed: false };
    page.sockets.push(seen);
    socket.on("framereceived", ({ payload }) => seen.frames.push(JSON.parse(payload)));
    socket.on("framesent", ({ payload }) => seen.sent.push(JSON.parse(payload)));
    socket.on("close", () => (seen.isClosed = true));
  });
  await page.goto(url);
  return page;
}

export async function closeBrowser() {
  await browser?.close();
}
