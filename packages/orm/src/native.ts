// Moonstone. Licence: see LICENSE.
//
// The addon: where it lies, and what it can do. One instance per thread of JavaScript.
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Exchange } from "./exchange.js";
import { type ErrorParts, makeError } from "./errors.js";

/** What the addon exports. Everything goes through `invoke`; see bindings/node/addon.h. */
export interface NativeAddon {
  invoke(text?: string): string | undefined;
  /** The shared buffer, made larger first if it has fewer slots. */
  buffer(slots?: number): ArrayBuffer;
  setHost(callback: (text: string | undefined) => string | undefined): void;
}

/** Operations of the addon: bindings/node/operations.h has the same numbers. */
export enum Operation {
  Parse = 1,
  TypeScript = 3,
  JsonSchema = 4,
  LiteSchema = 5,
  Open = 6,
  Close = 7,
  Call = 9,
  Query = 10,
  Begin = 11,
  Commit = 12,
  Rollback = 13,
  Mark = 14,
  RollbackTo = 15,
  Release = 16,
  RawOpen = 17,
  RawClose = 18,
  RawExec = 19,
  RawQuery = 20,
  RawRun = 21,
  Observe = 22,
  MigrationCreate = 24,
  MigrationStart = 25,
  MigrationStatus = 26,
  MigrationVerify = 27,
  AutoMigrate = 28,
  TurnSql = 29,
  MigrationNext = 30,
  MigrationFinish = 31,
  Describe = 32,
  CachedPlans = 33,
  RawBackup = 34,
}

function places(): string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  const name = "moonstone_orm.node";
  const root = join(here, "..", "..", "..");
  const given = process.env["MOONSTONE_ORM_ADDON"];
  return [
    ...(given === undefined || given === "" ? [] : [given]),
    // In a checkout what was built last counts; an installed package has but the last two.
    join(root, "build", "release", "lib", name),
    join(root, "build", "dev", "lib", name),
    join(root, "build", "asan", "lib", name),
    join(here, "..", "prebuilds", `${process.platform}-${process.arch}`, name),
    join(here, "..", "prebuilds", name),
  ];
}

function load(): NativeAddon {
  const path = places().find((place) => existsSync(place));
  if (path === undefined) {
    throw new Error(
      `@moonstone/orm has no addon for ${process.platform}-${process.arch}: build the target ` +
        "moonstone_orm, or set MOONSTONE_ORM_ADDON to the file moonstone_orm.node",
    );
  }
  const holder = { exports: {} as NativeAddon };
  // Node has libraries of its own (OpenSSL, SQLite): the addon must see those it was built with.
  const { RTLD_NOW, RTLD_DEEPBIND } = constants.dlopen;
  if (RTLD_DEEPBIND !== undefined && process.versions["bun"] === undefined) {
    process.dlopen(holder, path, (RTLD_NOW ?? 2) | RTLD_DEEPBIND);
  } else {
    process.dlopen(holder, path);
  }
  return holder.exports;
}

/** The addon with the buffer that goes with it. */
export interface Native {
  readonly addon: NativeAddon;
  readonly exchange: Exchange;
}

/** What a function of the application has thrown inside a call; the call throws it again. */
export interface HostFailure {
  error: unknown;
}

let instance: Native | undefined;
let running = false;
let hostFailure: HostFailure | undefined;
let hostFunction: ((exchange: Exchange) => void) | undefined;

/** The addon of this thread, loaded when it is first needed. Throws if there is none. */
export function native(): Native {
  if (instance !== undefined) return instance;
  const addon = load();
  const exchange = new Exchange(addon);
  addon.setHost((text) => answerHost(exchange, text));
  instance = { addon, exchange };
  return instance;
}

/** Says what answers the addon when it asks the application (hooks, checks, observers). */
export function setHostFunction(answer: (exchange: Exchange) => void): void {
  hostFunction = answer;
}

function answerHost(exchange: Exchange, text: string | undefined): string | undefined {
  exchange.open(text);
  try {
    hostFunction?.(exchange);
    exchange.header(0, 0);
    return exchange.finish();
  } catch (error) {
    exchange.abandon();
    hostFailure = { error };
    exchange.begin(1);
    return exchange.finish();
  }
}

/** Whether a call is inside the addon, so that another one must wait for its turn. */
export function isRunning(): boolean {
  return running;
}

/**
 * One operation: `write` puts the operands into the buffer, `read` takes the answer out. Neither may
 * call it again.
 */
export function operate<T>(
  write: (exchange: Exchange) => void,
  read: (exchange: Exchange) => T,
): T {
  const { addon, exchange } = native();
  if (running) throw new Error("a call inside a hook, check or observer must be awaited after it");
  running = true;
  try {
    try {
      write(exchange);
    } catch (error) {
      exchange.abandon();
      throw error;
    }
    if (exchange.open(addon.invoke(exchange.finish())) === 1) throw failureOf(exchange);
    return read(exchange);
  } finally {
    running = false;
  }
}

function failureOf(exchange: Exchange): unknown {
  const message = exchange.read() as string;
  const reason = exchange.read() as string;
  const code = exchange.read() as string;
  const details = exchange.read() as ErrorParts["details"];
  if (reason === "host_exception" && hostFailure !== undefined) {
    const { error } = hostFailure;
    hostFailure = undefined;
    return error;
  }
  return makeError({ message, reason, code, details });
}
