/**
 * What a worker entry (`.moonstone/entry.ts`, or `.zeroback/entry.ts`) imports. The entry is the
 * gate of a deployment: its `fetch` sees each request first and may refuse it, change it, or choose
 * the tenant. The server itself stands behind `env.MOONSTONE_DO`.
 */
import type { WebRequest, WebResponse } from "./types/web.js";

/** One deployment: `fetch` passes a request on to it. */
export interface DeploymentStub {
  readonly name: string;
  fetch(input: WebRequest | string, init?: unknown): Promise<WebResponse>;
}

/** All deployments, by name: each tenant is one. */
export interface DeploymentNamespace {
  idFromName(tenant: string): unknown;
  /** The tenant that the host of the request names (`tenants.domain`), else the default one. */
  idFromHost(): unknown;
  get(id: any): DeploymentStub;
}

/** The second parameter of an entry's `fetch`: the deployments and the environment's variables. */
export interface Env {
  readonly MOONSTONE_DO: DeploymentNamespace;
  readonly ZEROBACK_DO: DeploymentNamespace;
  readonly [variable: string]: any;
}

/** The default export of an entry. */
export interface WorkerHandler {
  fetch(request: WebRequest, env: Env, context?: unknown): Promise<WebResponse>;
}

export interface WorkerOptions {
  /** Which pages of other origins may read the answers: all, one, or these. */
  cors?: { origin: "*" | (string & {}) | readonly string[] };
}

/**
 * Names the parts of a deployment. The server finds them by itself, so that nothing of this is
 * looked at; an entry exports the result because other platforms ask for it.
 */
export function createMoonstoneDO(_parts: object): new () => object {
  return class Deployment {};
}

export const createZerobackDO: typeof createMoonstoneDO = createMoonstoneDO;

/** Makes an entry that passes every request on, and answers pages of other origins if told so. */
export function createWorkerHandler(options: WorkerOptions = {}): WorkerHandler {
  const origin = options.cors?.origin;
  if (origin === undefined) return { fetch: passOn };
  checkOrigin(origin);
  return {
    async fetch(request, env) {
      const headers = corsHeaders(request.headers.get("Origin"), origin);
      if (request.method === "OPTIONS") return new web.Response(null, { status: 204, headers });
      const answer = await passOn(request, env);
      if (answer.status === 101) return answer; // a WebSocket has no use for them
      const changed = new web.Response(answer.body, answer);
      for (const [name, value] of headers) {
        if (name === "Vary") changed.headers.append(name, value);
        else changed.headers.set(name, value);
      }
      return changed;
    },
  };
}

/** The entry that `init` writes. */
export const workerHandler: WorkerHandler = createWorkerHandler();

// The web's names, which this package's compiler does not know.
const web = globalThis as any;

/** `/t/acme/ws` is the tenant acme, everything else the one of the host. */
function passOn(request: WebRequest, { MOONSTONE_DO: all }: Env): Promise<WebResponse> {
  const [, tenant] = /^\/t\/([^/]+)\//.exec(new web.URL(request.url).pathname) ?? [];
  if (tenant !== undefined)
    return all.get(all.idFromName(decodeURIComponent(tenant))).fetch(request);
  // A server that is older than this package does not tell.
  return all.get(all.idFromHost?.() ?? all.idFromName("default")).fetch(request);
}

function checkOrigin(origin: unknown): void {
  const texts = Array.isArray(origin) ? origin : [origin];
  if (texts.length > 0 && texts.every((text) => typeof text === "string")) return;
  throw new Error(
    'createWorkerHandler: cors.origin must be "*", an origin such as "https://a.example", or a list',
  );
}

function corsHeaders(from: string | null, allowed: string | readonly string[]): [string, string][] {
  if (from === null) return [];
  const methods: [string, string][] = [
    ["Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS"],
    ["Access-Control-Allow-Headers", "Content-Type, Authorization"],
    ["Access-Control-Max-Age", "86400"],
  ];
  if (allowed === "*") return [["Access-Control-Allow-Origin", "*"], ...methods];
  if (!(typeof allowed === "string" ? [allowed] : allowed).includes(from)) return [];
  return [
    ["Access-Control-Allow-Origin", from],
    ["Vary", "Origin"],
    ["Access-Control-Allow-Credentials", "true"],
    ...methods,
  ];
}
