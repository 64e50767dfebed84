import { describe, expect, it } from "vitest";
import { createWorkerHandler, createZerobackDO, workerHandler, type Env } from "../src/runtime.js";

const web = globalThis as any;

/** An environment whose deployments answer with their name and the path that they were asked. */
function environment(): Env {
  const namespace = {
    idFromName: (name: string) => ({ name }),
    idFromHost: () => ({ name: "default" }),
    get: ({ name }: { name: string }) => ({
      name,
      fetch: async (request: any) =>
        new web.Response(`${name} ${new web.URL(request.url).pathname}`, {
          headers: { "x-own": "1", vary: "Accept" },
        }),
    }),
  };
  return { MOONSTONE_DO: namespace, ZEROBACK_DO: namespace };
}
const ask = (handler: any, path: string, init: object = {}) =>
  handler.fetch(new web.Request(`http://h.test${path}`, init), environment());

describe("workerHandler", () => {
  it("takes the tenant from the path", async () => {
    expect(await (await ask(workerHandler, "/query")).text()).toBe("default /query");
    expect(await (await ask(workerHandler, "/t/acme/ws")).text()).toBe("acme /t/acme/ws");
    expect(await (await ask(workerHandler, "/t/a%20b/ws")).text()).toBe("a b /t/a%20b/ws");
    expect(await (await ask(workerHandler, "/t/acme")).text()).toBe("default /t/acme");
  });

  it("takes it from the host where the path has none", async () => {
    const { MOONSTONE_DO } = environment();
    const env = { MOONSTONE_DO: { ...MOONSTONE_DO, idFromHost: () => ({ name: "bolt" }) } } as Env;
    const text = async (path: string): Promise<string> =>
      (await workerHandler.fetch(new web.Request(`http://bolt.h.test${path}`), env)).text();
    expect(await text("/query")).toBe("bolt /query");
    expect(await text("/t/acme/ws")).toBe("acme /t/acme/ws");
  });
});

describe("createWorkerHandler", () => {
  const headersFor = async (origin: any, from?: string) => {
    const handler = createWorkerHandler({ cors: { origin } });
    const init = from === undefined ? {} : { headers: { origin: from } };
    return (await ask(handler, "/x", init)).headers;
  };

  it("adds nothing without an Origin or for an unlisted one", async () => {
    expect((await headersFor("*")).get("access-control-allow-origin")).toBeNull();
    expect(
      (await headersFor(["http://a"], "http://b")).get("access-control-allow-origin"),
    ).toBeNull();
  });

  it("allows all, or echoes a listed origin and keeps what varies", async () => {
    expect((await headersFor("*", "http://a")).get("access-control-allow-origin")).toBe("*");
    const headers = await headersFor(["http://a", "http://b"], "http://b");
    expect(headers.get("access-control-allow-origin")).toBe("http://b");
    expect(headers.get("access-control-allow-credentials")).toBe("true");
    expect(headers.get("vary")).toBe("Accept, Origin");
    expect(headers.get("x-own")).toBe("1");
  });

  it("answers preflights itself", async () => {
    const handler = createWorkerHandler({ cors: { origin: "http://a" } });
    const answer = await ask(handler, "/x", { method: "OPTIONS", headers: { origin: "http://a" } });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-methods")).toContain("PATCH");
  });

  it("refuses an origin that is none", () => {
    expect(() => createWorkerHandler({ cors: { origin: 7 as any } })).toThrow(/cors\.origin/);
  });
});

it("createZerobackDO takes what the manifest exports", () => {
  expect(typeof createZerobackDO({ functions: {}, schema: {}, httpRouter: null })).toBe("function");
});
