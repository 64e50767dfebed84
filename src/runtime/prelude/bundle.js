// Moonstone. Licence: see LICENSE.
//
// What the bundle declares. A function is any exported object with `_type` and `handler`, whatever
// made it.

function isFunction(value) {
  return (
    typeof value === "object" &&
    value !== null &&
    ["query", "mutation", "action"].includes(value._type) &&
    typeof value.handler === "function"
  );
}

function jsonOfValidator(validator, place) {
  const json = validator?.json;
  if (typeof json === "object" && json !== null) return json;
  throw new TypeError(`${place} is not a validator; use v.string(), v.number(), ...`);
}

function jsonOfArguments(validators, place) {
  if (validators === undefined || validators === null) return undefined;
  const json = {};
  for (const [name, validator] of Object.entries(validators)) {
    json[name] = jsonOfValidator(validator, `${place}: the argument "${name}"`);
  }
  return json;
}

function describeFunctions(modules) {
  const functions = [];
  for (const [module, exports] of Object.entries(modules)) {
    if (typeof exports !== "object" || exports === null) continue;
    for (const [name, value] of Object.entries(exports)) {
      if (!isFunction(value)) continue;
      const place = `${module}:${name}`;
      functions.push({
        module,
        name,
        kind: value._type,
        internal: value._isInternal === true,
        args: jsonOfArguments(value._argsValidator, place),
        returns:
          value._returnsValidator === undefined || value._returnsValidator === null
            ? undefined
            : jsonOfValidator(value._returnsValidator, `${place}: returns`),
      });
    }
  }
  return functions;
}

const isRouter = (value) => value?._isHttpRouter === true && Array.isArray(value.routes);

/** The root modules whose default export is a router, whatever their name. */
function routersAmong(modules) {
  return Object.keys(modules).filter(
    (module) => !module.includes("/") && isRouter(modules[module].default),
  );
}

const isCronList = (value) => value?._isCronJobs === true && Array.isArray(value.jobs);

/** The cron lists among the default exports of the root modules, whatever their names. */
function describeCrons(modules) {
  const lists = [];
  for (const [module, exports] of Object.entries(modules)) {
    if (module.includes("/") || !isCronList(exports?.default)) continue;
    const jobs = exports.default.jobs.map(({ name, schedule, fnName, args }) => ({
      name,
      ms: schedule?.ms,
      expression: schedule?.expression,
      fnName,
      args,
    }));
    lists.push({ module, jobs });
  }
  return lists;
}

// The entry may hand over the schema itself or the module that exports it.
function schemaOf(exported) {
  for (const candidate of [exported, exported?.schema, exported?.default]) {
    if (typeof candidate?.tables === "object" && candidate.tables !== null) return candidate;
    if (typeof candidate?.lite === "object" && candidate.lite !== null) return candidate;
  }
  if (exported !== undefined && exported !== null && Object.keys(exported).length > 0) {
    throw new Error("schema.ts must export the result of defineSchema({ ... }) as `schema`");
  }
  return undefined;
}

function describe(bundle) {
  return JSON.stringify({
    functions: describeFunctions(bundle.modules ?? {}),
    routers: routersAmong(bundle.modules ?? {}),
    crons: describeCrons({ ...bundle.modules, ...(bundle.crons && { crons: bundle.crons }) }),
    schema: schemaOf(bundle.schema),
    models: describeModelFunctions(bundle.modules ?? {}),
  });
}

Error.stackTraceLimit = 20;
const intrinsics = collectIntrinsics();

return Object.freeze({
  seed,
  invoke,
  describe,
  harden: () => harden(intrinsics),
  renew: forgetRegExp,
  isRepeatable: () => isRepeatable(intrinsics),
  find: (bundle, module, name) => bundle.modules[module][name],
  runModelHooks,
  fillModelDefaults,
  checkModelData,
  computeModelRows,
});
