/**
 * The authoring package of Moonstone: what `schema.ts` and the function files import. It makes
 * plain registrations; `ctx` itself is the server's.
 */
export { v } from "./validators.js";
export type {
  AnyValidator,
  Infer,
  InferFields,
  ParseResult,
  Validator,
  ValidatorMap,
  Validators,
} from "./validators.js";
export {
  defineSchema,
  defineTable,
  schemaToJSON,
  SchemaDefinition,
  TableDefinition,
} from "./schema.js";
export type { DataModelFromSchema } from "./schema.js";
export type { IndexJSON, SchemaJSON, SearchIndexJSON, TableJSON, ValidatorJSON } from "./json.js";
export {
  createActionFactory,
  createInternalActionFactory,
  createInternalMutationFactory,
  createInternalQueryFactory,
  createMutationFactory,
  createQueryFactory,
} from "./functions.js";
export type {
  ActionFactory,
  FunctionFactory,
  MutationFactory,
  QueryFactory,
  RegisteredAction,
  RegisteredFunction,
  RegisteredMutation,
  RegisteredQuery,
} from "./functions.js";
export type { Builder, Middleware, MiddlewareNext, MiddlewareResult } from "./builder.js";
export { initLunora } from "./lunora.js";
export type { Factories } from "./lunora.js";
export { LunoraError, ValidationError } from "./errors.js";
export type { LunoraErrorOptions } from "./errors.js";
export { httpAction, httpRouter, HttpRouter } from "./http.js";
export type { HttpAction, HttpPrefixRoute, HttpRoute } from "./http.js";
export { defineModels } from "./models.js";
export type {
  CreateOf,
  DefineModels,
  EventName,
  FunctionsOfAll,
  FunctionsOfModel,
  HookCtx,
  HookName,
  ModelAtOnce,
  ModelContext,
  ModelEvents,
  ModelFunctions,
  ModelHook,
  ModelHookFunction,
  ModelHooks,
  ModelRule,
  RowOf,
} from "./models.js";
export { cronJobs, CronJobs } from "./crons.js";
export type { CronField, CronJob, CronSchedule, ParsedCron } from "./crons.js";
export type {
  ArgsOf,
  FunctionKind,
  FunctionReference,
  OptionalArgs,
  ReturnOf,
} from "./reference.js";
export type { Id } from "./id.js";
export type {
  FieldPath,
  FieldValue,
  GenericDataModel,
  IndexFields,
  IndexNames,
  InputOf,
  SearchFields,
  TableNames,
  WithIndexes,
  WithSearchIndexes,
  WithoutSystemFields,
} from "./types/data_model.js";
export type {
  DatabaseReader,
  DatabaseWriter,
  Direction,
  Expression,
  ExpressionOrValue,
  FilterBuilder,
  FilterExpression,
  IndexRangeBuilder,
  PaginationOptions,
  PaginationResult,
  PatchOf,
  QueryBuilder,
} from "./types/database.js";
export type {
  ActionCtx,
  MutationCtx,
  QueryCtx,
  RetryOptions,
  RunFunction,
  ScheduleOptions,
  Scheduler,
  StorageActions,
  StorageMetadata,
  StorageReader,
  StorageWriter,
  UserIdentity,
} from "./types/context.js";
