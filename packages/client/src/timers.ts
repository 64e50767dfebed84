/** The longest that a timer waits; for a longer time it would not wait at all. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;

/** The time of an option as timers take it. Errors: it is none. */
export function checkedMs(option: string, ms: number): number {
  if (typeof ms === "number" && ms >= 0) return Math.min(ms, TIMER_MS_MAX);
  throw new Error(`${option} must be a number of milliseconds, 0 or more (got ${String(ms)})`);
}
