import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { MoonstoneClient } from "@moonstone/client";

let server: WebSocketServer | undefined;
let client: MoonstoneClient | undefined;

afterEach(() => {
  client?.close();
  for (const socket of server?.clients ?? []) socket.terminate();
  server?.close();
});

/** A server with one counter, which remembers mutations by client and id. */
async function startCounter(cutAfterMutation: number): Promise<string> {
  let count = 0;
  let left = cutAfterMutation;
  const answers = new Map<string, number>();
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    let owner = "";
    const say = (frame: object): void => socket.send(JSON.stringify(frame));
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as { type: string; id: string; client: string };
      if (frame.type === "hello") {
        owner = frame.client;
        say({ type: "hello" });
      } else if (frame.type === "query") {
        say({ type: "result", id: frame.id, result: count });
      } else if (frame.type === "mutation") {
        const key = `${owner} ${frame.id}`;
        if (!answers.has(key)) answers.set(key, ++count);
        if (--left === 0) return socket.terminate(); // applied, but the answer is lost
        say({ type: "mutationResult", id: frame.id, result: answers.get(key) });
      }
    });
  });
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
}

it("applies mutations once in order over real sockets that break", async () => {
  const url = await startCounter(3);
  client = new MoonstoneClient(url, { webSocket: WebSocket, backoff: { baseMs: 1 } });
  const states: string[] = [];
  client.onConnectionChange((state) => states.push(state));
  const results = await Promise.all(
    Array.from({ length: 6 }, () => client!.mutation("counter:increment", {})),
  );
  expect(results).toEqual([1, 2, 3, 4, 5, 6]);
  expect(states).toEqual(["connected", "disconnected", "connecting", "connected"]);
  const value = await new Promise((resolve) => client!.subscribe("counter:get", {}, resolve));
  expect(value).toBe(6);
});
