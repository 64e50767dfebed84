// Moonstone. Licence: see LICENSE.
//
// What the Node half of a bundle declares: the functions of the files marked "use node", the
// routes, and whether there is a gate. As the prelude's bundle.js, which describes the other half.

const isFunction = (value) =>
  typeof value === "object" &&
  value !== null &&
  ["query", "mutation", "action"].includes(value._type) &&
  typeof value.handler === "function";

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

function describeFunction(module, name, value) {
  const place = `${module}:${name}`;
  const returns = value._returnsValidator;
  return {
    module,
    name,
    kind: value._type,
    internal: value._isInternal === true,
    args: jsonOfArguments(value._argsValidator, place),
    returns:
      returns === undefined || returns === null
        ? undefined
        : jsonOfValidator(returns, `${place}: returns`),
  };
}

const isRouter = (value) =>
  value?._isHttpRouter === true && Array.isArray(value.routes) && Array.isArray(value.prefixRoutes);

function describeRouter(module, router) {
  return {
    module,
    routes: router.routes.map(({ method, path }) => ({ method, path })),
    prefixRoutes: router.prefixRoutes.map(({ method, pathPrefix }) => ({
      method,
      path: pathPrefix,
    })),
  };
}

async function describe(bundle) {
  const functions = [];
  const routers = [];
  for (const [module, exports] of Object.entries(bundle.modules)) {
    if (!module.includes("/") && isRouter(exports.default)) {
      routers.push(describeRouter(module, exports.default));
    }
    if (!bundle.nodeModules.includes(module)) continue;
    for (const [name, value] of Object.entries(exports)) {
      if (isFunction(value)) functions.push(describeFunction(module, name, value));
    }
  }
  const gate = bundle.gate;
  if (gate !== undefined && typeof gate.default?.fetch !== "function") {
    throw new Error(
      "the worker entry must have a default export with a fetch function, such as workerHandler",
    );
  }
  return { functions, routers, gate: gate !== undefined };
}
