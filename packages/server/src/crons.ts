import { functionName } from "./reference.js";
import type { FunctionReference } from "./reference.js";

/** One field of a cron expression, read. */
export type CronField = { type: "any" } | { type: "values"; values: number[] };

export interface ParsedCron {
  minute: CronField;
  hour: CronField;
  dayOfMonth: CronField;
  month: CronField;
  dayOfWeek: CronField;
}

export type CronSchedule =
  { type: "interval"; ms: number } | { type: "cron"; expression: string; parsed: ParsedCron };

/** One registered job. */
export interface CronJob {
  name: string;
  schedule: CronSchedule;
  fnName: string;
  args: unknown;
}

type Callable = string | FunctionReference;
type Rest = [fn: Callable, args?: unknown];

interface Range {
  readonly name: keyof ParsedCron;
  readonly min: number;
  readonly max: number;
}

const FIELDS: readonly Range[] = [
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "dayOfMonth", min: 1, max: 31 },
  { name: "month", min: 1, max: 12 },
  // 0 is Sunday, and so is 7.
  { name: "dayOfWeek", min: 0, max: 7 },
];

const SATURDAY = 6;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Reads a five-field expression (UTC). Errors: wrong number of fields, a value out of range. */
export function parseCron(expression: string): ParsedCron {
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== FIELDS.length) {
    throw new Error(
      `Invalid cron expression "${expression}": ` +
        "expected 5 fields (minute hour dayOfMonth month dayOfWeek)",
    );
  }
  const parsed: Partial<ParsedCron> = {};
  FIELDS.forEach((range, index) => {
    parsed[range.name] = parseField(texts[index]!, range, expression);
  });
  return parsed as ParsedCron;
}

function parseField(text: string, range: Range, expression: string): CronField {
  if (text === "*") return { type: "any" };
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [first, last, step] = parsePart(part, range, expression);
    for (let value = first; value <= last; value += step) {
      values.add(range.name === "dayOfWeek" && value === 7 ? 0 : value);
    }
  }
  return { type: "values", values: [...values].sort((a, b) => a - b) };
}

/** First value, last value and step of one part of a comma list. */
function parsePart(part: string, range: Range, expression: string): [number, number, number] {
  const refuse = (reason: string): never => {
    throw new Error(`Invalid cron expression "${expression}": ${range.name} "${part}" ${reason}`);
  };
  const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
  if (match === null) return refuse("is not a number, a range a-b, or either of them with /step");
  const [, from, to, step] = match;
  const open = range.name === "dayOfWeek" ? SATURDAY : range.max;
  const first = from === undefined ? range.min : Number(from);
  const single = from !== undefined && step === undefined ? first : Math.max(first, open);
  const last = to === undefined ? single : Number(to);
  for (const value of [first, last]) {
    if (value < range.min || value > range.max) refuse(`is not within ${range.min}-${range.max}`);
  }
  if (first > last) refuse("ends before it starts");
  if (step !== undefined && Number(step) < 1) refuse("has a step below 1");
  return [first, last, step === undefined ? 1 : Number(step)];
}

/**
 * The cron jobs of an app; the default export of a root file such as `crons.ts`. All times are
 * UTC. The options before the function may be left out. Of two jobs with one name the later counts.
 */
export class CronJobs {
  readonly _isCronJobs: true = true;
  /** In the order of the first registration of their names. */
  readonly jobs: CronJob[] = [];

  /** Runs every so often; the parts are added up. */
  interval(
    name: string,
    schedule: { hours?: number; minutes?: number; seconds?: number },
    fn: Callable,
    args?: unknown,
  ): void {
    const { hours = 0, minutes = 0, seconds = 0 } = schedule;
    const ms = hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS;
    if (!(ms > 0)) throw new Error(`Cron "${name}": interval must be positive`);
    this.add(name, { type: "interval", ms }, fn, args);
  }

  /** Runs when all of minute, hour, month and day fit; of two restricted days either will do. */
  cron(name: string, expression: string, fn: Callable, args?: unknown): void {
    const schedule = { type: "cron", expression, parsed: parseCron(expression) } as const;
    this.add(name, schedule, fn, args);
  }

  /** Runs once an hour. */
  hourly(name: string, ...rest: Rest | [options: { minuteUTC?: number }, ...Rest]): void {
    const [{ minuteUTC = 0 }, fn, args] = withOptions<{ minuteUTC?: number }>(rest);
    this.cron(name, `${minuteUTC} * * * *`, fn, args);
  }

  /** Runs once a day. */
  daily(
    name: string,
    ...rest: Rest | [options: { hourUTC?: number; minuteUTC?: number }, ...Rest]
  ): void {
    type Options = { hourUTC?: number; minuteUTC?: number };
    const [{ hourUTC = 0, minuteUTC = 0 }, fn, args] = withOptions<Options>(rest);
    this.cron(name, `${minuteUTC} ${hourUTC} * * *`, fn, args);
  }

  /** Runs once a week, on Monday unless told otherwise (0 is Sunday). */
  weekly(
    name: string,
    ...rest: Rest | [options: { dayOfWeek?: number; hourUTC?: number; minuteUTC?: number }, ...Rest]
  ): void {
    type Options = { dayOfWeek?: number; hourUTC?: number; minuteUTC?: number };
    const [{ dayOfWeek = 1, hourUTC = 0, minuteUTC = 0 }, fn, args] = withOptions<Options>(rest);
    this.cron(name, `${minuteUTC} ${hourUTC} * * ${dayOfWeek}`, fn, args);
  }

  /** Runs once a month, on the first unless told otherwise. */
  monthly(
    name: string,
    ...rest:
      Rest | [options: { dayOfMonth?: number; hourUTC?: number; minuteUTC?: number }, ...Rest]
  ): void {
    type Options = { dayOfMonth?: number; hourUTC?: number; minuteUTC?: number };
    const [{ dayOfMonth = 1, hourUTC = 0, minuteUTC = 0 }, fn, args] = withOptions<Options>(rest);
    this.cron(name, `${minuteUTC} ${hourUTC} ${dayOfMonth} * *`, fn, args);
  }

  private add(name: string, schedule: CronSchedule, fn: Callable, args: unknown): void {
    if (typeof name !== "string" || name === "") {
      throw new Error("A cron job needs a name that is not empty");
    }
    const fnName = functionName(fn, `Cron "${name}"`);
    const job: CronJob = { name, schedule, fnName, args: args ?? {} };
    const index = this.jobs.findIndex((known) => known.name === name);
    if (index < 0) this.jobs.push(job);
    else this.jobs[index] = job;
  }
}

/** Makes an empty list of cron jobs. */
export function cronJobs(): CronJobs {
  return new CronJobs();
}

// A function reference is told from options by its `_name`.
function withOptions<Options extends object>(
  rest: Rest | [options: Options, ...Rest],
): [Options, Callable, unknown] {
  const [first, second, third] = rest as [unknown, unknown, unknown];
  const isFunction = typeof first === "string" || (first as FunctionReference | undefined)?._name;
  if (isFunction) return [{} as Options, first as Callable, second];
  return [(first ?? {}) as Options, second as Callable, third];
}
