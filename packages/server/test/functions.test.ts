import { describe, expect, it } from "vitest";
import {
  createInternalMutationFactory,
  createQueryFactory,
  initLunora,
  v,
} from "@moonstone/server";
import type { Middleware } from "@moonstone/server";

const query = createQueryFactory();
const { mutation, action, internalAction, internalQuery } = initLunora
  .dataModel<Record<string, any>>()
  .create();

describe("a registration", () => {
  it("has the members that the server looks for", async () => {
    const args = { a: v.string() };
    const returns = v.string();
    const fn = query({ args, returns, handler: (ctx, given) => `${typeof ctx} ${given.a}` });
    expect(fn).toStrictEqual({
      _type: "query",
      _isInternal: false,
      _argsValidator: args,
      _returnsValidator: returns,
      handler: expect.any(Function),
    });
    expect(await fn.handler({}, { a: "x" })).toBe("object x");
  });

  it("knows its kind and visibility", () => {
    const internalMutation = createInternalMutationFactory();
    const config = { args: {}, handler: () => null };
    const kinds = [mutation, action, internalQuery, internalMutation, internalAction].map(
      (make) => {
        const { _type, _isInternal } = make(config);
        return [_type, _isInternal];
      },
    );
    expect(kinds).toEqual([
      ["mutation", false],
      ["action", false],
      ["query", true],
      ["mutation", true],
      ["action", true],
    ]);
  });

  it("is refused with the place when it is wrong", () => {
    expect(() => query({ args: {} } as never)).toThrow("query(…) needs { args, handler }");
    expect(() => internalAction((() => 1) as never)).toThrow("internalAction(…) needs");
    expect(() => query({ args: { a: v.string as never }, handler: () => 1 })).toThrow(
      'query: args, field "a", is not a validator',
    );
    expect(() => query({ args: {}, returns: 1 as never, handler: () => 1 })).toThrow(
      "query: returns is not a validator",
    );
    expect(() => query.input({ a: 1 as never })).toThrow('query.input, field "a",');
    expect(() => query.query("x" as never)).toThrow("query.query needs a function");
  });
});

describe("the builder", () => {
  it("merges inputs, later ones winning, and keeps meta and output", async () => {
    const output = v.string();
    const late = v.boolean();
    const fn = mutation
      .input({ a: v.string(), b: v.number() })
      .input({ b: late })
      .meta({ role: "admin", tier: 1 })
      .meta({ tier: 2 })
      .output(output)
      .mutation(({ args }) => args.a);
    expect(fn._type).toBe("mutation");
    expect(Object.keys(fn._argsValidator!)).toEqual(["a", "b"]);
    expect(fn._argsValidator!["b"]).toBe(late);
    expect(fn._returnsValidator).toBe(output);
    expect(fn.meta).toEqual({ role: "admin", tier: 2 });
    expect(await fn.handler({}, { a: "x", b: true })).toBe("x");
  });

  it("is immutable", () => {
    const base = query.input({ a: v.string() });
    base.input({ b: v.string() }).meta({ x: 1 }).output(v.null());
    const fn = base.query(() => 1);
    expect(Object.keys(fn._argsValidator!)).toEqual(["a"]);
    expect(fn._returnsValidator).toBeUndefined();
    expect("meta" in fn).toBe(false);
    expect(query.query(() => 1)._argsValidator).toBeUndefined();
  });

  it("runs middleware outermost first and merges what next() is given", async () => {
    const log: string[] = [];
    const trace =
      (name: string): Middleware<object, object> =>
      async ({ ctx, next }) => {
        log.push(`${name} in ${Object.keys(ctx).join()}`);
        const result = await next({ ctx: { [name]: true } });
        log.push(`${name} out`);
        return result;
      };
    const fn = query
      .use(trace("outer"))
      .use(trace("inner"))
      .use(async ({ next }) => next())
      .query(({ ctx }) => {
        log.push(`handler ${Object.keys(ctx).join()}`);
        return "done";
      });
    expect(await fn.handler({ db: 1 }, {})).toBe("done");
    expect(log).toEqual([
      "outer in db,meta",
      "inner in db,meta,outer",
      "handler db,meta,outer,inner",
      "inner out",
      "outer out",
    ]);
  });

  it("shows meta to middleware and leaves the caller's context alone", async () => {
    const ctx = Object.freeze({ now: 1 });
    const fn = query
      .meta({ role: "admin" })
      .use(async ({ ctx: inner, next }) => next({ ctx: { now: 2, role: inner.meta["role"] } }))
      .query(({ ctx: inner }) => [inner.now, inner.role]);
    expect(await fn.handler(ctx, {})).toEqual([2, "admin"]);
    expect(ctx).toEqual({ now: 1 });
  });

  it("does not read the parts of a context that nobody asks for", async () => {
    let reads = 0;
    const ctx = Object.create(
      { inherited: () => "kept" },
      { lazy: { enumerable: true, get: () => ++reads } },
    ) as object;
    const fn = query
      .use(async ({ next }) => next({ ctx: { extra: 1 } }))
      .query(({ ctx: inner }) => (inner as unknown as { inherited(): string }).inherited());
    expect(await fn.handler(ctx, {})).toBe("kept");
    expect(reads).toBe(0);
  });

  it("lets middleware throw before the handler, and see its error", async () => {
    let ran = false;
    const guarded = query
      .use(async () => {
        throw new Error("forbidden");
      })
      .query(() => {
        ran = true;
      });
    await expect(guarded.handler({}, {})).rejects.toThrow("forbidden");
    expect(ran).toBe(false);
    const seen: string[] = [];
    const watched = query
      .use(async ({ next }) => {
        try {
          return await next();
        } catch (error) {
          seen.push((error as Error).message);
          throw error;
        }
      })
      .query(() => {
        throw new Error("inside");
      });
    await expect(watched.handler({}, {})).rejects.toThrow("inside");
    expect(seen).toEqual(["inside"]);
  });

  it("refuses next() twice, no next(), and a result of its own", async () => {
    const run = async (middleware: unknown): Promise<unknown> =>
      query
        .use(middleware as Middleware<object, object>)
        .query(() => 1)
        .handler({}, {});
    const twice: Middleware<object, object> = async ({ next }) => {
      await next();
      return next();
    };
    await expect(run(twice)).rejects.toThrow("next() was called twice");
    await expect(run(async () => undefined)).rejects.toThrow("without calling next()");
    const forger: Middleware<object, object> = async ({ next }) => {
      await next();
      return { value: 2 } as never;
    };
    await expect(run(forger)).rejects.toThrow("must return the result of next()");
  });
});
