// Moonstone. Licence: see LICENSE.
// What a user would build without Moonstone: Express, ws and node:sqlite in one process. It serves
// the functions of bench/app with the same messages, so the same load generator drives it.
//
//   node server.mjs <database file>
//
// Alike: durable transactions (WAL, FULL), live queries that run once for equal arguments, pushes
// before the answer of the write. Not there, as one would leave it out: group commit, sandboxed
// functions, a change log, answers that are remembered per client, limits.
import { createServer } from "node:http";
import express from "express";
import { WebSocketServer } from "ws";
import { openDatabase } from "./database.mjs";
import { LiveQueries } from "./live.mjs";

const database = openDatabase(process.argv[2]);
const live = new LiveQueries(database.queries);

const app = express();
app.use(express.json());
app.post("/query", (request, response) => {
  const { fn, args } = request.body;
  response.json({ result: database.queries[fn].run(args ?? {}) });
});

function mutate(fn, args) {
  const mutation = database.mutations[fn];
  if (mutation === undefined) throw new Error(`There is no mutation ${fn}`);
  const result = database.transact(() => mutation.run(args));
  for (const table of mutation.tables) live.written(table);
  return result;
}

function serve(socket) {
  const subscriptions = new Map();
  const handlers = {
    hello: () => socket.send('{"type":"hello","server":"express","capabilities":[]}'),
    query({ fn, args }, id) {
      subscriptions.get(id)?.();
      const { json, end } = live.subscribe(fn, args, (changed) =>
        socket.send(`{"type":"update","id":${id},"result":${changed}}`),
      );
      subscriptions.set(id, end);
      socket.send(`{"type":"result","id":${id},"result":${json}}`);
    },
    unsubscribe(_message, id) {
      subscriptions.get(id)?.();
      subscriptions.delete(id);
    },
    mutation({ fn, args }, id) {
      const json = JSON.stringify(mutate(fn, args));
      const result = json === undefined ? "" : `,"result":${json}`;
      socket.send(`{"type":"mutationResult","id":${id}${result}}`);
    },
  };
  socket.on("message", (text) => {
    const message = JSON.parse(text);
    const id = JSON.stringify(message.id);
    try {
      handlers[message.type]?.(message, id);
    } catch (error) {
      const why = JSON.stringify(error.message);
      socket.send(`{"type":"error","id":${id},"code":"execution_error","message":${why}}`);
    }
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    for (const end of subscriptions.values()) end();
  });
}

const server = createServer(app);
new WebSocketServer({ server, path: "/ws" }).on("connection", serve);
server.listen(0, "127.0.0.1", 4096, () => {
  console.log(`serving on http://127.0.0.1:${server.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
