// Moonstone. Licence: see LICENSE.
//
// ctx of actions and HTTP actions. Whatever it does is done by the server; see ActionServices.

function nameOf(fn, place) {
  const name = typeof fn === "string" ? fn : fn?._name;
  if (typeof name === "string" && name !== "") return name;
  throw new TypeError(
    `${place}: expected a function name such as "tasks:list" or a reference to one`,
  );
}

function textOf(value, place) {
  if (typeof value === "string") return value;
  throw new TypeError(`${place} must be a text, got ${typeof value}`);
}

const argsText = (args) => encodeValue(args ?? {}, { bigint: true });

function makeRun(call, operation) {
  return {
    async [operation](fn, args) {
      const name = nameOf(fn, `ctx.${operation}`);
      return (await call.ask(operation, { fn: name }, argsText(args))).value;
    },
  }[operation];
}

function makeScheduler(call) {
  // The server checks the parameters, as it does for mutations.
  const schedule = async (operation, time, fn, args, options) => {
    const given = { time, fn: typeof fn === "object" ? { _name: fn?._name } : fn, args, options };
    return (await call.ask(operation, {}, encodeValue(given, { bigint: true }))).value;
  };
  return {
    runAfter: (delayMs, fn, args, options) => schedule("runAfter", delayMs, fn, args, options),
    runAt: (time, fn, args, options) => schedule("runAt", time, fn, args, options),
    async cancel(jobId) {
      await call.ask("cancel", { id: textOf(jobId, "ctx.scheduler.cancel: the id") });
    },
  };
}

async function storeBlob(call, file) {
  const blob = bytesOf(file) === undefined ? file : new Blob([file]);
  if (typeof blob?.stream !== "function") {
    throw new TypeError("ctx.storage.store needs a Blob, such as `await response.blob()`");
  }
  const stream = offerStream(blob.stream().getReader());
  call.offers.add(stream);
  try {
    const contentType = blob.type || "application/octet-stream";
    return (await call.ask("store", { contentType, size: blob.size, stream })).value;
  } finally {
    call.offers.delete(stream);
    offered.get(stream)?.stop();
  }
}

function makeStorage(call) {
  const ofFile = (operation, name) => async (storageId) => {
    const id = textOf(storageId, `ctx.storage.${name}: the storage id`);
    return (await call.ask(operation, { id })).value;
  };
  return {
    async getUrl(storageId, options) {
      const id = textOf(storageId, "ctx.storage.getUrl: the storage id");
      return (await call.ask("fileUrl", { id }, encodeValue(options, { bigint: false }))).value;
    },
    getMetadata: ofFile("fileMetadata", "getMetadata"),
    async generateUploadUrl() {
      return (await call.ask("uploadUrl", {})).value;
    },
    delete: ofFile("deleteFile", "delete"),
    store: (file) => storeBlob(call, file),
  };
}

function makeContext(call) {
  return {
    runQuery: makeRun(call, "runQuery"),
    runMutation: makeRun(call, "runMutation"),
    runAction: makeRun(call, "runAction"),
    scheduler: makeScheduler(call),
    storage: makeStorage(call),
    auth: { getUserIdentity: async () => call.identity },
    now: call.now,
    signal: call.abort.signal,
  };
}
