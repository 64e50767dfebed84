import { canonicalJson } from "./wire.js";

/** Names a query with its arguments; made by `QueryStore.makeKey`. */
export type QueryKey = string;

/** Equal arguments make equal keys, whatever the order of their members. */
export function makeKey(fnName: string, args?: unknown): QueryKey {
  return `${fnName}|${canonicalJson(args ?? {})}`;
}
