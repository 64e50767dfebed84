/** What the client sends. */
export type ClientFrame =
  | { type: "hello"; client: string; capabilities: string[]; token?: string }
  | { type: "auth"; id: string; token: string | null }
  | { type: "query" | "mutation" | "action"; id: string; fn: string; args: unknown }
  | { type: "unsubscribe"; id: string }
  | { type: "ping" };

/** The result of a subscription; `late`: older than a mutation that named it so. */
export interface ResultItem {
  id: string;
  result: unknown;
  late?: boolean;
}

/** What the server sends; a client ignores types that it does not know. */
export type ServerFrame =
  | ({ type: "result" | "update" } & ResultItem)
  | { type: "updates"; items: ResultItem[] }
  | { type: "mutationResult"; id: string; result?: unknown; late?: string[] }
  | { type: "actionResult"; id: string; result?: unknown }
  | { type: "error"; id?: string; code: string; message: string }
  | { type: "auth"; id?: string; authenticated: boolean; expiresInMs?: number }
  | { type: "hello" | "reset" | "pong" };

/** JSON with bytes as base64, which is how the server takes them. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, item: unknown) {
    const raw = this[key]; // before any toJSON, such as that of Node's Buffer
    if (raw instanceof ArrayBuffer) return base64(new Uint8Array(raw));
    if (ArrayBuffer.isView(raw)) {
      return base64(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength));
    }
    return item;
  });
}

/** What the server will see of `value`, taken now: later changes do not reach it. */
export function jsonCopy(value: unknown): unknown {
  return JSON.parse(encodeJson(value)) as unknown;
}

/** JSON with the members of objects in the order of their names: equal values, equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(jsonCopy(value), (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    const members = Object.entries(item);
    return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The frame in a message, or undefined if it is none. */
export function decodeFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame = JSON.parse(data) as ServerFrame | null;
    return typeof frame === "object" && frame !== null ? frame : undefined;
  } catch {
    return undefined;
  }
}

/** A random UUID (version 4), also where `crypto.randomUUID` is missing: plain http, Node 18. */
export function randomUuid(): string {
  const crypto: Partial<Crypto> | undefined = globalThis.crypto;
  if (crypto?.randomUUID !== undefined) return crypto.randomUUID();
  const bytes = new Uint8Array(16);
  if (crypto?.getRandomValues !== undefined) crypto.getRandomValues(bytes);
  else for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(Math.random() * 256);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
