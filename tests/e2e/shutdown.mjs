import assert from "node:assert/strict";
import { openSocket, serve, smallApp } from "./lib/moonstone.mjs";
import { waitFor } from "./lib/wait.mjs";

const FUNCTIONS = `import { query } from "./_generated/server";
export const one = query({ args: {}, handler: () => 1 });
`;

export const test = {
  "SIGTERM closes the sockets with a code and exits with 0": async (t) => {
    const server = await serve(t, smallApp(t, { functions: FUNCTIONS }));
    const socket = await openSocket(t, server);
    socket.send({ type: "query", id: "q", fn: "app:one", args: {} });
    await waitFor("the result", () => socket.of("q").length > 0);
    assert.equal(await server.end("SIGTERM"), 0, server.output);
    await waitFor("the close", () => socket.closeCode !== undefined);
    assert.equal(socket.closeCode, 1001);
  },

  "SIGINT exits with 0, and the next start finds the data free": async (t) => {
    const folder = smallApp(t, { functions: FUNCTIONS });
    const first = await serve(t, folder);
    assert.equal(await first.end("SIGINT"), 0, first.output);
    const second = await serve(t, folder);
    assert.equal(await (await fetch(`${second.url}/health`)).text(), "OK");
  },
};
