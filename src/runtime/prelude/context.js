// Moonstone. Licence: see LICENSE.
//
// ctx: made anew for each call. `run` is the token of the call; natives refuse a token whose call
// is over, so that what a handler leaves behind cannot reach into a later one.

function textOf(value, place) {
  if (typeof value === "string") return value;
  throw new TypeError(`${place} must be a text, got ${inspect(value)}`);
}

function idsOf(values, place) {
  if (!Array.isArray(values)) throw new TypeError(`${place} needs a list of ids`);
  return values.map((id) => textOf(id, `${place}: an id`));
}

function getMany(run, args) {
  const isLater = Array.isArray(args[0]) || Array.isArray(args[1]);
  const table = Array.isArray(args[1]) ? textOf(args[0], "db.getMany(): the table") : undefined;
  const ids = idsOf(isLater ? (table === undefined ? args[0] : args[1]) : args, "db.getMany()");
  const found = natives.getMany(run, table, ids);
  const documents = new Map();
  for (let i = 0; i < ids.length; i++) documents.set(ids[i], found[i]);
  return documents;
}

function makeReader(run) {
  return {
    async get(...args) {
      if (args.length > 1) {
        const table = textOf(args[0], "db.get(): the table");
        return natives.get(run, textOf(args[1], "db.get(): the id"), table);
      }
      return natives.get(run, textOf(args[0], "db.get(): the id"), undefined);
    },
    async getMany(...args) {
      return getMany(run, args);
    },
    query: (table) => new QueryBuilder(run, textOf(table, "db.query(): the table")),
  };
}

// One literal of known names: V8 then makes the object in its final shape. A spread of the reader
// would have it go through a shape for each method, at each call.
function makeWriter(run) {
  const { get, getMany, query } = makeReader(run);
  return {
    get,
    getMany,
    query,
    async insert(table, document) {
      return natives.insert(run, textOf(table, "db.insert(): the table"), document ?? {});
    },
    async patch(id, fields) {
      natives.patch(run, textOf(id, "db.patch(): the id"), fields ?? {});
    },
    async replace(id, document) {
      natives.replace(run, textOf(id, "db.replace(): the id"), document ?? {});
    },
    async delete(id) {
      natives.erase(run, textOf(id, "db.delete(): the id"));
    },
  };
}

function makeContext(isMutation, run, now) {
  const auth = {
    async getUserIdentity() {
      return natives.identity(run);
    },
  };
  if (isMutation) {
    return {
      db: withModels(run, makeWriter(run), "write"),
      auth,
      scheduler: makeScheduler(run),
      storage: makeStorageWriter(run),
      now,
    };
  }
  return {
    db: withModels(run, makeReader(run), "read"),
    auth,
    storage: makeStorageReader(run),
    get now() {
      natives.noteChance();
      return now;
    },
  };
}

function invoke(registration, isMutation, run, now, args) {
  repairRegExp();
  return registration.handler(makeContext(isMutation, run, now), args);
}
