/**
 * `next` with every part that equals a part of `previous` replaced by that part, so that what did
 * not change keeps its identity; `previous` itself if nothing changed. Rows of a list are matched
 * by `_id`, else by position. `next` must be fresh JSON: it is changed in place.
 */
export function keepIdentity(previous: unknown, next: unknown): unknown {
  if (Object.is(previous, next)) return previous;
  if (Array.isArray(previous) && Array.isArray(next)) return keepItems(previous, next);
  if (isObject(previous) && isObject(next)) return keepMembers(previous, next);
  return next;
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keepItems(previous: unknown[], next: unknown[]): unknown[] {
  const byId = new Map<unknown, unknown>();
  for (const item of previous) if (isObject(item) && "_id" in item) byId.set(item["_id"], item);
  let same = previous.length === next.length;
  next.forEach((item, index) => {
    const match = isObject(item) && "_id" in item ? byId.get(item["_id"]) : previous[index];
    next[index] = keepIdentity(match, item);
    same &&= Object.is(next[index], previous[index]);
  });
  return same ? previous : next;
}

function keepMembers(previous: Json, next: Json): Json {
  const names = Object.keys(next);
  let same = names.length === Object.keys(previous).length;
  for (const name of names) {
    next[name] = keepIdentity(previous[name], next[name]);
    same &&= name in previous && Object.is(next[name], previous[name]);
  }
  return same ? previous : next;
}
