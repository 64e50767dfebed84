// The queue of mutations by itself: what it sends, and what it makes of answers.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MutationQueue } from "../src/mutation_queue.js";
import { Outbox } from "../src/outbox.js";

const TIMEOUT_MS = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("the answer to an abandoned mutation of another page is not taken for one of ours", async () => {
  const sent: { type: string; id?: string }[] = [];
  const outbox = new Outbox(
    (text) => void sent.push(JSON.parse(text)),
    0,
    0,
    () => {},
  );
  const drop = vi.fn(() => queue.connectionLost());
  const queue = new MutationQueue(outbox, TIMEOUT_MS, "ours", { hasIdentity: () => true, drop });
  queue.connectionOpened();
  queue.serverGreeted();

  const onFailed = vi.fn();
  queue.adopt([{ client: "earlier", id: "1", fn: "m:old", args: {} }], "first", onFailed);
  queue.serverGreeted();
  await vi.advanceTimersByTimeAsync(0);
  const own = queue.add("m:new", {});
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  expect(onFailed).toHaveBeenCalledOnce();
  expect(drop).toHaveBeenCalledOnce(); // both have the id 1: this connection cannot tell them apart

  queue.connectionOpened();
  queue.serverGreeted();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent.filter(({ type }) => type === "mutation").map(({ id }) => id)).toEqual(["1", "1"]);
  expect(queue.settle("1", { result: 5 })).toBe(true);
  expect(await own).toBe(5);
});
