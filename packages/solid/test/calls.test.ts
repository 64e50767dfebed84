import { expect, it } from "vitest";
import { createAction, createMutation, createQuery } from "@moonstone/solid";
import { flush } from "../../client/test/fake_socket.js";
import { add, list, ping, prepareApp } from "./harness.js";

const app = prepareApp();
const { mount } = app;

it("createMutation and createAction run", async () => {
  const { value: calls } = mount(() => [createMutation(add), createAction(ping)] as const);
  await app.last().accept();
  const results = Promise.all([calls[0]({ text: "x" }), calls[1]()]);
  await flush();
  expect(app.last().calls).toEqual([
    { type: "mutation", id: "1", fn: "notes:add", args: { text: "x" } },
    { type: "action", id: "a1", fn: "net:ping", args: {} },
  ]);
  await app
    .last()
    .say(
      { type: "mutationResult", id: "1", result: "n:1" },
      { type: "actionResult", id: "a1", result: "pong" },
    );
  expect(await results).toEqual(["n:1", "pong"]);
});

it("an event is no arguments", async () => {
  const { value: run } = mount(() => createAction(ping));
  await app.last().accept();
  void run(new Event("click")).catch(() => {});
  await flush();
  expect(app.last().calls).toEqual([{ type: "action", id: "a1", fn: "net:ping", args: {} }]);
});

it("an optimistic update shows at once and leaves no trace", async () => {
  const { value: page } = mount(() => ({
    rows: createQuery(list, { tag: "a" }),
    send: createMutation(add, {
      optimisticUpdate: (store, { text }) => {
        const rows = store.getQuery(list, { tag: "a" }) ?? [];
        store.setQuery(list, { tag: "a" }, [...rows, { _id: "new", text }]);
      },
    }),
  }));
  const texts = (): string[] | undefined => page.rows()?.map(({ text }) => text);
  await app.last().accept();
  await app.last().say({ type: "result", id: "q1", result: [] });
  const sent = page.send({ text: "two" });
  await flush();
  expect(texts()).toEqual(["two"]);
  await app
    .last()
    .say(
      { type: "update", id: "q1", result: [{ _id: "n:2", text: "TWO" }] },
      { type: "mutationResult", id: "1", result: "n:2" },
    );
  expect(await sent).toBe("n:2");
  expect(texts()).toEqual(["TWO"]);
});

it("nothing can be called where a server renders", async () => {
  const { value: send } = mount(() => createMutation(add), null);
  await expect(send({ text: "x" })).rejects.toMatchObject({ code: "no_client" });
});
