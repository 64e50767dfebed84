// Moonstone. Licence: see LICENSE.
//
// The worker entry of a project as a gate before every request: `fetch(request, env, context)`,
// where env.ZEROBACK_DO leads on to the server. A body that the entry only passes on never comes
// here: the server joins the two ends itself.

const originals = new WeakMap(); // ReadableStream -> { ask | request, isTouched }
const upgrades = new WeakMap(); // the answer to a passed upgrade -> what to pass

function untouchedOriginal(body) {
  const original = originals.get(body);
  return original === undefined || original.isTouched || body.locked ? undefined : original.ask;
}

/** Makes `new Response(response.body, response)` work for the answer to an upgrade, status 101. */
function allowUpgradeResponses() {
  const Native = globalThis.Response;
  globalThis.Response = class Response extends Native {
    constructor(body, init) {
      const upgrade = typeof init === "object" && init !== null ? upgrades.get(init) : undefined;
      if (upgrade === undefined) {
        super(body, init);
        return;
      }
      super(null, { headers: init.headers });
      markUpgrade(this, upgrade);
    }
    static [Symbol.hasInstance](value) {
      return value instanceof Native;
    }
  };
}

function markUpgrade(response, upgrade) {
  Object.defineProperty(response, "status", { value: 101, enumerable: true });
  Object.defineProperty(response, "ok", { value: false, enumerable: true });
  upgrades.set(response, upgrade);
  return response;
}

const isBodilessStatus = (status) => [204, 205, 304].includes(status);

/** What the server answered to a forwarded request. */
function responseOf({ status, headers, stream }, ask) {
  const original = { ask, isTouched: false };
  if (stream === undefined || isBodilessStatus(status)) {
    return new Response(null, { status, headers });
  }
  const body = takeStream(stream, () => (original.isTouched = true));
  const response = new Response(body, { status, headers });
  originals.set(body, original);
  if (response.body !== null) originals.set(response.body, original);
  return response;
}

function describeBody(request, call) {
  if (request.body === null) return {};
  const original = originals.get(request.body);
  if (original?.request === true && !original.isTouched && !request.body.locked) {
    return { body: "original" };
  }
  const stream = offerStream(request.body.getReader());
  call.offers.add(stream);
  return { stream };
}

async function forward(call, tenant, input, init) {
  const request = input instanceof Request && init === undefined ? input : new Request(input, init);
  const passed = { tenant, url: request.url, headers: [...request.headers] };
  if (call.isUpgrade) {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new Error("the request of a WebSocket was passed on without its Upgrade header");
    }
    return markUpgrade(new Response(null), passed);
  }
  const body = describeBody(request, call);
  const reply = await call.ask("forward", { ...passed, method: request.method, ...body });
  return responseOf(reply, reply.ask);
}

class DeploymentId {
  constructor(name) {
    this.name = name;
  }
  toString() {
    return this.name;
  }
  equals(other) {
    return other instanceof DeploymentId && other.name === this.name;
  }
}

const refused = (name) => () => {
  throw new Error(`ZEROBACK_DO.${name} is not available here; use idFromName(tenant)`);
};

const namespace = {
  idFromName: (name) => new DeploymentId(textOf(name, "idFromName: the tenant")),
  // For a request whose path names no tenant.
  idFromHost: () => new DeploymentId(currentCall.getStore().tenantOfHost),
  idFromString: (name) => new DeploymentId(textOf(name, "idFromString: the id")),
  newUniqueId: refused("newUniqueId"),
  get(id) {
    const call = currentCall.getStore();
    if (!(id instanceof DeploymentId)) throw new TypeError("get() needs the id of idFromName()");
    return { id, name: id.name, fetch: (input, init) => forward(call, id.name, input, init) };
  },
};

// env: the bindings, and the environment's variables as on the platform of the seed.
const gateEnvironment = new Proxy(
  {},
  {
    get: (_, name) =>
      name === "ZEROBACK_DO" || name === "MOONSTONE_DO" ? namespace : process.env[name],
    has: (_, name) => name === "ZEROBACK_DO" || name === "MOONSTONE_DO" || name in process.env,
  },
);

async function runGate(call, message) {
  const program = await loaded;
  call.isUpgrade = message.upgrade === true;
  call.tenantOfHost = message.tenantOfHost;
  const origin = { request: true, isTouched: false };
  const request = requestOf(call, message, () => (origin.isTouched = true));
  if (request.body !== null) originals.set(request.body, origin);
  const context = {
    waitUntil: (promise) => void Promise.resolve(promise).catch((error) => console.error(error)),
    passThroughOnException() {},
  };
  const response = await program.gate.default.fetch(request, gateEnvironment, context);
  const upgrade = upgrades.get(response);
  if (upgrade !== undefined) return finishWith(call, { t: "pass", id: call.id, ...upgrade });
  if (response?.status === 101) throw new Error("only the server can accept a WebSocket");
  await respond(call, response, "the worker entry");
}
