// Moonstone. Licence: see LICENSE.
//
// The errors of calls, by class and with their properties (litestone.md 34).

/** One rule that data broke. */
export interface RuleFailure {
  path: string[];
  message: string;
}

type Properties = Record<string, unknown>;

/** What all errors of this package have in common: a name of their own, and properties. */
abstract class OrmError extends Error {
  /** Whether the same call may succeed if it is made again. */
  readonly retryable?: boolean;

  constructor(name: string, message: string, properties: Properties) {
    super(message);
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    Object.assign(this, properties);
  }
}

/** The data of a write breaks rules of the schema. `errors` has all of them. */
export class ValidationError extends OrmError {
  declare readonly errors: RuleFailure[];
  constructor(message: string, properties: Properties = {}) {
    super("ValidationError", message, { errors: [], ...properties });
  }
}

/** The caller may not do this. */
export class AccessDeniedError extends OrmError {
  declare readonly code: string;
  declare readonly model: string;
  declare readonly operation: string;
  constructor(message: string, properties: Properties = {}) {
    super("AccessDeniedError", message, { code: "ACCESS_DENIED", ...properties });
  }
}

/** No transition leads from the present state to the new one. */
export class TransitionViolationError extends OrmError {
  declare readonly model: string;
  declare readonly field: string;
  declare readonly from: string;
  declare readonly to: string;
  constructor(message: string, properties: Properties = {}) {
    super("TransitionViolationError", message, { retryable: false, ...properties });
  }
}

/** Somebody else changed the state meanwhile. */
export class TransitionConflictError extends OrmError {
  declare readonly model: string;
  declare readonly field: string;
  declare readonly expected: string;
  declare readonly to: string;
  constructor(message: string, properties: Properties = {}) {
    super("TransitionConflictError", message, { retryable: true, ...properties });
  }
}

/** The model has no transition of that name. */
export class TransitionNotFoundError extends OrmError {
  declare readonly model: string;
  declare readonly transition: string;
  constructor(message: string, properties: Properties = {}) {
    super("TransitionNotFoundError", message, { retryable: false, ...properties });
  }
}

/** Somebody else holds the lock, and it did not become free in time. */
export class LockNotAcquiredError extends OrmError {
  declare readonly key: string;
  declare readonly currentOwner: string | null;
  declare readonly expiresAt: Date | null;
  constructor(message: string, properties: Properties = {}) {
    super("LockNotAcquiredError", message, { retryable: true, ...properties });
  }
}

/** The lock belongs to somebody else by now. */
export class LockReleasedByOtherError extends OrmError {
  declare readonly key: string;
  declare readonly owner: string;
  constructor(message: string, properties: Properties = {}) {
    super("LockReleasedByOtherError", message, { retryable: false, ...properties });
  }
}

/** The lock was held longer than its time. */
export class LockExpiredError extends OrmError {
  declare readonly key: string;
  declare readonly owner: string;
  constructor(message: string, properties: Properties = {}) {
    super("LockExpiredError", message, { retryable: false, ...properties });
  }
}

/** The text of a schema holds a character that begins nothing. */
export class ParseError extends OrmError {
  constructor(message: string, properties: Properties = {}) {
    super("ParseError", message, properties);
  }
}

/** The database refused a statement. `code` is SQLite's name, `errno` its number. */
export class SQLiteError extends OrmError {
  declare readonly code: string;
  declare readonly errno?: number;
  constructor(message: string, properties: Properties = {}) {
    super("SQLiteError", message, properties);
  }
}

const CLASSES: Record<string, new (message: string, properties?: Properties) => Error> = {
  ValidationError,
  AccessDeniedError,
  TransitionViolationError,
  TransitionConflictError,
  TransitionNotFoundError,
  LockNotAcquiredError,
  LockReleasedByOtherError,
  LockExpiredError,
  ParseError,
  SQLiteError,
};

/** What the addon says about a failure. */
export interface ErrorParts {
  readonly message: string;
  readonly reason: string;
  readonly code: string;
  readonly details: unknown;
}

/** Reasons of the store that are SQLite's own refusals. */
const SQLITE_CODES: Record<string, string> = {
  unique: "SQLITE_CONSTRAINT_UNIQUE",
  not_null: "SQLITE_CONSTRAINT_NOTNULL",
  foreign_key: "SQLITE_CONSTRAINT_FOREIGNKEY",
  check: "SQLITE_CONSTRAINT_CHECK",
  type: "SQLITE_CONSTRAINT_DATATYPE",
  sql: "SQLITE_ERROR",
  search_syntax: "SQLITE_ERROR",
  busy: "SQLITE_BUSY",
};

/** The JavaScript error for a failure of the addon. */
export function makeError({ message, reason, code, details }: ErrorParts): Error {
  const { name, ...properties } = (
    typeof details === "object" && details !== null ? details : {}
  ) as Properties;
  const called = typeof name === "string" ? name : reason;
  const known = CLASSES[called];
  if (known !== undefined) return new known(message, properties);
  const sqlite = SQLITE_CODES[reason];
  if (sqlite !== undefined) return new SQLiteError(message, { code: sqlite, ...properties });
  const error = new Error(message);
  // "NOT_FOUND" and the like; else what the engine calls it.
  return Object.assign(error, { code: (reason || code).toUpperCase() }, properties);
}
