// Moonstone. Licence: see LICENSE.
//
// The worker's end of the socket to the server (descriptor 3): frames as internal/frames.h says.
// When it closes the server is gone, and so is the worker.
import { AsyncLocalStorage } from "node:async_hooks";
import { writeFileSync } from "node:fs";
import net from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const kinds = { message: 0, chunk: 1, end: 2, broken: 3, pull: 4, stop: 5 };
const headBytes = 9;
const frameBytesMax = 32 << 20; // as internal/frames.h says
const noBytes = Buffer.alloc(0);
const currentCall = new AsyncLocalStorage(); // of the code that runs

let socket;
let pending = []; // pieces of a frame that is not complete
let pendingBytes = 0;

function sendFrame(kind, number, payload = noBytes) {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt8(kind, 4);
  head.writeUInt32LE(number, 5);
  socket.cork();
  socket.write(head);
  socket.write(payload);
  socket.uncork();
}

// For messages that hold a value which is JSON text already.
function sendText(text) {
  const payload = Buffer.from(text);
  if (payload.length > frameBytesMax) {
    throw new RangeError(
      `a value of ${payload.length} bytes is too large; at most ${frameBytesMax} go to the server`,
    );
  }
  sendFrame(kinds.message, 0, payload);
}

const send = (message) => sendText(JSON.stringify(message));

function takeFrames(bytes, take) {
  pending.push(bytes);
  pendingBytes += bytes.length;
  const first = pending[0];
  if (first.length >= headBytes && pendingBytes < headBytes + first.readUInt32LE(0)) return;
  let rest = pending.length === 1 ? bytes : Buffer.concat(pending);
  while (rest.length >= headBytes) {
    const end = headBytes + rest.readUInt32LE(0);
    if (rest.length < end) break;
    take(rest.readUInt8(4), rest.readUInt32LE(5), rest.subarray(headBytes, end));
    rest = rest.subarray(end);
  }
  pending = rest.length === 0 ? [] : [rest];
  pendingBytes = rest.length;
}

function openSocket(take) {
  socket = new net.Socket({ fd: 3, readable: true, writable: true });
  socket.on("data", (bytes) => takeFrames(bytes, take));
  socket.on("close", () => process.exit(0));
  socket.on("error", () => process.exit(0));
}
