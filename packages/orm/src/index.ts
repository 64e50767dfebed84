// Moonstone. Licence: see LICENSE.
//
// The ORM of Moonstone in the process of a program.
export {
  type AnyTable,
  type Backup,
  type BackupOptions,
  type Client,
  type ClientMembers,
  createClient,
  type WalStatus,
} from "./client.js";
export type { DatabaseInfo } from "./databases.js";
export {
  AccessDeniedError,
  LockExpiredError,
  LockNotAcquiredError,
  LockReleasedByOtherError,
  ParseError,
  type RuleFailure,
  SQLiteError,
  TransitionConflictError,
  TransitionNotFoundError,
  TransitionViolationError,
  ValidationError,
} from "./errors.js";
export type { Row } from "./exchange.js";
export type { TransactionOptions } from "./gate.js";
export type { Lock, LockInfo, LockOptions, Locks } from "./locks.js";
export type {
  Access,
  ClientContext,
  ClientOptions,
  ComputedField,
  EventListener,
  Filter,
  Hook,
  HookContext,
  Hooks,
  ModelEvent,
  ModelFunctions,
  QueryEvent,
  QueryListener,
  Scope,
  ValidationRule,
  Where,
} from "./options.js";
export {
  apply,
  type AppliedMigrations,
  type AutoMigration,
  autoMigrate,
  create,
  type CreatedMigration,
  type CreateOptions,
  generateLiteSchema,
  type MigrationStatus,
  status,
  type Verification,
  verify,
} from "./migrations.js";
export { RawDatabase, type RawResult, type RawStatement } from "./raw.js";
export {
  generateJsonSchema,
  generateTypeScript,
  type JsonSchemaOptions,
  parse,
  parseFile,
  type ParseOptions,
  type ParseResult,
  type SchemaTree,
  type TypeScriptOptions,
} from "./schema.js";
export { sql, type SqlFragment } from "./sql.js";
