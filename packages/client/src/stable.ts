/**
 * `next` with every part that equals a part of `previous` replaced by that part, so that what did
 * not change keeps its identity; `previous` itself if nothing changed. Rows of a list are matched
 * by position and `_id`, else by `_id`. `next` must be fresh JSON: it is changed in place.
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
  for (const item of previous) if (hasId(item)) byId.set(item["_id"], item);
  let same = previous.length === next.length;
  next.forEach((item, index) => {
    const neighbour = previous[index];
    // A list may hold one document several times, in different shapes: position comes first.
    const moved = hasId(item) && !(hasId(neighbour) && neighbour["_id"] === item["_id"]);
    next[index] = keepIdentity(moved ? byId.get(item["_id"]) : neighbour, item);
    same &&= Object.is(next[index], neighbour);
  });
  return same ? previous : next;
}

function hasId(item: unknown): item is Json {
  return isObject(item) && "_id" in item;
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
