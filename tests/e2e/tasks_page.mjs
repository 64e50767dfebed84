// What the tests of the board look at inside a page.
import assert from "node:assert/strict";
import { waitFor } from "./lib/wait.mjs";

/** Waits until the page would open without a connection. */
export async function waitUntilKeptOffline(page) {
  await waitFor("the kept page", () =>
    page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      return (await caches.match("/")) !== undefined;
    }),
  );
}

/** Whether the browser has a text in one of the page's databases. */
export function isStored(page, text) {
  return page.evaluate(async (text) => {
    const resultOf = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await resultOf(indexedDB.open(name));
      const stores = [...database.objectStoreNames].map((store) =>
        resultOf(database.transaction(store).objectStore(store).getAll()),
      );
      const found = JSON.stringify(await Promise.all(stores)).includes(text);
      database.close();
      if (found) return true;
    }
    return false;
  }, text);
}

/** What one must never see of a card, given the columns in which it was, state by state. */
function flickerOf(columns) {
  const steps = columns.filter((column, index) => column !== columns[index - 1]);
  const shown = steps
    .join(" > ")
    .replace(/^none > /, "")
    .replace(/ > none$/, "");
  return /^(todo|done|todo > done)$/.test(shown) ? undefined : steps.join(" > ");
}

/** Records every state of the board's cards from now on; `check` judges them. */
export async function recordCards(page) {
  await page.evaluate(() => {
    globalThis.boardStates = [];
    const look = () => {
      const state = {};
      for (const card of document.querySelectorAll("[data-key]")) {
        const title = card.querySelector("a").textContent;
        const column = card.closest("[data-status]").dataset.status;
        state[title] = title in state ? "twice" : column;
      }
      globalThis.boardStates.push(state);
    };
    look();
    const options = { childList: true, subtree: true, characterData: true, attributes: true };
    new MutationObserver(look).observe(document.querySelector(".board"), options);
  });
  return {
    async check() {
      const states = await page.evaluate(() => globalThis.boardStates);
      assert.ok(states.length > 10, "nothing was recorded");
      for (const title of new Set(states.flatMap((state) => Object.keys(state)))) {
        const flicker = flickerOf(states.map((state) => state[title] ?? "none"));
        assert.equal(flicker, undefined, `"${title}" went ${flicker}`);
      }
    },
  };
}

/**
 * Scrolls the activity to its end, screen by screen, and calls `between` now and then. Returns the
 * titles that were in view, and where rows of samples that were in view together were not
 * neighbours.
 */
export async function scrollToTheEnd(page, between) {
  const seen = { titles: new Set(), gaps: [] };
  for (;;) {
    const { titles, gaps, isAtEnd } = await page.evaluate(scrollOn, 8);
    for (const title of titles) seen.titles.add(title);
    seen.gaps.push(...gaps);
    if (isAtEnd) return seen;
    await between();
  }
}

/** Runs in the page: scrolls some screens further, looking at each. */
async function scrollOn(screens) {
  const ROW_PX = 54;
  const list = document.querySelector(".rows");
  const titles = [];
  const gaps = [];

  const rowsInPage = () => {
    const rows = [...list.querySelectorAll("li")];
    return rows.sort((a, b) => a.ariaPosInSet - b.ariaPosInSet);
  };
  const isFilled = (rows) => {
    const count = list.querySelector("ol").offsetHeight / ROW_PX;
    const top = list.scrollTop / ROW_PX;
    const bottom = Math.min(count, top + list.clientHeight / ROW_PX);
    return rows[0]?.ariaPosInSet - 1 <= top && rows.at(-1).ariaPosInSet >= Math.floor(bottom);
  };
  const look = (rows) => {
    const now = rows.map((row) => row.querySelector("q").textContent);
    titles.push(...now);
    const numbers = now.map((title) => Number(/^Entry (\d+)/.exec(title)?.[1]));
    for (let index = 1; index < now.length; index++) {
      const [number, before] = [numbers[index], numbers[index - 1]];
      if (before && number !== before - 1) gaps.push([now[index - 1], now[index]]);
    }
  };
  const isAtEnd = () =>
    list.querySelector(".end") !== null &&
    list.scrollTop + list.clientHeight >= list.scrollHeight - 1;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

  for (let screen = 0; screen < screens; screen++) {
    while (!isFilled(rowsInPage())) await frame();
    const rows = rowsInPage();
    look(rows);
    if (isAtEnd()) return { titles, gaps, isAtEnd: true };
    list.scrollTop = (rows.at(-1).ariaPosInSet - 1) * ROW_PX; // the last one that was seen
    await frame();
  }
  return { titles, gaps, isAtEnd: false }; // where it has scrolled to was not looked at yet
}
