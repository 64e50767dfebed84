// Moonstone. Licence: see LICENSE.
//
// Byte streams over the socket. The taker asks for each piece, so that nothing piles up. Ours have
// odd numbers, the server's even ones.

const pieceBytes = 64 * 1024;
const offered = new Map(); // number -> Offer: what the server reads from us
const taken = new Map(); // number -> { resolve, reject } of the read under way
let lastOffered = -1;

class Offer {
  constructor(number, reader, first, onEnd) {
    this.number = number;
    this.reader = reader;
    this.next = first; // the promise of a read that has begun
    this.left = noBytes;
    this.onEnd = onEnd;
    this.call = currentCall.getStore(); // whose code makes the bytes
  }

  pull() {
    currentCall.run(this.call, () => this.sendNext());
  }

  async sendNext() {
    try {
      while (this.left.length === 0) {
        const { value, done } = await (this.next ?? this.reader.read());
        this.next = undefined;
        if (done) return this.finish(kinds.end);
        this.left = bytesOf(value);
        if (this.left === undefined) {
          throw new TypeError("a body stream must yield Uint8Arrays; encode text first");
        }
      }
      const piece = this.left.subarray(0, pieceBytes);
      this.left = this.left.subarray(piece.length);
      sendFrame(kinds.chunk, this.number, piece);
    } catch (error) {
      this.reader.cancel(error).catch(() => {});
      this.finish(kinds.broken, Buffer.from(messageOf(error)));
    }
  }

  finish(kind, payload) {
    if (!offered.delete(this.number)) return; // stopped meanwhile
    sendFrame(kind, this.number, payload);
    this.onEnd();
  }

  stop(reason) {
    if (!offered.delete(this.number)) return;
    currentCall.run(this.call, () => this.reader.cancel(reason).catch(() => {}));
    this.onEnd();
  }
}

/** Lets the server read `reader`; `first` is the promise of a read that has begun. */
function offerStream(reader, first, onEnd = () => {}) {
  lastOffered += 2;
  offered.set(lastOffered, new Offer(lastOffered, reader, first, onEnd));
  return lastOffered;
}

/** A ReadableStream of what the server offers under `number`. */
function takeStream(number, onTouch = () => {}) {
  return new ReadableStream(
    {
      async pull(controller) {
        onTouch();
        const piece = await new Promise((resolve, reject) => {
          taken.set(number, { resolve, reject });
          sendFrame(kinds.pull, number);
        });
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel() {
        onTouch();
        taken.delete(number);
        sendFrame(kinds.stop, number);
      },
    },
    { highWaterMark: 0 },
  );
}

function onStreamFrame(kind, number, payload) {
  if (kind === kinds.pull) return void offered.get(number)?.pull();
  if (kind === kinds.stop) return offered.get(number)?.stop(new Error("nobody reads on"));
  const read = taken.get(number);
  taken.delete(number);
  if (read === undefined) return;
  if (kind === kinds.chunk)
    read.resolve(new Uint8Array(payload)); // a copy of its own
  else if (kind === kinds.end) read.resolve(undefined);
  else read.reject(new Error(payload.toString()));
}
