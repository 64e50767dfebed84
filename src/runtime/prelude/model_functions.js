// Moonstone. Licence: see LICENSE.
//
// The functions that a project adds to its models (defineModels of @moonstone/server). They are
// called in the middle of a read or write, so nobody can wait for them: what they use of ctx.db
// answers at once, and a function that returns a promise is refused.

const listOf = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const isPlainObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The functions of one model, which may stand under its name or its accessor. */
function functionsOf(definition, moment) {
  return definition.models[moment.model] ?? definition.models[moment.accessor] ?? {};
}

function answered(value, moment, what) {
  if (typeof value?.then !== "function") return value;
  throw new TypeError(
    `${what} of the model ${moment.model} returned a promise; it is not waited for: ctx.db ` +
      `answers at once here, without await`,
  );
}

/** `ctx.db` that answers at once: models, and documents by their ids. */
function makeDatabaseAtOnce(run, canWrite) {
  const reader = {
    get: (id) => natives.get(run, textOf(id, "db.get(): the id"), undefined),
  };
  const writer = {
    ...reader,
    insert: (table, document) =>
      natives.insert(run, textOf(table, "db.insert(): the table"), document ?? {}),
    patch: (id, fields) => natives.patch(run, textOf(id, "db.patch(): the id"), fields ?? {}),
    replace: (id, document) =>
      natives.replace(run, textOf(id, "db.replace(): the id"), document ?? {}),
    delete: (id) => natives.erase(run, textOf(id, "db.delete(): the id")),
  };
  return withModels(run, canWrite ? writer : reader, canWrite ? "writeAtOnce" : "readAtOnce");
}

function makeModelContext(moment, canWrite) {
  const { run, isMutation, isSystem, now } = moment;
  const writes = canWrite && isMutation;
  const ctx = {
    get auth() {
      const identity = natives.identity(run);
      return identity === null ? null : { id: identity.subject, ...identity };
    },
    isSystem,
    get now() {
      if (!isMutation) natives.noteChance();
      return now;
    },
    get db() {
      return makeDatabaseAtOnce(run, writes);
    },
  };
  if (writes) ctx.scheduler = makeScheduler(run);
  return ctx;
}

/** Its own hooks first, then those of all models; of each the operation's, its group's, "all". */
function hooksOf(definition, moment) {
  return [functionsOf(definition, moment).hooks, definition.every?.hooks].flatMap((hooks) => {
    const chosen = hooks?.[moment.when] ?? {};
    return [moment.operation, moment.group, "all"].flatMap((name) => listOf(chosen[name]));
  });
}

/** Before: the arguments as they are to be. After: the result. */
function runModelHooks(definition, moment, args, result) {
  const isBefore = moment.when === "before";
  const hook = {
    model: moment.model,
    operation: moment.operation,
    args,
    get schema() {
      return natives.modelSchema(moment.run, moment.model);
    },
  };
  if (!isBefore) hook.result = result;
  for (const run of hooksOf(definition, moment)) {
    const what = `a hook ${moment.when} ${moment.operation}`;
    const returned = answered(run(makeModelContext(moment, true), hook), moment, what);
    if (!isPlainObject(returned)) continue;
    if (isBefore) Object.assign(hook.args, returned);
    else if ("result" in returned) hook.result = returned.result;
  }
  return isBefore ? hook.args : hook.result;
}

/** The data with values for those fields that it does not mention. */
function fillModelDefaults(definition, moment, data) {
  const ctx = makeModelContext(moment, false);
  for (const [field, make] of Object.entries(functionsOf(definition, moment).defaults ?? {})) {
    if (field in data) continue;
    const value = answered(make(data, ctx), moment, `the default of ${field}`);
    if (value !== undefined) data[field] = value;
  }
  return data;
}

/** What is wrong with data that is about to be written: [{ path, message }]. */
function checkModelData(definition, moment, data) {
  const failures = [];
  const ctx = makeModelContext(moment, false);
  for (const rule of functionsOf(definition, moment).validate ?? []) {
    const path = rule.path ?? ["_model"];
    try {
      const holds = answered(rule.check(data, ctx), moment, "a rule");
      if (holds === false) failures.push({ path, message: rule.message ?? "Validation failed" });
    } catch (error) {
      failures.push({ path, message: `Validator threw: ${error?.message ?? error}` });
    }
  }
  return failures;
}

/** The computed fields of rows, row after row. A function sees those before it. */
function computeModelRows(definition, moment, rows) {
  const computed = Object.entries(functionsOf(definition, moment).computed ?? {});
  const ctx = makeModelContext(moment, false);
  const cells = [];
  for (const row of rows) {
    for (const [field, compute] of computed) {
      row[field] = answered(compute(row, ctx), moment, `the field ${field}`);
      cells.push(row[field]);
    }
  }
  return cells;
}

const isModelFunctions = (value) => value?._isModelFunctions === true;

/** What is added to one model, or to all. */
function describeModel({ computed, defaults, validate, hooks, events }) {
  const listeners = {};
  for (const [event, functions] of Object.entries(events ?? {}))
    listeners[event] = listOf(functions).map(nameOf);
  return {
    computed: Object.keys(computed ?? {}),
    defaults: Object.keys(defaults ?? {}),
    hasRules: listOf(validate).length > 0,
    before: Object.keys(hooks?.before ?? {}),
    after: Object.keys(hooks?.after ?? {}),
    events: listeners,
  };
}

/** The functions of models among the default exports of the root modules. */
function describeModelFunctions(modules) {
  const found = [];
  for (const [module, exports] of Object.entries(modules)) {
    if (module.includes("/") || !isModelFunctions(exports?.default)) continue;
    const { models, every } = exports.default;
    const described = Object.entries(models).map(([name, own]) => [name, describeModel(own)]);
    found.push({
      module,
      models: Object.fromEntries(described),
      every: describeModel(every ?? {}),
    });
  }
  return found;
}
