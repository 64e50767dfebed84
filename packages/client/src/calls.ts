import { MoonstoneError } from "./errors.js";
import type { Outbox } from "./outbox.js";

/** A mutation or action that has no answer yet. */
export interface Call {
  readonly id: string;
  readonly type: "mutation" | "action";
  readonly fn: string;
  readonly args: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export const RATE_LIMITED_RETRY_MS = 1_000;

/** Hands a call to the outbox; from the moment it is sent the answer has `timeoutMs`. */
export function sendCall(
  call: Call,
  outbox: Outbox,
  timeoutMs: number,
  events: { onSent: () => void; onTimeout: () => void },
): void {
  const { type, id, fn, args } = call;
  clearTimeout(call.timer);
  outbox.cancel(id);
  outbox.push({ type, id, fn, args }, "call", () => {
    events.onSent();
    call.timer = setTimeout(events.onTimeout, timeoutMs);
  });
}

/** The error of a call that got no answer in time, or waited too long to be sent. */
export function timeoutError(call: Call, wasSent: boolean): MoonstoneError {
  const what = wasSent ? "was sent and may have run" : "could not be sent";
  return new MoonstoneError(
    "request_timeout",
    `Request timed out: ${call.type} ${call.fn} ${what}`,
  );
}

/** The error of a mutation whose caller was signed out before it was answered. */
export function signedOutError(call: Call, wasSent: boolean): MoonstoneError {
  const text = wasSent
    ? `Signed out before ${call.fn} was answered: it was sent before and may have run`
    : "Signed out before the mutation was sent";
  return new MoonstoneError("signed_out", text);
}
