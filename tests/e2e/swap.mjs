import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openWindow } from "./lib/browser.mjs";
import {
  buildPage,
  copyOfExample,
  MOONSTONE,
  openSocket,
  serve,
  smallApp,
} from "./lib/moonstone.mjs";
import { run } from "./lib/process.mjs";
import { waitFor } from "./lib/wait.mjs";

const SCHEMA = `{ words: defineTable({ text: v.string() }) }`;
const functions = (version) => `import { mutation, query, v } from "./_generated/server";
export const greeting = query({ args: {}, handler: () => "version ${version}" });
export const words = query({
  args: {},
  handler: async (ctx) => (await ctx.db.query("words").collect()).map((word) => word.text),
});
export const slow = mutation({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    let sum = 0;
    for (let step = 0; step < 2e7; step++) sum += Math.sqrt(step);
    await ctx.db.insert("words", { text });
    return sum > 0;
  },
});
`;

export const test = {
  "new code swaps in under a socket with calls in flight": async (t) => {
    const folder = smallApp(t, { schema: SCHEMA, functions: functions(1) });
    const server = await serve(t, folder, { env: { MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0" } });
    const socket = await openSocket(t, server);
    socket.send({ type: "query", id: "greeting", fn: "app:greeting", args: {} });
    socket.send({ type: "query", id: "words", fn: "app:words", args: {} });
    await waitFor(
      "first results",
      () => socket.of("words").length + socket.of("greeting").length > 1,
    );

    let calls = 0;
    for (let version = 2; version <= 4; version++) {
      const isNew = () => socket.of("greeting").some((f) => f.result === `version ${version}`);
      // There is always a call under way until the new version shows.
      const keepCalling = async () => {
        while (!isNew()) {
          const id = `call ${calls++}`;
          socket.send({ type: "mutation", id, fn: "app:slow", args: { text: id } });
          await waitFor(`the answer to ${id}`, () => socket.of(id).length > 0);
          assert.equal(socket.of(id)[0].result, true, socket.of(id)[0].message);
        }
      };
      const callers = Array.from({ length: 4 }, keepCalling);
      writeFileSync(join(folder, "moonstone/app.ts"), functions(version));
      await Promise.all(callers);
    }

    const greetings = socket.of("greeting").map((frame) => frame.result);
    assert.deepEqual(greetings, ["version 1", "version 2", "version 3", "version 4"]);
    await waitFor("all words", () => socket.of("words").at(-1).result.length === calls);
    assert.ok(!socket.frames.some((frame) => frame.type === "reset"), "a reset was sent");
    assert.equal(socket.closeCode, undefined);
  },

  "a subscription whose result the new code leaves alone hears nothing": async (t) => {
    const folder = smallApp(t, { schema: SCHEMA, functions: functions(1) });
    const server = await serve(t, folder);
    const socket = await openSocket(t, server);
    socket.send({ type: "query", id: "greeting", fn: "app:greeting", args: {} });
    socket.send({ type: "query", id: "words", fn: "app:words", args: {} });
    await waitFor(
      "first results",
      () => socket.of("words").length + socket.of("greeting").length > 1,
    );
    writeFileSync(join(folder, "moonstone/app.ts"), functions(2));
    await waitFor("the new greeting", () => socket.of("greeting").length > 1);
    // Whatever the swap caused on this socket went out before this answer.
    socket.send({ type: "mutation", id: "last", fn: "app:slow", args: { text: "last" } });
    await waitFor("the answer", () => socket.of("last").length > 0);
    assert.deepEqual(
      socket.of("words").map((frame) => frame.result),
      [[], ["last"]],
    );
  },

  "a broken file keeps the last good version, a repaired one goes on": async (t) => {
    const folder = smallApp(t, { schema: SCHEMA, functions: functions(1) });
    const server = await serve(t, folder);
    const socket = await openSocket(t, server);
    socket.send({ type: "query", id: "greeting", fn: "app:greeting", args: {} });
    await waitFor("the first result", () => socket.of("greeting").length > 0);

    const before = server.output.length;
    writeFileSync(join(folder, "moonstone/app.ts"), "export const greeting = query({");
    await server.waitForOutput(/app\.ts:1/, before);
    await server.waitForOutput(/last good version/, before);
    socket.send({ type: "query", id: "again", fn: "app:greeting", args: {} });
    await waitFor("an answer of the old version", () => socket.of("again").length > 0);
    assert.equal(socket.of("again")[0].result, "version 1");

    writeFileSync(join(folder, "moonstone/app.ts"), functions(2));
    await waitFor("the new greeting", () => socket.of("greeting").length > 1);
    assert.equal(socket.of("greeting")[1].result, "version 2");
    assert.equal(socket.closeCode, undefined);
  },

  "an open page shows what an edited function gives, without a reload": async (t) => {
    const folder = copyOfExample(t, "chat");
    await run(t, MOONSTONE, ["codegen"], { cwd: folder });
    await buildPage(t, folder);
    const server = await serve(t, folder);
    const page = await openWindow(t, server.url);
    await page.getByLabel("Message to general").fill("quiet words");
    await page.getByLabel("Message to general").press("Enter");
    await page.getByText("quiet words", { exact: true }).waitFor();
    await page.evaluate(() => (globalThis.isSamePage = true));

    const file = join(folder, "moonstone/messages.ts");
    const source = readFileSync(file, "utf8");
    const louder = "latest.reverse().map((m) => ({ ...m, body: m.body.toUpperCase() }))";
    assert.ok(source.includes("latest.reverse()"));
    writeFileSync(file, source.replace("latest.reverse()", louder));
    await page.getByText("QUIET WORDS", { exact: true }).waitFor();

    const before = server.output.length;
    writeFileSync(file, source.replace("latest.reverse()", "latest.reverse(")); // broken
    await server.waitForOutput(/messages\.ts/, before);
    await page.getByLabel("Message to general").fill("still here");
    await page.getByLabel("Message to general").press("Enter");
    await page.getByText("STILL HERE", { exact: true }).waitFor();

    assert.equal(await page.evaluate(() => globalThis.isSamePage), true);
    assert.equal(page.sockets.length, 1, "the page connected again");
    assert.equal(page.sockets[0].isClosed, false);
    assert.ok(!page.sockets[0].frames.some((frame) => frame.type === "reset"));
    assert.deepEqual(page.problems, []);
  },
};
