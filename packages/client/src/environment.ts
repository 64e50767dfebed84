// What the client takes from where it runs: a page, a worker, Node.
import type { WebSocketConstructor } from "./connection.js";

/** The WebSocket to use. Errors: there is none. */
export function globalWebSocket(): WebSocketConstructor {
  const found = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (found !== undefined) return found;
  throw new Error(
    "MoonstoneClient: there is no global WebSocket here; pass one, e.g. of the ws package: " +
      "new MoonstoneClient(url, { webSocket: WebSocket })",
  );
}

/** `url` as a WebSocket address; one without a host is of the page. Errors: it is no such URL. */
export function webSocketUrl(url: string): string {
  const page = globalThis.location as Location | undefined;
  const text = String(url);
  const absolute = text.startsWith("/") && page !== undefined ? page.origin + text : text;
  const result = absolute.replace(/^http(s?):/, "ws$1:");
  if (/^wss?:\/\/./.test(result)) return result;
  throw new Error(`MoonstoneClient: the URL must look like ws://localhost:8788/ws (got ${text})`);
}

/**
 * Calls `onReturn` when the network is said to be back or gone, or somebody looks at the page again:
 * no reason to sit out a delay, nor to believe in the connection. Returns the way out.
 */
export function listenForReturn(onReturn: () => unknown): () => void {
  const page = globalThis as Partial<Window & typeof globalThis>;
  const onVisible = (): void => {
    if (page.document?.visibilityState === "visible") onReturn();
  };
  page.addEventListener?.("online", onReturn);
  page.addEventListener?.("offline", onReturn);
  page.document?.addEventListener?.("visibilitychange", onVisible);
  return () => {
    page.removeEventListener?.("online", onReturn);
    page.removeEventListener?.("offline", onReturn);
    page.document?.removeEventListener?.("visibilitychange", onVisible);
  };
}
