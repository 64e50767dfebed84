import { functionName } from "./reference.js";
import type { FunctionReference } from "./reference.js";
import type { Scheduler, UserIdentity } from "./types/context.js";

/** A client of one model as `_generated/models.d.ts` declares it. */
type AnyModel = object;

/** The rows of a model. */
export type RowOf<Model> = Model extends { findMany(...args: any[]): Promise<(infer Row)[]> }
  ? Row
  : any;
/** What `create` takes as its data. */
export type CreateOf<Model> = Model extends {
  createMany(args: { data: (infer Create)[] }): Promise<unknown>;
}
  ? Create
  : any;

type AtOnce<Method> = Method extends (...args: infer Args) => Promise<infer Result>
  ? (...args: Args) => Result
  : Method;

/** The methods of a model as hooks have them: they answer at once. */
export type ModelAtOnce<Model> = {
  [Name in keyof Model]: Name extends "create"
    ? (args: {
        data: CreateOf<Model>;
        include?: Record<string, unknown>;
        select?: Record<string, unknown> | false;
      }) => RowOf<Model>
    : AtOnce<Model[Name]>;
};

type Documents = { get(id: string): any };
type WritableDocuments = Documents & {
  insert(table: string, document: Record<string, unknown>): string;
  patch(id: string, fields: Record<string, unknown>): void;
  replace(id: string, document: Record<string, unknown>): void;
  delete(id: string): void;
};

/** On whose behalf the call is made, and the database, which answers at once: without `await`. */
export interface ModelContext<Models = any> {
  /** The caller's verified claims, with the subject as `id`; null for anonymous callers. */
  readonly auth: (UserIdentity & { readonly id?: string }) | null;
  /** An administrator calls, beside the rules for users. */
  readonly isSystem: boolean;
  /** Milliseconds since 1970 when the call began. */
  readonly now: number;
  readonly db: Documents & { readonly [Name in keyof Models]: ModelAtOnce<Models[Name]> };
}

/** What hooks get. Around reads of queries `db` only reads, and there is no scheduler. */
export interface HookCtx<Models = any> extends Omit<ModelContext<Models>, "db"> {
  readonly db: WritableDocuments & {
    readonly [Name in keyof Models]: ModelAtOnce<Models[Name]>;
  };
  readonly scheduler: Scheduler;
}

/** What a hook is told. */
export interface ModelHook {
  readonly model: string;
  readonly operation: string;
  /** May be changed by hooks that run before. */
  args: Record<string, any>;
  /** Of hooks that run after; may be replaced. */
  result?: any;
  /** The declaration of the model in the schema. */
  readonly schema: any;
}
/**
 * Before: what is returned is merged into the arguments. After: `{ result }` replaces the result.
 * Whatever throws undoes the write.
 */
export type ModelHookFunction<Models = any> = (ctx: HookCtx<Models>, hook: ModelHook) => unknown;

export type HookName =
  | "create"
  | "createMany"
  | "update"
  | "updateMany"
  | "upsertMany"
  | "remove"
  | "removeMany"
  | "delete"
  | "deleteMany"
  | "restore"
  | "findMany"
  | "findFirst"
  | "findUnique"
  | "findManyCursor"
  | "count"
  | "exists"
  | "search"
  | "setters"
  | "getters"
  | "all";

type OneOrMany<T> = T | readonly T[];
export interface ModelHooks<Models = any> {
  readonly before?: { readonly [Name in HookName]?: OneOrMany<ModelHookFunction<Models>> };
  readonly after?: { readonly [Name in HookName]?: OneOrMany<ModelHookFunction<Models>> };
}

export type EventName = "create" | "update" | "remove" | "transition" | "change";
/** Mutations or actions that run once the write has been committed; by reference or name. */
export type ModelEvents = {
  readonly [Name in EventName]?: OneOrMany<FunctionReference | string>;
};

/** A rule for data that is about to be written; `false` breaks it. */
export interface ModelRule<Model = any, Readable = any> {
  check(data: Partial<CreateOf<Model>>, ctx: ModelContext<Readable>): unknown;
  readonly message?: string;
  readonly path?: readonly string[];
}

/** What functions add to one model. None of them may return a promise. */
export interface FunctionsOfModel<Model = any, Models = any, Readable = any> {
  /** Fields that are computed for every row that is shown. */
  readonly computed?: Readonly<
    Record<string, (row: RowOf<Model>, ctx: ModelContext<Readable>) => unknown>
  >;
  /** Values for fields that the data of a new row does not mention. */
  readonly defaults?: {
    readonly [Field in keyof CreateOf<Model>]?: (
      data: Partial<CreateOf<Model>>,
      ctx: ModelContext<Readable>,
    ) => unknown;
  };
  readonly validate?: readonly ModelRule<Model, Readable>[];
  readonly hooks?: ModelHooks<Models>;
  readonly events?: ModelEvents;
}

export interface FunctionsOfAll<Models = any> {
  readonly hooks?: ModelHooks<Models>;
  readonly events?: ModelEvents;
}

/** The default export of `models.ts`. */
export interface ModelFunctions {
  readonly _isModelFunctions: true;
  readonly models: Readonly<Record<string, FunctionsOfModel>>;
  readonly every: FunctionsOfAll;
}

/** `Readable`: the models with the methods that read. */
export type DefineModels<Models, Readable = Models> = (
  models: { readonly [Name in keyof Models]?: FunctionsOfModel<Models[Name], Models, Readable> },
  every?: FunctionsOfAll<Models>,
) => ModelFunctions;

const MODEL_PARTS: ReadonlySet<string> = new Set([
  "computed",
  "defaults",
  "validate",
  "hooks",
  "events",
]);
const SHARED_PARTS: ReadonlySet<string> = new Set(["hooks", "events"]);

/**
 * Adds functions to the models of `schema.lite`: the default export of a root file such as
 * `models.ts`. `every` holds hooks and events for all models. They run inside the transaction of
 * whoever writes: functions, `/orm/mutate`, documents. Errors: what is no function, or misspelt.
 */
export function defineModels(
  models: Readonly<Record<string, AnyModel>>,
  every: FunctionsOfAll = {},
): ModelFunctions {
  for (const [name, own] of Object.entries(models)) checkParts(own, name, MODEL_PARTS);
  checkParts(every, "every", SHARED_PARTS);
  return { _isModelFunctions: true, models, every };
}

function checkParts(own: FunctionsOfModel, name: string, known: ReadonlySet<string>): void {
  const place = `defineModels: ${name}`;
  if (typeof own !== "object" || own === null) throw new TypeError(`${place} must be an object`);
  for (const part of Object.keys(own)) {
    if (!known.has(part))
      throw new TypeError(`${place}.${part} is unknown; there are ${[...known].join(", ")}`);
  }
  for (const part of ["computed", "defaults"] as const)
    checkFunctions(own[part], `${place}.${part}`);
  for (const when of Object.keys(own.hooks ?? {})) {
    if (when !== "before" && when !== "after")
      throw new TypeError(`${place}.hooks.${when} is unknown; there are before and after`);
    checkFunctions(own.hooks?.[when], `${place}.hooks.${when}`);
  }
  for (const [index, rule] of (own.validate ?? []).entries()) {
    if (typeof rule?.check !== "function")
      throw new TypeError(`${place}.validate[${index}] needs a function check`);
  }
  for (const [event, listeners] of Object.entries(own.events ?? {}))
    for (const listener of listOf(listeners)) functionName(listener, `${place}.events.${event}`);
}

function checkFunctions(functions: object | undefined, place: string): void {
  for (const [name, value] of Object.entries(functions ?? {})) {
    for (const one of listOf(value)) {
      if (typeof one !== "function") throw new TypeError(`${place}.${name} must be a function`);
    }
  }
}

function listOf(value: unknown): readonly any[] {
  return Array.isArray(value) ? value : [value];
}
