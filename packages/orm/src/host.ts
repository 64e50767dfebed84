// Moonstone. Licence: see LICENSE.
//
// What the application adds to a client: hooks, events, rules for data and observers. The addon
// asks for them around writes (bindings/node/host.h); around reads they are called from here.
import type { Exchange, Row } from "./exchange.js";
import { hookGroup, type Method } from "./methods.js";
import { setHostFunction } from "./native.js";
import type {
  ClientContext,
  ClientOptions,
  EventListener,
  Hook,
  HookContext,
  Hooks,
  ModelEvent,
  ModelFunctions,
  QueryEvent,
  QueryListener,
  ValidationRule,
} from "./options.js";
import type { Computed } from "./rows.js";
import type { ModelDeclaration } from "./schema.js";

const enum Question {
  Before = 1,
  After = 2,
  Check = 3,
  Observe = 4,
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The hooks for an operation: its own, those of its group, those of all. */
function hooksOf(hooks: Hooks | undefined, operation: string): readonly Hook[] {
  if (hooks === undefined) return [];
  const group = hookGroup(operation as Method);
  return [
    ...listOf(hooks[operation]),
    ...(group === undefined ? [] : listOf(hooks[group])),
    ...listOf(hooks["all"]),
  ];
}

/** A failure of what must not make a call fail. */
function warn(what: string, error: unknown): void {
  console.error(`@moonstone/orm: ${what} has thrown`, error);
}

const NOBODY: ClientContext = { auth: null, isSystem: false };

export class Host {
  readonly #hooks: NonNullable<ClientOptions["hooks"]>;
  readonly #listeners: NonNullable<ClientOptions["onEvent"]>;
  readonly #functions: Readonly<Record<string, ModelFunctions>>;
  readonly #models: ReadonlyMap<string, ModelDeclaration>;
  readonly #accessors: ReadonlyMap<string, string>;
  readonly #tables: ReadonlyMap<string, string>;
  readonly #computed = new Map<string, Computed | undefined>();
  readonly databases: readonly string[];
  readonly hasHooks: boolean;
  readonly taps: Set<QueryListener> = new Set();
  /** On whose behalf the call that runs is made. */
  context: ClientContext = NOBODY;

  constructor(
    options: Pick<ClientOptions, "hooks" | "onEvent" | "onQuery">,
    functions: Readonly<Record<string, ModelFunctions>>,
    schema: {
      readonly models: readonly ModelDeclaration[];
      readonly accessors: ReadonlyMap<string, string>;
      readonly tables: ReadonlyMap<string, string>;
      readonly databases: readonly string[];
    },
  ) {
    this.#hooks = options.hooks ?? {};
    const { before, after } = this.#hooks;
    this.hasHooks = Object.keys({ ...before, ...after }).length > 0;
    this.#listeners = options.onEvent ?? {};
    this.#functions = functions;
    this.#models = new Map(schema.models.map((model) => [model.name, model]));
    this.#accessors = schema.accessors;
    this.#tables = schema.tables;
    this.databases = schema.databases;
    if (options.onQuery !== undefined) this.taps.add(options.onQuery);
  }

  get hasListeners(): boolean {
    return Object.keys(this.#listeners).length > 0;
  }
  get hasComputed(): boolean {
    return [...this.#models.keys()].some((model) => this.computedOf(model) !== undefined);
  }

  #functionsOf(model: string): ModelFunctions | undefined {
    return this.#functions[model] ?? this.#functions[this.#accessors.get(model) ?? ""];
  }

  /** The computed fields of a model, which see the client's context. */
  computedOf(model: string): Computed | undefined {
    if (!this.#computed.has(model)) this.#computed.set(model, this.#makeComputed(model));
    return this.#computed.get(model);
  }

  #makeComputed(model: string): Computed | undefined {
    const functions = this.#functionsOf(model);
    if (functions === undefined) return undefined;
    const computed: Computed = {};
    for (const [field, compute] of Object.entries(functions)) {
      if (typeof compute === "function") computed[field] = (row) => compute(row, this.context);
    }
    return Object.keys(computed).length === 0 ? undefined : computed;
  }

  /** Models with rules for data. */
  get checkedModels(): string[] {
    return [...this.#models.keys()].filter((model) => this.#rulesOf(model).length > 0);
  }

  #rulesOf(model: string): readonly ValidationRule[] {
    const rules = this.#functionsOf(model)?.["$validate"];
    return Array.isArray(rules) ? (rules as readonly ValidationRule[]) : [];
  }

  // --- hooks -----------------------------------------------------------------------------------

  #hookContext(model: string, operation: string, args: Row): HookContext {
    return { model, operation, args, schema: this.#models.get(model) };
  }

  /** The arguments after all hooks that run before the operation. */
  before(model: string, operation: string, args: Row): Row {
    const hook = this.#hookContext(model, operation, args);
    for (const run of hooksOf(this.#hooks.before, operation)) {
      const merged = run(this.context, hook);
      if (isObject(merged)) hook.args = Object.assign(hook.args, merged);
    }
    return hook.args;
  }

  /** The result after all hooks that run after the operation. */
  after(model: string, operation: string, args: Row, result: unknown): unknown {
    const hook = this.#hookContext(model, operation, args);
    hook.result = result;
    for (const run of hooksOf(this.#hooks.after, operation)) {
      const replaced = run(this.context, hook);
      if (isObject(replaced) && "result" in replaced) hook.result = replaced["result"];
    }
    return hook.result;
  }

  check(model: string, data: Row): { path: string[]; message: string }[] {
    const failures: { path: string[]; message: string }[] = [];
    for (const rule of this.#rulesOf(model)) {
      const path = [...(rule.path ?? ["_model"])];
      try {
        const holds = rule.check(data);
        if (holds === false) failures.push({ path, message: rule.message ?? "Validation failed" });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        failures.push({ path, message: `Validator threw: ${why}` });
      }
    }
    return failures;
  }

  // --- events and observers --------------------------------------------------------------------

  /** Tells what happened; the commit has returned. */
  tell(
    model: string,
    operation: string,
    result: unknown,
    details: unknown,
    ctx: ClientContext,
  ): void {
    const event: ModelEvent = isObject(details)
      ? { model: this.#tables.get(model) ?? model, ...details, record: result }
      : { model, operation, result, schema: this.#models.get(model) };
    const kinds = [operation, "change"];
    for (const kind of kinds) {
      for (const listener of listOf<EventListener>(this.#listeners[kind])) {
        try {
          const told = listener(event, ctx);
          if (told instanceof Promise) told.catch((error) => warn("an event listener", error));
        } catch (error) {
          warn("an event listener", error);
        }
      }
    }
  }

  observe(event: QueryEvent): void {
    for (const tap of this.taps) {
      try {
        const told = tap(event);
        if (told instanceof Promise) told.catch(() => undefined);
      } catch {
        // Whoever watches cannot make a call fail.
      }
    }
  }
}

/** The hosts of this thread's clients, by the clients' numbers. */
const hosts = new Map<number, Host>();

export function addHost(client: number, host: Host): void {
  hosts.set(client, host);
}
export function removeHost(client: number): void {
  hosts.delete(client);
}

function answer(exchange: Exchange): void {
  const kind = exchange.slots[0] as Question;
  const host = hosts.get(exchange.slots[1] as number);
  const database = exchange.slots[2] as number;
  if (host === undefined) {
    exchange.begin(0);
    return;
  }
  if (kind === Question.Observe) observe(exchange, host, database);
  else if (kind === Question.Check) check(exchange, host);
  else runHooks(exchange, host, kind);
}

function runHooks(exchange: Exchange, host: Host, kind: Question): void {
  const model = exchange.read() as string;
  const operation = exchange.read() as string;
  exchange.read(); // who calls: the host knows the very object
  exchange.read();
  const args = (exchange.read() ?? {}) as Row;
  const result = exchange.read();
  const changed =
    kind === Question.Before
      ? host.before(model, operation, args)
      : host.after(model, operation, args, result);
  exchange.begin(0);
  exchange.write(true);
  exchange.write(changed);
}

function check(exchange: Exchange, host: Host): void {
  const model = exchange.read() as string;
  const failures = host.check(model, exchange.read() as Row);
  exchange.begin(0);
  exchange.write(failures);
}

const BULK: ReadonlySet<string> = new Set(["createMany", "upsertMany"]);

function observe(exchange: Exchange, host: Host, database: number): void {
  const model = exchange.read() as string;
  const operation = exchange.read() as string;
  const args = exchange.read();
  const sql = exchange.read() as string;
  const params = exchange.read() as unknown[];
  const duration = exchange.read() as number;
  const rowCount = exchange.read() as number;
  const auth = host.context.auth as { id?: unknown } | null | undefined;
  host.observe({
    model,
    database: host.databases[database] ?? "main",
    actorId: auth?.id ?? null,
    operation,
    args,
    sql,
    params: BULK.has(operation) ? null : params,
    duration,
    rowCount,
  });
  exchange.begin(0);
}

setHostFunction(answer);
