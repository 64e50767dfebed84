// Moonstone. Licence: see LICENSE.
//
// The calls under way in this worker. Each knows its signal and what it asked the server for; code
// finds its call through the asynchronous context.

const calls = new Map(); // id -> Call
let limits = { resultBytes: 4 << 20, asks: 1000 };

const messageMax = 65536; // characters
function messageOf(thrown) {
  try {
    return thrown instanceof Error ? String(thrown.message).slice(0, messageMax) : "Unknown error";
  } catch {
    return "Unknown error"; // a getter of theirs
  }
}
// Where the pool says that the sources are, so that frames begin with the functions folder.
const withoutRoot = (text) =>
  text.replaceAll("file:///moonstone-sources/", "").replaceAll("/moonstone-sources/", "");
const framesMax = 20;
// Ours, Node's, and those of the authoring package, whose sources lie elsewhere.
const hiddenFrame = /worker\.mjs|node:|[( ]\/\S+\.ts:\d/;

/** The frames in user code, one per line, as the server prints those of queries. */
function stackOf(thrown) {
  try {
    if (!(thrown instanceof Error)) return "";
    return withoutRoot(String(thrown.stack ?? ""))
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("at ") && !hiddenFrame.test(line))
      .slice(0, framesMax)
      .join("\n");
  } catch {
    return "";
  }
}

class Call {
  constructor({ id, label, identity, now }) {
    this.id = id;
    this.label = label;
    this.identity = identity ?? null;
    this.now = now;
    this.abort = new AbortController();
    this.asks = new Map(); // number -> { resolve, reject }
    this.lastAsk = 0;
    this.offers = new Set(); // numbers of streams that end with the call
    calls.set(id, this);
  }

  /** Asks the server for something; `value` is encoded JSON text, sent beside the other members. */
  ask(operation, members, value) {
    if (this.isOver()) return Promise.reject(this.overError());
    if (this.asks.size >= limits.asks) {
      return Promise.reject(
        new Error(`more than ${limits.asks} calls wait at once; await some of them first`),
      );
    }
    this.lastAsk += 1;
    const number = this.lastAsk;
    const head = JSON.stringify({
      t: "ask",
      call: this.id,
      ask: number,
      op: operation,
      ...members,
    });
    sendText(value === undefined ? head : `${head.slice(0, -1)},"value":${value}}`);
    return new Promise((resolve, reject) => this.asks.set(number, { resolve, reject }));
  }

  onReply({ ask, error, ...reply }) {
    const waiting = this.asks.get(ask);
    this.asks.delete(ask);
    if (waiting === undefined) return;
    if (error === undefined) waiting.resolve({ ...reply, ask });
    else waiting.reject(new Error(error));
  }

  isOver() {
    return this.abort.signal.aborted || !calls.has(this.id);
  }

  overError() {
    return this.abort.signal.reason ?? new Error("the call is over; await what you start");
  }

  /** The caller has gone, or the time is up. */
  cancel(message) {
    const reason = new Error(message);
    currentCall.run(this, () => this.abort.abort(reason));
    for (const waiting of this.asks.values()) waiting.reject(reason);
    this.asks.clear();
    for (const number of this.offers) offered.get(number)?.stop(reason);
    this.close();
  }

  /** Tells the server that nothing more comes of this call. */
  close() {
    if (calls.delete(this.id)) send({ t: "end", id: this.id });
  }

  fail(thrown) {
    if (!calls.delete(this.id)) return;
    send({ t: "error", id: this.id, message: messageOf(thrown), stack: stackOf(thrown) });
  }

  succeed(value) {
    const text = encodeValue(value, { bigint: false });
    if (text !== undefined && text.length > limits.resultBytes) {
      throw new Error(`the result is larger than ${limits.resultBytes} bytes`);
    }
    if (!calls.has(this.id)) return;
    const head = `{"t":"result","id":${this.id}`;
    sendText(text === undefined ? `${head}}` : `${head},"value":${text}}`);
    calls.delete(this.id);
  }
}

/** Runs `body` as the call of a message; what it throws is the call's failure. */
function startCall(message, body) {
  const call = new Call(message);
  currentCall.run(call, async () => {
    try {
      await body(call);
    } catch (error) {
      call.fail(error);
    }
  });
}

const lineMax = 8192; // characters

function sendLine(level, text) {
  const call = currentCall.getStore();
  const line = withoutRoot(text).slice(0, lineMax);
  send({ t: "log", call: call?.id ?? 0, label: call?.label ?? "", level, text: line });
}

// console.* of a call comes home under its name.
function redirectConsole() {
  const levels = { debug: 0, log: 1, info: 1, dir: 1, table: 1, warn: 2, error: 3, trace: 3 };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => {
      const text = name === "dir" ? format(values[0]) : format(...values);
      sendLine(level, text);
    };
  }
  console.assert = (condition, ...values) => {
    if (!condition) console.error("Assertion failed:", ...values);
  };
}

// What escapes a call must not take the others down with it.
function catchStrays() {
  process.on("unhandledRejection", (reason) => {
    const text = `a promise was rejected and nobody listened: ${stackOf(reason) || messageOf(reason)}`;
    sendLine(3, text);
  });
  process.on("uncaughtException", (error) => {
    const call = currentCall.getStore();
    const text = `an error was thrown where nobody catches it: ${stackOf(error) || messageOf(error)}`;
    sendLine(3, text);
    call?.fail(error);
    send({ t: "tainted" }); // its state is unknown: no new calls
  });
}
