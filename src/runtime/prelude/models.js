// Moonstone. Licence: see LICENSE.
//
// ctx.db of a project whose schema is a `.lite` file: beside the document methods, each model under
// its accessor (`ctx.db.user.findMany({ ... })`). Document methods win over models of their name.

const kReads = [
  "findMany",
  "findFirst",
  "findFirstOrThrow",
  "findUnique",
  "findUniqueOrThrow",
  "findManyAndCount",
  "findManyCursor",
  "count",
  "exists",
  "aggregate",
  "groupBy",
  "search",
  "query",
];
const kWrites = [
  "create",
  "createMany",
  "update",
  "updateMany",
  "upsert",
  "upsertMany",
  "remove",
  "removeMany",
  "delete",
  "deleteMany",
  "restore",
  "transition",
];

class ReadableModel {
  #run;
  #accessor;
  constructor(run, accessor) {
    this.#run = run;
    this.#accessor = accessor;
  }
  static call(model, method, args) {
    return natives.callModel(model.#run, model.#accessor, method, args);
  }
}
class WritableModel extends ReadableModel {}

function addMethods(type, methods) {
  for (const method of methods) {
    type.prototype[method] = async function (...args) {
      return ReadableModel.call(this, method, args);
    };
  }
  Object.freeze(type.prototype);
}
addMethods(WritableModel, [...kReads, ...kWrites]);
addMethods(ReadableModel, kReads);

/** A class whose instances have the members of `db` and the models; made once per context. */
function makeDatabaseType(Model, accessors) {
  class Database {
    #run;
    constructor(run, db) {
      this.#run = run;
      Object.assign(this, db);
    }
    static {
      for (const accessor of accessors) {
        Object.defineProperty(this.prototype, accessor, {
          get() {
            return new Model(this.#run, accessor);
          },
          enumerable: true,
        });
      }
      Object.freeze(this.prototype);
    }
  }
  return Database;
}

let databaseTypes;

function withModels(run, db, isMutation) {
  if (databaseTypes === undefined) {
    const accessors = natives.modelAccessors(run);
    databaseTypes =
      accessors.length === 0
        ? null
        : {
            readable: makeDatabaseType(ReadableModel, accessors),
            writable: makeDatabaseType(WritableModel, accessors),
          };
  }
  if (databaseTypes === null) return db;
  const Database = isMutation ? databaseTypes.writable : databaseTypes.readable;
  return new Database(run, db);
}
