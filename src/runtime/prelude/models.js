// Moonstone. Licence: see LICENSE.
//
// ctx.db of a project whose schema is a `.lite` file: beside the document methods, each model under
// its accessor (`ctx.db.user.findMany({ ... })`). Document methods win over models of their name.

const kMethods = natives.modelMethods(); // { reads, writes }

// In functions methods answer with promises, in hooks at once.
class Model {
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

function makeModelType(methods, answersAtOnce) {
  class ModelType extends Model {}
  for (const method of methods) {
    ModelType.prototype[method] = answersAtOnce
      ? function (...args) {
          return Model.call(this, method, args);
        }
      : async function (...args) {
          return Model.call(this, method, args);
        };
  }
  Object.freeze(ModelType.prototype);
  return ModelType;
}
const kModelTypes = {
  read: makeModelType(kMethods.reads, false),
  write: makeModelType([...kMethods.reads, ...kMethods.writes], false),
  readAtOnce: makeModelType(kMethods.reads, true),
  writeAtOnce: makeModelType([...kMethods.reads, ...kMethods.writes], true),
};

/** A class whose instances have the members of `db` and the models; made once per context. */
function makeDatabaseType(ModelType, accessors) {
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
            return new ModelType(this.#run, accessor);
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

/** `db` with the models of the project, if it has any. `kind`: one of kModelTypes. */
function withModels(run, db, kind) {
  if (databaseTypes === undefined) {
    const accessors = natives.modelAccessors(run);
    databaseTypes = accessors.length === 0 ? null : {};
    for (const [name, ModelType] of Object.entries(databaseTypes === null ? {} : kModelTypes))
      databaseTypes[name] = makeDatabaseType(ModelType, accessors);
  }
  return databaseTypes === null ? db : new databaseTypes[kind](run, db);
}
