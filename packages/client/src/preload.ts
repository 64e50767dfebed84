import { MoonstoneError } from "./errors.js";
import { functionName } from "./reference.js";
import type { FunctionReference } from "./reference.js";
import { encodeJson } from "./wire.js";

/** The result of a query with what it answers: plain JSON, to be handed from a server to a page. */
export interface Preloaded<Return> {
  readonly _fn: string;
  readonly _args: unknown;
  readonly _result: Return;
}

/** Options of `preloadQuery`. */
export interface PreloadOptions {
  /** Sent along, e.g. `authorization` or the cookies of the visitor. */
  headers?: Record<string, string>;
  /** In place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/**
 * Runs a query once over HTTP, for rendering on a server. `url` is the one that the client gets,
 * ending in `/ws`. Errors: another URL; what `fetch` throws; MoonstoneError with the server's code
 * and message.
 */
export function preloadQuery<Args, Return>(
  url: string,
  ref: FunctionReference<"query", Args, Return>,
  ...rest: {} extends Args
    ? [args?: Args, options?: PreloadOptions]
    : [args: Args, options?: PreloadOptions]
): Promise<Preloaded<Return>>;
export function preloadQuery(
  url: string,
  name: string,
  args?: unknown,
  options?: PreloadOptions,
): Promise<Preloaded<any>>;
export async function preloadQuery(
  url: string,
  fn: string | FunctionReference<"query">,
  args: unknown = {},
  options: PreloadOptions = {},
): Promise<Preloaded<unknown>> {
  const name = functionName(fn);
  const body = encodeJson({ fn: name, args });
  const response = await (options.fetch ?? fetch)(queryUrl(url), {
    method: "POST",
    headers: { "content-type": "application/json", ...options.headers },
    body,
  });
  const answer = await readJson(response);
  if (!response.ok) {
    const code = textOf(answer["code"]) ?? "http_error";
    throw new MoonstoneError(code, textOf(answer["error"]) ?? `HTTP ${response.status}`);
  }
  const { args: _args } = JSON.parse(body) as { args: unknown };
  return { _fn: name, _args, _result: answer["result"] ?? null };
}

function queryUrl(url: string): string {
  const match = /^(?:ws|http)(s?:\/\/.+)\/ws$/.exec(String(url));
  if (match !== null) return `http${match[1]}/query`;
  throw new Error(`preloadQuery: the URL must look like ws://localhost:8788/ws (got ${url})`);
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  try {
    return ((await response.json()) as Record<string, unknown> | null) ?? {};
  } catch {
    if (!response.ok) return {}; // a proxy's error page, say
    throw new MoonstoneError(
      "http_error",
      "preloadQuery: the answer is not JSON; is the URL right?",
    );
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
