import type { FunctionReference, OptionalArgs } from "../reference.js";
import type { GenericDataModel } from "./data_model.js";
import type { DatabaseReader, DatabaseWriter } from "./database.js";
import type { WebAbortSignal, WebBlob } from "./web.js";

/** What is known about a stored file. */
export interface StorageMetadata {
  storageId: string;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  contentType: string;
  /** In bytes. */
  size: number;
}

/** File storage of a query. */
export interface StorageReader {
  /**
   * Where the file can be downloaded; null if there is none. With `expiresIn` the link is signed and
   * good for that many seconds.
   */
  getUrl(storageId: string, options?: { readonly expiresIn?: number }): Promise<string | null>;
  getMetadata(storageId: string): Promise<StorageMetadata | null>;
}

/** File storage of a mutation. */
export interface StorageWriter extends StorageReader {
  /** An address that takes one upload. */
  generateUploadUrl(): Promise<string>;
  delete(storageId: string): Promise<void>;
}

/** File storage of an action. */
export interface StorageActions extends StorageWriter {
  store(file: WebBlob): Promise<string>;
}

type Callable = string | FunctionReference;

/** How a job that fails is run again. Without it a job runs at most once. */
export interface RetryOptions {
  /** Runs in all, the first included; 1 to 100. */
  attempts: number;
  /** The pause before the second run, which doubles with each further one. Default: 1000. */
  initialBackoffMs?: number;
  /** The longest pause. Default: one hour. */
  maxBackoffMs?: number;
}

export interface ScheduleOptions {
  retry?: RetryOptions;
}

/** Calls functions later. In a mutation it is part of the transaction. */
export interface Scheduler {
  /** Returns the id of the job. */
  runAfter(
    delayMs: number,
    fn: Callable,
    args?: unknown,
    options?: ScheduleOptions,
  ): Promise<string>;
  /** `timestamp` is in milliseconds since 1970. Returns the id of the job. */
  runAt(
    timestamp: number,
    fn: Callable,
    args?: unknown,
    options?: ScheduleOptions,
  ): Promise<string>;
  /** Nothing happens if the job is unknown or has started. */
  cancel(jobId: string): Promise<void>;
}

/** Who is calling, as far as the server has verified it. */
export interface UserIdentity {
  /** The stable name of the user at the issuer. */
  readonly subject?: string;
  readonly [claim: string]: unknown;
}

interface BaseCtx {
  readonly auth: {
    /** The caller's verified claims; null for anonymous callers. */
    getUserIdentity(): Promise<UserIdentity | null>;
  };
  /** Milliseconds since 1970 when this call began; it stands still during the call. */
  readonly now: number;
}

/** What a query handler gets. It only reads, and gets the same answer when it runs again. */
export interface QueryCtx<DataModel extends GenericDataModel = GenericDataModel> extends BaseCtx {
  readonly db: DatabaseReader<DataModel>;
  readonly storage: StorageReader;
}

/** What a mutation handler gets: one transaction. */
export interface MutationCtx<
  DataModel extends GenericDataModel = GenericDataModel,
> extends BaseCtx {
  readonly db: DatabaseWriter<DataModel>;
  readonly storage: StorageWriter;
  readonly scheduler: Scheduler;
}

/** Calls another function and waits for it; internal ones too. */
export interface RunFunction<Kind extends "query" | "mutation" | "action"> {
  <Args, Return>(
    fn: FunctionReference<Kind, Args, Return>,
    ...args: OptionalArgs<Args>
  ): Promise<Return>;
  (name: string, args?: Record<string, unknown>): Promise<any>;
}

/** What an action or HTTP action gets: the outside world, and the database through functions. */
export interface ActionCtx<_DataModel extends GenericDataModel = GenericDataModel> extends BaseCtx {
  readonly runQuery: RunFunction<"query">;
  readonly runMutation: RunFunction<"mutation">;
  readonly runAction: RunFunction<"action">;
  readonly scheduler: Scheduler;
  readonly storage: StorageActions;
  /** Aborts when the caller has gone or the time is up: `fetch(url, { signal: ctx.signal })`. */
  readonly signal: WebAbortSignal;
}
