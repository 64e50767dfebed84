/** What can be said about an error besides its code and message. */
export interface LunoraErrorOptions {
  cause?: unknown;
  /** Sent to the caller as it is; keep secrets out of it. */
  data?: unknown;
  docsUrl?: string;
  hint?: string;
  location?: unknown;
  name?: string;
  /** HTTP status; without it the one that belongs to the code, else 500. */
  status?: number;
  title?: string;
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = statusTable({
  400:
    "BAD_REQUEST VALIDATION_ERROR NOT_UNIQUE BATCH_LIMIT_EXCEEDED BAD_SUBSCRIPTION_ARGS " +
    "INVALID_INPUT BAD_ROW MIGRATION_ID_REQUIRED",
  401: "UNAUTHORIZED UNAUTHENTICATED TOKEN_EXPIRED",
  403: "FORBIDDEN FORBIDDEN_SHARD FORBIDDEN_FANOUT FORBIDDEN_ORIGIN RLS_REQUIRED ADMIN_FORBIDDEN",
  404:
    "NOT_FOUND FUNCTION_NOT_FOUND UNKNOWN_TABLE UNKNOWN_COLUMN MIGRATION_NOT_FOUND " +
    "SHAPE_NOT_FOUND UNKNOWN_ADMIN_OP",
  405: "METHOD_NOT_ALLOWED",
  409: "CONFLICT OUT_OF_ORDER OFFLINE_IDENTITY_CHANGED",
  413: "PAYLOAD_TOO_LARGE TRANSACTION_LIMIT_EXCEEDED",
  422: "UNPROCESSABLE",
  429: "TOO_MANY_REQUESTS RATE_LIMITED TOO_MANY_SUBSCRIPTIONS TOO_MANY_STREAMS",
  501: "NOT_IMPLEMENTED",
  503: "SERVICE_UNAVAILABLE",
});

const DEFAULT_STATUS = 500;

function statusTable(codesByStatus: Record<number, string>): Record<string, number> {
  const table: Record<string, number> = {};
  for (const [status, codes] of Object.entries(codesByStatus)) {
    for (const code of codes.split(" ")) table[code] = Number(status);
  }
  return table;
}

/**
 * An error that a function throws on purpose: the caller sees its code, message and data.
 *
 * Recognised by its shape (an Error with this `type`, a text `code` and a numeric `status`), so
 * that two copies of the package in one bundle understand each other.
 */
export class LunoraError extends Error {
  readonly type: string = "VisulimaError";
  readonly code: string;
  readonly status: number;
  declare readonly title?: string;
  declare readonly hint?: string;
  declare readonly docsUrl?: string;
  declare readonly data?: unknown;
  declare readonly loc?: unknown;

  constructor(code: string, message?: string, options: LunoraErrorOptions = {}) {
    super(message ?? code);
    this.code = code;
    this.status = options.status ?? STATUS_OF_CODE[code] ?? DEFAULT_STATUS;
    setName(this, options.name ?? "LunoraError");
    const { cause, title, hint, docsUrl, data, location } = options;
    const extras = { cause, title, hint, docsUrl, data, loc: location };
    for (const [key, value] of Object.entries(extras)) {
      if (value !== undefined) define(this, key, value);
    }
  }
}

/** A value that does not fit its validator. `path` leads to the place, outermost key first. */
export class ValidationError extends Error {
  readonly path: ReadonlyArray<string | number>;
  readonly expected: string;
  readonly received: string;

  constructor(
    message: string,
    details: { path: ReadonlyArray<string | number>; expected: string; received: string },
  ) {
    super(message);
    this.path = details.path;
    this.expected = details.expected;
    this.received = details.received;
    setName(this, "ValidationError");
  }
}

// Inside the server the intrinsics are frozen: assigning `error.name` would fail there because
// Error.prototype.name is then read-only, defining it does not.
function setName(error: Error, name: string): void {
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
}
