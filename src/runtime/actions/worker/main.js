// Moonstone. Licence: see LICENSE.
//
// Two ways to start: `worker.mjs` serves calls over descriptor 3, `worker.mjs --describe <bundle>
// <file>` writes what a bundle declares and ends.

let startWith; // resolves `loaded`
const loaded = new Promise((resolve) => (startWith = resolve)); // the bundle's namespace

function functionOf(program, { module, name }) {
  const fn = program.modules[module]?.[name];
  if (typeof fn?.handler !== "function") throw new Error(`${module}:${name} is not in the bundle`);
  return fn;
}

function routeOf(program, { module, prefix, index }) {
  const router = program.modules[module].default;
  return (prefix ? router.prefixRoutes : router.routes)[index].handler;
}

const receivers = {
  async start({ bundle, ...given }) {
    limits = { ...limits, ...given.limits };
    try {
      const program = await import(pathToFileURL(bundle));
      if (program.gate !== undefined) allowUpgradeResponses();
      startWith(program);
      send({ t: "ready", version: process.version });
    } catch (error) {
      send({ t: "unusable", message: messageOf(error), stack: stackOf(error) });
    }
  },
  action: (message) =>
    startCall(message, async (call) => {
      const { handler } = functionOf(await loaded, message);
      call.succeed(await handler(makeContext(call), decodeValue(message.args)));
    }),
  route: (message) =>
    startCall(message, async (call) => {
      const request = requestOf(call, message);
      const { handler } = routeOf(await loaded, message.route);
      const response = await handler(makeContext(call), request);
      await respond(call, response, `the handler of ${message.place}`);
    }),
  gate: (message) => startCall(message, (call) => runGate(call, message)),
  reply: (message) => calls.get(message.call)?.onReply(message),
  cancel: ({ id, message }) => calls.get(id)?.cancel(message),
  ping: () => send({ t: "pong" }),
};

function serve() {
  redirectConsole();
  catchStrays();
  openSocket((kind, number, payload) => {
    if (kind !== kinds.message) return onStreamFrame(kind, number, payload);
    const message = JSON.parse(payload.toString());
    receivers[message.t](message);
  });
  send({ t: "hello", version: process.version });
}

if (process.argv[2] === "--describe") {
  if (Number.parseInt(process.versions.node, 10) < 18) {
    console.error(`Node 18 or newer is needed, this is ${process.version}; set actions.node`);
    process.exit(1);
  }
  const [bundle, file] = process.argv.slice(3);
  const described = await describe(await import(pathToFileURL(bundle)));
  writeFileSync(file, JSON.stringify(described));
  process.exit(0); // whatever the modules have left running
} else {
  serve();
}
