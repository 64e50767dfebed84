import type { MaybePromise, RegisteredFunction } from "./functions.js";
import type { FunctionKind } from "./reference.js";
import { fieldsToJSON, jsonOf } from "./validators.js";
import type { AnyValidator, Flatten, Infer, InferFields, ValidatorMap } from "./validators.js";

declare const extension: unique symbol;

/** What `next()` resolves to; a middleware hands it back unopened. */
export interface MiddlewareResult<Extension> {
  readonly [extension]?: Extension;
}

/** Calls what comes after the middleware; at most once. */
export interface MiddlewareNext {
  (): Promise<MiddlewareResult<{}>>;
  <Extension extends object>(options: { ctx: Extension }): Promise<MiddlewareResult<Extension>>;
}

/**
 * Runs around a handler: `({ ctx, next }) => next({ ctx: { user } })`. What `next` is given is
 * merged over the context that everything further in sees. It may throw instead.
 */
export type Middleware<Ctx, Extension> = (options: {
  ctx: Ctx & MetaCtx;
  next: MiddlewareNext;
}) => Promise<MiddlewareResult<Extension>>;

interface MetaCtx {
  /** What `.meta(…)` was given, merged. */
  readonly meta: Readonly<Record<string, unknown>>;
}

/**
 * Builds a function step by step; immutable, so that a part of a chain can be kept and reused.
 * Order at run time: arguments are checked, middleware runs outermost first, then the handler,
 * then the result is checked; a result that does not fit is the server's fault.
 */
export type Builder<
  Kind extends FunctionKind,
  Ctx,
  Args,
  Returns extends AnyValidator | undefined = undefined,
> = {
  /** Adds arguments; of two with one name the later one counts. */
  input<More extends ValidatorMap>(
    args: More,
  ): Builder<Kind, Ctx, Flatten<Omit<Args, keyof More> & InferFields<More>>, Returns>;
  /** Adds a middleware inside those before it. */
  use<Extension>(
    middleware: Middleware<Ctx, Extension>,
  ): Builder<Kind, Flatten<Omit<Ctx, keyof Extension> & Extension>, Args, Returns>;
  /** Declares the result; undeclared keys are refused. */
  output<Output extends AnyValidator>(validator: Output): Builder<Kind, Ctx, Args, Output>;
  /** Merges facts about the function, which middleware reads as `ctx.meta`. */
  meta(facts: Record<string, unknown>): Builder<Kind, Ctx, Args, Returns>;
} & {
  [Terminal in Kind]: [Returns] extends [AnyValidator]
    ? (
        handler: (options: { ctx: Ctx; args: Args }) => MaybePromise<Infer<Returns>>,
      ) => RegisteredFunction<Kind, Args, Infer<Returns>>
    : <Result>(
        handler: (options: { ctx: Ctx; args: Args }) => Result,
      ) => RegisteredFunction<Kind, Args, Awaited<Result>>;
};

type Handler = (options: { ctx: object; args: unknown }) => unknown;
type AnyMiddleware = Middleware<object, unknown>;

interface Chain {
  readonly args: ValidatorMap | undefined;
  readonly returns: AnyValidator | undefined;
  readonly middleware: readonly AnyMiddleware[];
  readonly meta: Readonly<Record<string, unknown>> | undefined;
}

const EMPTY_CHAIN: Chain = { args: undefined, returns: undefined, middleware: [], meta: undefined };

/** The chainable methods of a factory; `word` is its name in error texts. */
export function makeBuilder(kind: FunctionKind, isInternal: boolean, word: string): object {
  const step = (chain: Chain): object => ({
    input: (more: ValidatorMap) => {
      fieldsToJSON(more, `${word}.input`);
      return step({ ...chain, args: { ...chain.args, ...more } });
    },
    use: (middleware: AnyMiddleware) => {
      requireFunction(middleware, `${word}.use`);
      return step({ ...chain, middleware: [...chain.middleware, middleware] });
    },
    output: (returns: AnyValidator) => {
      jsonOf(returns, `the argument of ${word}.output`);
      return step({ ...chain, returns });
    },
    meta: (facts: Record<string, unknown>) => step({ ...chain, meta: { ...chain.meta, ...facts } }),
    [kind]: (handler: Handler) => {
      requireFunction(handler, `${word}.${kind}`);
      return register(kind, isInternal, chain, handler);
    },
  });
  return step(EMPTY_CHAIN);
}

function requireFunction(value: unknown, place: string): void {
  if (typeof value === "function") return;
  throw new Error(`${place} needs a function (got ${typeof value})`);
}

function register(
  kind: FunctionKind,
  isInternal: boolean,
  chain: Chain,
  handler: Handler,
): RegisteredFunction<FunctionKind, unknown, unknown> {
  const { args, returns, middleware, meta } = chain;
  const plain = (ctx: object, given: unknown): unknown => handler({ ctx, args: given });
  const wrapped = async (ctx: object, given: unknown): Promise<unknown> => {
    const outcome = await run(middleware, extend(ctx, { meta: meta ?? {} }), given, handler);
    return outcome.value;
  };
  return {
    _type: kind,
    _isInternal: isInternal,
    _argsValidator: args,
    _returnsValidator: returns,
    ...(meta === undefined ? {} : { meta }),
    handler: middleware.length === 0 ? plain : wrapped,
  };
}

/** The value inside a MiddlewareResult; a class of its own so that a forgery is noticed. */
class Outcome {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

async function run(
  middleware: readonly AnyMiddleware[],
  ctx: object,
  args: unknown,
  handler: Handler,
): Promise<Outcome> {
  const [first, ...rest] = middleware;
  if (first === undefined) return new Outcome(await handler({ ctx, args }));
  let outcome: Promise<Outcome> | undefined;
  const next = (options?: { ctx: object }): Promise<Outcome> => {
    if (outcome !== undefined) throw new Error("next() was called twice by one middleware");
    const inner = options?.ctx === undefined ? ctx : extend(ctx, options.ctx);
    outcome = run(rest, inner, args, handler);
    return outcome;
  };
  const returned: unknown = await first({
    ctx: ctx as { meta: Record<string, unknown> },
    next: next as unknown as MiddlewareNext,
  });
  if (outcome === undefined) throw new Error("A middleware returned without calling next()");
  const result = await outcome;
  if (returned !== result) throw new Error("A middleware must return the result of next()");
  return result;
}

// Copies descriptors, not values: the server may fill parts of a context only when they are read,
// and a context may be frozen.
function extend(ctx: object, extension: object): object {
  return Object.create(Object.getPrototypeOf(ctx) as object | null, {
    ...Object.getOwnPropertyDescriptors(ctx),
    ...Object.getOwnPropertyDescriptors(extension),
  }) as object;
}
