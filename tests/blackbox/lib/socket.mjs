// Moonstone. Licence: see LICENSE.
// A client of the socket protocol that hides nothing: every frame that came is kept in order.
import WebSocket from "ws";
import { kWait, until } from "./server.mjs";

let next = 0;

export class Socket {
  static async open(server, options = {}) {
    const socket = new Socket();
    socket.frames = [];
    socket.texts = [];
    socket.ws = new WebSocket(server.url.replace("http", "ws") + "/ws", options);
    socket.ws.on("message", (data, binary) => {
      socket.texts.push(binary ? data : String(data));
      socket.frames.push(binary ? { binary: data } : JSON.parse(String(data)));
    });
    socket.ws.on("close", (code, reason) => (socket.closed = { code, reason: String(reason) }));
    socket.ws.on("error", (error) => (socket.error = error));
    await until("the socket to open", () => {
      if (socket.error) throw socket.error;
      return socket.ws.readyState === WebSocket.OPEN;
    });
    socket.ws._socket.unref();
    return socket;
  }
  send(frame) {
    this.ws.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }
  /** The first frame from `from` on that satisfies `test`. */
  wait(what, test, from = 0, limit = kWait) {
    return until(
      () => what,
      () => {
        const found = this.frames.slice(from).find(test);
        if (!found && this.closed)
          throw new Error(`closed with ${this.closed.code} before ${what}`);
        return found;
      },
      limit,
    ).catch((error) => {
      const seen = JSON.stringify(this.frames.slice(from)).slice(0, 600);
      throw new Error(`${error.message.replace("() => what", what)} (${what}); frames: ${seen}`);
    });
  }
  waitClosed() {
    return until("the socket to close", () => this.closed);
  }
  /** Sends one request and returns the first answer that carries its id. */
  async ask(type, fn, args, id = `r${++next}`) {
    const from = this.frames.length;
    this.send({ type, id, fn, args });
    const key = JSON.stringify(id);
    return this.wait(
      `the answer to ${type} ${fn}`,
      (frame) =>
        JSON.stringify(frame.id) === key &&
        ["result", "mutationResult", "actionResult", "error"].includes(frame.type),
      from,
    );
  }
  query(fn, args = {}, id) {
    return this.ask("query", fn, args, id);
  }
  mutation(fn, args = {}, id) {
    return this.ask("mutation", fn, args, id);
  }
  async ping() {
    const from = this.frames.length;
    this.send({ type: "ping" });
    return this.wait("pong", (frame) => frame.type === "pong", from);
  }
  /** All pushes since frame `from`, flattened to [id, result]. */
  pushes(from = 0) {
    return this.frames.slice(from).flatMap((frame) => {
      if (frame.type === "update") return [[frame.id, frame.result]];
      if (frame.type === "updates") return frame.items.map((item) => [item.id, item.result]);
      return [];
    });
  }
  waitPush(id, test = () => true, from = 0) {
    return until(`a push for ${id}`, () =>
      this.pushes(from).find(([key, value]) => key === id && test(value)),
    ).catch((error) => {
      throw new Error(
        `${error.message}; frames: ${JSON.stringify(this.frames.slice(from)).slice(0, 600)}`,
      );
    });
  }
  close() {
    this.ws.close();
    return until("the socket to close", () => this.closed);
  }
}
