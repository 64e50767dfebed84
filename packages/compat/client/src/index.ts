/** The client for browsers and Node; the build writes Zeroback for Moonstone in its names. */
export * from "@moonstone/client";
export { Backoff } from "@moonstone/client/backoff";
