import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { expect, it } from "vitest";

// The server evaluates the built file in a bare V8 whose intrinsics are frozen. There, assigning
// to a name that a frozen prototype has throws, and neither Node's nor the web's globals exist.
const file = fileURLToPath(new URL("../dist/index.js", import.meta.url));

const freezeIntrinsics = `
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value = globalThis[name];
    if (typeof value !== "function" && typeof value !== "object" || value === null) continue;
    if (value === globalThis) continue;
    Object.freeze(value);
    if (value.prototype) Object.freeze(value.prototype);
  }
`;

const useEverything = `
  const schema = defineSchema({ t: defineTable({ a: v.optional(v.string()) }).index("by_a", ["a"]) });
  const error = new LunoraError("CONFLICT", "m", { cause: 1, data: 2, name: "Mine" });
  let refused;
  try { v.object({ a: v.string() }).parse({ a: 1 }); } catch (e) { refused = e.name + ": " + e.message; }
  const crons = cronJobs();
  crons.daily("d", "a:b");
  const router = httpRouter().route({ path: "/", method: "GET", handler: httpAction(() => 1) });
  const fn = createQueryFactory()
    .use(async ({ next }) => next({ ctx: { extra: 1 } }))
    .query(({ ctx }) => ctx.extra);
  fn.handler(Object.freeze({}), {}).then((value) => done(JSON.stringify({
    schema, refused, value, error: [error.name, error.status], jobs: crons.jobs.length,
    routes: router.routes.length,
  })));
`;

it("is one file without imports that works under frozen intrinsics", async () => {
  const source = readFileSync(file, "utf8");
  expect(source).not.toMatch(/^import /m);
  const exports = /export \{([^}]*)\};/.exec(source);
  expect(exports).not.toBeNull();
  const script = source.replace(exports![0], "") + useEverything;
  const result = await new Promise<string>((done) => {
    const context = createContext({ done });
    new Script(freezeIntrinsics).runInContext(context);
    new Script(`"use strict"; { ${script} }`).runInContext(context);
  });
  expect(JSON.parse(result)).toEqual({
    schema: {
      tables: {
        t: {
          fields: { a: { type: "optional", value: { type: "string" } } },
          indexes: [{ name: "by_a", fields: ["a"] }],
        },
      },
    },
    refused: "ValidationError: Expected string, got number",
    value: 1,
    error: ["Mine", 409],
    jobs: 1,
    routes: 1,
  });
});
