/**
 * `next` with every part that equals a part of `previous` replaced by that part, so that what did
 * not change keeps its identity; `previous` itself if nothing changed. Rows of a list are matched
 * by position and `_id`, else by `_id`. Neither value is changed: where parts were replaced, the
 * result is a copy. Cost: one walk through the parts that are not identical.
 */
export function keepIdentity(previous: unknown, next: unknown): unknown {
  if (Object.is(previous, next)) return previous;
  if (Array.isArray(previous) && Array.isArray(next)) return keepItems(previous, next);
  if (isObject(previous) && isObject(next)) return keepMembers(previous, next);
  return next;
}

type Json = Record<string, unknown>;

/** An object as JSON has them; a Date, say, has an inside that members do not show. */
function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && hasPlainPrototype(value);
}

function hasPlainPrototype(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function keepItems(previous: unknown[], next: unknown[]): unknown[] {
  const byId = new Map<unknown, unknown>();
  for (const item of previous) if (hasId(item)) byId.set(item["_id"], item);
  let isSame = previous.length === next.length;
  let isCopy = false;
  const items = next.map((item, index) => {
    const neighbour = previous[index];
    // A list may hold one document several times, in different shapes: position comes first.
    const moved = hasId(item) && !(hasId(neighbour) && neighbour["_id"] === item["_id"]);
    const kept = keepIdentity(moved ? byId.get(item["_id"]) : neighbour, item);
    isSame &&= Object.is(kept, neighbour);
    isCopy ||= !Object.is(kept, item);
    return kept;
  });
  if (isSame) return previous;
  return isCopy ? items : next;
}

function hasId(item: unknown): item is Json {
  return isObject(item) && "_id" in item;
}

function keepMembers(previous: Json, next: Json): Json {
  const names = Object.keys(next);
  let isSame = names.length === Object.keys(previous).length;
  let isCopy = false;
  const members = names.map((name) => {
    const kept = keepIdentity(previous[name], next[name]);
    isSame &&= name in previous && Object.is(kept, previous[name]);
    isCopy ||= !Object.is(kept, next[name]);
    return [name, kept] as const;
  });
  if (isSame) return previous;
  return isCopy ? Object.fromEntries(members) : next;
}
