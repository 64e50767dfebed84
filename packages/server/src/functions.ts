import type { FunctionKind } from "./reference.js";
import type { GenericDataModel } from "./types/data_model.js";
import type { ActionCtx, MutationCtx, QueryCtx } from "./types/context.js";
import { fieldsToJSON, jsonOf } from "./validators.js";
import type { AnyValidator, Validator, InferFields, ValidatorMap } from "./validators.js";
import { makeBuilder } from "./builder.js";
import type { Builder } from "./builder.js";

/**
 * A function as the server finds it among the exports of a module: anything with `_type` and
 * `handler`. The server checks the arguments before it calls the handler and the result after.
 */
export interface RegisteredFunction<Kind extends FunctionKind, Args, Return> {
  readonly _type: Kind;
  readonly _isInternal: boolean;
  readonly _argsValidator: ValidatorMap | undefined;
  readonly _returnsValidator: AnyValidator | undefined;
  readonly meta?: Readonly<Record<string, unknown>>;
  /** For the compiler only. */
  readonly _args?: Args;
  /** For the compiler only. */
  readonly _returns?: Return;
  handler(ctx: any, args: any): MaybePromise<Return>;
}

/** A handler may be async or not. */
export type MaybePromise<T> = T | Promise<T>;

export type RegisteredQuery<Args, Return> = RegisteredFunction<"query", Args, Return>;
export type RegisteredMutation<Args, Return> = RegisteredFunction<"mutation", Args, Return>;
export type RegisteredAction<Args, Return> = RegisteredFunction<"action", Args, Return>;

/** `query({ args, returns?, handler })` and, as `query.input(…)…`, the builder. */
export type FunctionFactory<Kind extends FunctionKind, Ctx> = FunctionMaker<Kind, Ctx> &
  Builder<Kind, Ctx, {}>;

interface FunctionMaker<Kind extends FunctionKind, Ctx> {
  <Args extends ValidatorMap, Return, None extends NoValue>(config: {
    /** Checked before the handler runs. */
    args: Args;
    /** Checked after the handler ran, and the type of the result. */
    returns?: Validator<Return>;
    handler: (ctx: Ctx, args: InferFields<Args>) => MaybePromise<Return | None>;
  }): RegisteredFunction<Kind, InferFields<Args>, Return>;
}

declare const noValue: unique symbol;

/**
 * A value that nobody has. It makes the compiler take `Return` from `returns` if that is given
 * and only else from the handler: what is inferred through a union of two variables counts less.
 */
interface NoValue {
  readonly [noValue]: never;
}

export type QueryFactory<DataModel extends GenericDataModel> = FunctionFactory<
  "query",
  QueryCtx<DataModel>
>;
export type MutationFactory<DataModel extends GenericDataModel> = FunctionFactory<
  "mutation",
  MutationCtx<DataModel>
>;
export type ActionFactory<DataModel extends GenericDataModel> = FunctionFactory<
  "action",
  ActionCtx<DataModel>
>;

type Visibility = "public" | "internal";

interface Config {
  args?: ValidatorMap;
  returns?: AnyValidator;
  handler: (ctx: unknown, args: unknown) => unknown;
}

function makeFactory<Kind extends FunctionKind, Ctx>(
  kind: Kind,
  visibility: Visibility,
): FunctionFactory<Kind, Ctx> {
  const word =
    visibility === "internal" ? `internal${kind[0]!.toUpperCase()}${kind.slice(1)}` : kind;
  const factory = (config: Config): RegisteredFunction<Kind, unknown, unknown> => {
    if (typeof config?.handler !== "function") {
      throw new Error(`${word}(…) needs { args, handler }, where handler is a function`);
    }
    if (config.args !== undefined) fieldsToJSON(config.args, `${word}: args`);
    if (config.returns !== undefined) jsonOf(config.returns, `${word}: returns`);
    return {
      _type: kind,
      _isInternal: visibility === "internal",
      _argsValidator: config.args,
      _returnsValidator: config.returns,
      handler: config.handler,
    };
  };
  const builder = makeBuilder(kind, visibility === "internal", word);
  return Object.assign(factory, builder) as unknown as FunctionFactory<Kind, Ctx>;
}

/** Makes the `query` of a data model. */
export function createQueryFactory<
  DataModel extends GenericDataModel = GenericDataModel,
>(): QueryFactory<DataModel> {
  return makeFactory("query", "public");
}

/** Makes the `mutation` of a data model. */
export function createMutationFactory<
  DataModel extends GenericDataModel = GenericDataModel,
>(): MutationFactory<DataModel> {
  return makeFactory("mutation", "public");
}

/** Makes the `action` of a data model. */
export function createActionFactory<
  DataModel extends GenericDataModel = GenericDataModel,
>(): ActionFactory<DataModel> {
  return makeFactory("action", "public");
}

/** Makes the `internalQuery` of a data model: never callable by clients. */
export function createInternalQueryFactory<
  DataModel extends GenericDataModel = GenericDataModel,
>(): QueryFactory<DataModel> {
  return makeFactory("query", "internal");
}

/** Makes the `internalMutation` of a data model: never callable by clients. */
export function createInternalMutationFactory<
  DataModel extends GenericDataModel = GenericDataModel,
>(): MutationFactory<DataModel> {
  return makeFactory("mutation", "internal");
}

/** Makes the `internalAction` of a data model: never callable by clients. */
export function createInternalActionFactory<
  DataModel extends GenericDataModel = GenericDataModel,
>(): ActionFactory<DataModel> {
  return makeFactory("action", "internal");
}
