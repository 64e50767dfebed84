// Moonstone. Licence: see LICENSE.
//
// From a message to a Request, and from a Response to messages and a stream.

// fetch knows no request with a body for these.
const isBodiless = (method) => method === "GET" || method === "HEAD";
// A body that is there at once goes with the head, up to this size.
const inlineBytesMax = 256 * 1024;
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);

function requestOf(call, { method, url, headers, stream }, onTouch) {
  const hasBody = stream !== undefined && !isBodiless(method);
  return new Request(url, {
    method,
    headers,
    signal: call.abort.signal,
    ...(hasBody ? { body: takeStream(stream, onTouch), duplex: "half" } : {}),
  });
}

function headersOf(response) {
  const headers = [];
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie" && !hopByHop.has(name)) headers.push([name, value]);
  }
  const cookies =
    response.headers.getSetCookie?.() ??
    (response.headers.has("set-cookie") ? [response.headers.get("set-cookie")] : []);
  for (const cookie of cookies) headers.push(["set-cookie", cookie]);
  return headers;
}

function isResponse(value) {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof value.status === "number" &&
    typeof value.headers?.forEach === "function" &&
    "body" in value
  );
}

const notYet = Symbol();
const nextTurn = () => new Promise((resolve) => setImmediate(resolve, notYet));

/** The whole body if it is there at once and small, else what a stream of it needs. */
async function peekBody(body) {
  const reader = body.getReader();
  const first = reader.read();
  first.catch(() => {}); // the stream reports it
  const piece = await Promise.race([first.catch(() => notYet), nextTurn()]);
  if (piece === notYet) return { reader, first };
  if (piece.done) return { whole: noBytes };
  const bytes = bytesOf(piece.value);
  if (bytes === undefined || bytes.length > inlineBytesMax) return { reader, first };
  const second = reader.read();
  second.catch(() => {});
  const end = await Promise.race([second.catch(() => notYet), nextTurn()]);
  if (end !== notYet && end.done) return { whole: bytes };
  let isFirst = true;
  const rest = {
    read: () => {
      if (isFirst) {
        isFirst = false;
        return second;
      }
      return reader.read();
    },
    cancel: (reason) => reader.cancel(reason),
  };
  return { reader: rest, first };
}

/** Sends the answer of a call; the call ends with the body. */
async function respond(call, response, place) {
  if (!isResponse(response)) {
    throw new TypeError(`${place} must return a Response, got ${format(response).slice(0, 60)}`);
  }
  if (response.bodyUsed) throw new TypeError(`${place} returned a Response whose body was read`);
  const head = {
    t: "response",
    id: call.id,
    status: response.status,
    headers: headersOf(response),
  };
  const length = Number(response.headers.get("content-length") ?? NaN);
  if (Number.isSafeInteger(length) && length >= 0) head.length = length;
  const original = response.body === null ? undefined : untouchedOriginal(response.body);
  if (original !== undefined) return finishWith(call, { ...head, forwarded: original });
  if (response.body === null) return finishWith(call, { ...head, body: "" });
  const { whole, reader, first } = await peekBody(response.body);
  if (call.isOver()) return void response.body.cancel?.().catch(() => {});
  if (whole !== undefined) return finishWith(call, { ...head, body: whole.toString("base64") });
  const stream = offerStream(reader, first, () => call.close());
  call.offers.add(stream);
  send({ ...head, stream });
}

function finishWith(call, message) {
  if (calls.delete(call.id)) send(message);
}
