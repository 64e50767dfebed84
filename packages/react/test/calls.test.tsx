// @vitest-environment happy-dom
import { act } from "react";
import type { ReactNode } from "react";
import { expect, it } from "vitest";
import { useAction, useMutation, useQuery } from "@moonstone/react";
import { flush } from "../../client/test/fake_socket.js";
import { add, list, ping, preparePage } from "./harness.js";

const page = preparePage();

it("useMutation and useAction run, and stay the same", async () => {
  const seen: [(args: { text: string }) => Promise<string>, () => Promise<string>][] = [];
  function Caller({ tick }: { tick: number }): ReactNode {
    seen.push([useMutation(add), useAction(ping)]);
    return tick;
  }
  await page.accept();
  await page.show(<Caller tick={1} />);
  await page.show(<Caller tick={2} />);
  expect(seen[1]![0]).toBe(seen[0]![0]);
  expect(seen[1]![1]).toBe(seen[0]![1]);
  const results = Promise.all([seen[0]![0]({ text: "x" }), seen[0]![1]()]);
  await flush();
  expect(page.last().calls).toEqual([
    { type: "mutation", id: "1", fn: "notes:add", args: { text: "x" } },
    { type: "action", id: "a1", fn: "net:ping", args: {} },
  ]);
  await page.say(
    { type: "mutationResult", id: "1", result: "n:1" },
    { type: "actionResult", id: "a1", result: "pong" },
  );
  expect(await results).toEqual(["n:1", "pong"]);
});

it("an event is no arguments", async () => {
  function Button(): ReactNode {
    return <button onClick={useAction(ping)}>Ping</button>;
  }
  await page.accept();
  await page.show(<Button />);
  document.body.append(page.container);
  await act(async () => {
    page.container.querySelector("button")!.click();
    await flush();
  });
  page.container.remove();
  await page.say({ type: "actionResult", id: "a1", result: "pong" });
  expect(page.last().calls).toEqual([{ type: "action", id: "a1", fn: "net:ping", args: {} }]);
});

it("an optimistic update shows at once, is the one of the latest render, and leaves no trace", async () => {
  let send!: (args: { text: string }) => Promise<string>;
  const functions = new Set<unknown>();
  function Rows({ mark }: { mark: string }): ReactNode {
    send = useMutation(add, {
      optimisticUpdate: (store, { text }) => {
        const rows = store.getQuery(list, { tag: "a" }) ?? [];
        store.setQuery(list, { tag: "a" }, [...rows, { _id: "new", text: mark + text }]);
      },
    });
    functions.add(send);
    return useQuery(list, { tag: "a" })
      ?.map(({ text }) => text)
      .join();
  }
  await page.accept();
  await page.show(<Rows mark="?" />);
  await page.say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "one" }] });
  await page.show(<Rows mark="~" />);
  expect(functions.size).toBe(1);
  let sent!: Promise<string>;
  await act(async () => {
    sent = send({ text: "two" });
    await flush();
  });
  expect(page.container.textContent).toBe("one,~two");
  const rows = [
    { _id: "n:1", text: "one" },
    { _id: "n:2", text: "two" },
  ];
  await page.say(
    { type: "update", id: "q1", result: rows },
    { type: "mutationResult", id: "1", result: "n:2" },
  );
  expect(await sent).toBe("n:2");
  expect(page.container.textContent).toBe("one,two");
});

it("a refused mutation rejects, and its optimistic update is taken back", async () => {
  let send!: (args: { text: string }) => Promise<string>;
  function Rows(): ReactNode {
    send = useMutation(add, {
      optimisticUpdate: (store, { text }) => {
        store.setQuery(list, { tag: "a" }, [{ _id: "new", text }]);
      },
    });
    return useQuery(list, { tag: "a" })
      ?.map(({ text }) => text)
      .join();
  }
  await page.accept();
  await page.show(<Rows />);
  await page.say({ type: "result", id: "q1", result: [] });
  let outcome!: Promise<unknown>;
  await act(async () => {
    outcome = send({ text: "x" }).catch((error: Error) => error.message);
    await flush();
  });
  expect(page.container.textContent).toBe("x");
  await page.say({ type: "error", id: "1", code: "execution_error", message: "not today" });
  expect(await outcome).toBe("not today");
  expect(page.container.textContent).toBe("");
});
