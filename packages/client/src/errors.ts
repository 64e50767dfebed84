/**
 * An error that the server answered, or that ended a call before an answer came. `code` is the
 * server's (`execution_error`, `forbidden`, …) or one of `connection_lost`, `request_timeout`,
 * `client_closed`, `signed_out`, `mutation_expired`, `message_too_large`.
 */
export class MoonstoneError extends Error {
  override readonly name: string = "MoonstoneError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Calls a listener so that its failure harms nobody else. */
export function callSafely<Args extends unknown[]>(
  listener: (...args: Args) => void,
  ...args: Args
): void {
  try {
    listener(...args);
  } catch (error) {
    console.error("Moonstone: a listener threw", error);
  }
}
