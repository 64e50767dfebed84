import type { ActionCtx } from "./types/context.js";
import type { WebRequest, WebResponse } from "./types/web.js";

/** A handler of HTTP requests. It is no function of the registry, hence no `_type`. */
export interface HttpAction {
  readonly _isHttpAction: true;
  handler(ctx: ActionCtx, request: WebRequest): Promise<WebResponse>;
}

export interface HttpRoute {
  /** Compared with the whole path of the request, letter by letter. */
  path: string;
  method: string;
  handler: HttpAction;
}

export interface HttpPrefixRoute {
  pathPrefix: string;
  method: string;
  handler: HttpAction;
}

/** Makes the handler of a route: standard Request in, standard Response out. */
export function httpAction(
  handler: (ctx: ActionCtx, request: WebRequest) => Promise<WebResponse> | WebResponse,
): HttpAction {
  if (typeof handler !== "function") throw new Error("httpAction needs a function");
  return { _isHttpAction: true, handler: async (ctx, request) => handler(ctx, request) };
}

/**
 * The routes of an app; the default export of a root file such as `http.ts`. Exact routes win
 * over prefix routes, earlier ones over later ones.
 */
export class HttpRouter {
  readonly _isHttpRouter: true = true;
  readonly routes: HttpRoute[] = [];
  readonly prefixRoutes: HttpPrefixRoute[] = [];

  /** Adds a route for one exact path. */
  route(route: HttpRoute): this {
    checkRoute("route", "path", route.path, route);
    this.routes.push({ ...route, method: route.method.toUpperCase() });
    return this;
  }

  /** Adds a route for every path that starts with `pathPrefix`. */
  routeWithPrefix(route: HttpPrefixRoute): this {
    checkRoute("routeWithPrefix", "pathPrefix", route.pathPrefix, route);
    this.prefixRoutes.push({ ...route, method: route.method.toUpperCase() });
    return this;
  }

  /** The handler of a request, or null. `method` is compared in upper case. */
  lookup(path: string, method: string): HttpAction | null {
    const wanted = method.toUpperCase();
    const exact = this.routes.find((route) => route.method === wanted && route.path === path);
    if (exact !== undefined) return exact.handler;
    const prefix = this.prefixRoutes.find(
      (route) => route.method === wanted && path.startsWith(route.pathPrefix),
    );
    return prefix?.handler ?? null;
  }
}

/** Makes an empty router. */
export function httpRouter(): HttpRouter {
  return new HttpRouter();
}

function checkRoute(
  call: string,
  member: string,
  path: unknown,
  route: { method: unknown; handler: unknown },
): void {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new Error(`http.${call}: ${member} must start with "/" (got ${String(path)})`);
  }
  const place = `http.${call} "${path}"`;
  if (typeof route.method !== "string" || route.method === "") {
    throw new Error(`${place}: method must be a text such as "GET"`);
  }
  if ((route.handler as HttpAction | undefined)?._isHttpAction !== true) {
    throw new Error(`${place}: handler must be made by httpAction(…)`);
  }
}
