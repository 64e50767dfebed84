// The board of tasks in headless Chromium, against the real binary: the same scenarios for React
// and for Solid.
import assert from "node:assert/strict";
import { join } from "node:path";
import { query } from "./lib/moonstone.mjs";
import { run } from "./lib/process.mjs";
import { waitFor } from "./lib/wait.mjs";
import { exampleFolder, startProject, startTasks } from "./tasks_app.mjs";
import { isStored, recordCards, scrollToTheEnd, waitUntilKeptOffline } from "./tasks_page.mjs";

const EXAMPLES = { React: "tasks", Solid: "tasks-solid" };

function card(page, title) {
  return page.locator("[data-key]", { hasText: title });
}

function titlesOf(page, status) {
  return page.locator(`[data-status=${status}] [data-key] a`).allTextContents();
}

async function add(page, title) {
  await page.getByLabel("New task").fill(title);
  await page.getByLabel("New task").press("Enter");
  await card(page, title).waitFor();
}

/** What went wrong on pages, except that there was no connection. */
function problemsOf(...pages) {
  const isOutage = /net::ERR_|WebSocket connection to/;
  return pages.flatMap((page) => page.problems.filter((text) => !isOutage.test(text)));
}

/** The mutations that pages have sent, on all of their sockets. */
function mutationsOf(...pages) {
  const frames = pages.flatMap((page) => page.sockets.flatMap((socket) => socket.sent));
  return frames.filter((frame) => frame.type === "mutation");
}

async function boardOf(app) {
  return query(app.server, "tasks:board", { project: app.project });
}

async function activityOf(app, numItems = 1_000) {
  const args = { project: app.project, numItems };
  return (await query(app.server, "activity:page", args)).page;
}

const isConnected = (page) => page.getByLabel("Connection").getByText("Live").waitFor();
const isOffline = (page) => page.getByText("No connection.").waitFor({ state: "attached" });

async function worksOffline(t, example) {
  const app = await startProject(t, example);
  await app.create("kept000000000000", "Known from before");
  const page = await app.open();
  await card(page, "Known from before").waitFor();
  await waitUntilKeptOffline(page);
  await waitFor("the board on disk", () => isStored(page, "Known from before"));

  app.front.cut();
  await isOffline(page);
  const socketsBefore = page.sockets.length;
  await page.reload();
  await card(page, "Known from before").waitFor();
  await page.getByText("saved copy").waitFor({ state: "attached" });
  const frames = page.sockets.slice(socketsBefore).flatMap((socket) => socket.frames);
  assert.deepEqual(frames, [], "the server answered");

  await add(page, "Written offline");
  await card(page, "Written offline").getByRole("checkbox").click();
  await card(page, "Written offline").getByRole("link").click();
  await page.getByLabel("New comment").fill("Said offline");
  await page.getByLabel("New comment").press("Enter");
  await page.getByText("Said offline").waitFor();
  assert.deepEqual(await titlesOf(page, "done"), ["Written offline"]);
  await waitFor("the changes on disk", () => isStored(page, "Said offline"));
  await page.screenshot({ path: t.artefact(`${example}-offline.png`) });

  const later = await app.tab(page);
  await page.close();
  await card(later, "Known from before").waitFor();
  await app.restore(later);
  await card(later, "Written offline").waitFor();
  await isConnected(later);
  await waitFor("all changes at the server", async () => (await activityOf(app)).length === 4);
  const tasks = (await boardOf(app)).map(({ title, status, comments }) => [
    title,
    status,
    comments,
  ]);
  assert.deepEqual(tasks, [
    ["Known from before", "todo", 0],
    ["Written offline", "done", 1],
  ]);
  const verbs = (await activityOf(app)).map(({ verb }) => verb);
  assert.deepEqual(verbs, ["commented", "finished", "added", "added"]);
  assert.equal(mutationsOf(page, later).length, 3, "something was sent more than once");
  await waitFor("an empty queue", async () => !(await isStored(later, "Said offline")));
  assert.deepEqual(problemsOf(page, later), []);
}

async function sharesOneQueue(t, example) {
  const app = await startProject(t, example);
  const first = await app.open();
  const second = await app.tab(first);
  for (const page of [first, second]) {
    await isConnected(page);
    await page.getByLabel("New task").waitFor(); // a board that is not there yet stays away offline
  }

  app.front.cut();
  await isOffline(first);
  await isOffline(second);
  for (const number of [1, 2, 3]) {
    await add(first, `First ${number}`);
    await add(second, `Second ${number}`);
  }
  await app.restore(first, second);

  for (const page of [first, second]) {
    await waitFor("all tasks in a tab", async () => (await titlesOf(page, "todo")).length === 6);
  }
  await waitFor("all tasks at the server", async () => (await boardOf(app)).length === 6);
  const titles = (await activityOf(app)).map(({ title }) => title).reverse();
  for (const tab of ["First", "Second"]) {
    const own = titles.filter((title) => title.startsWith(tab));
    assert.deepEqual(
      own,
      [1, 2, 3].map((number) => `${tab} ${number}`),
    );
  }
  assert.equal(titles.length, 6);
  assert.equal(mutationsOf(first, second).length, 6, "something was sent more than once");
  assert.deepEqual(problemsOf(first, second), []);
}

async function showsChangesWithoutFlicker(t, example) {
  const app = await startProject(t, example);
  for (const number of [5, 4, 3, 2, 1]) {
    await app.create(`task00000000000${number}`, `Task ${number}`);
  }
  const page = await app.open();
  await card(page, "Task 4").getByRole("link").click();
  await page.getByRole("button", { name: "Delete task" }).waitFor();
  const states = await recordCards(page);
  const settled = () => page.locator("[data-pending=true]").waitFor({ state: "detached" });

  // Nothing of the server's arrives while a change is made: what shows is the page's own doing.
  app.front.hold();
  await add(page, "Fresh");
  await card(page, "Task 2").getByRole("checkbox").click();
  await card(page, "Task 3").getByRole("link").press("Alt+ArrowDown");
  await page.getByRole("button", { name: "Delete task" }).click();
  await card(page, "Task 4").waitFor({ state: "detached" });
  const expected = ["Fresh", "Task 1", "Task 3", "Task 5"];
  assert.deepEqual(await titlesOf(page, "todo"), expected);
  assert.deepEqual(await titlesOf(page, "done"), ["Task 2"]);
  app.front.release();
  await settled();

  // And now with somebody else at work, and whatever order the network makes of it.
  const others = [];
  for (let number = 0; number < 10; number++) {
    others.push(app.create(`other0000000000${number}`, `Other ${number}`));
    await add(page, `Mine ${number}`);
    await card(page, `Mine ${number}`).getByRole("checkbox").click();
  }
  await Promise.all(others);
  await settled();
  const count = 4 + 1 + 20;
  await waitFor("all tasks", async () => (await page.locator("[data-key]").count()) === count);
  await waitFor("the last answer", async () => (await activityOf(app)).length === 5 + 3 + 30);

  await states.check();
  assert.deepEqual(problemsOf(page), []);
}

async function refusalsAreTakenBack(t, example) {
  const app = await startProject(t, example);
  const page = await app.open();
  await page.getByLabel("New task").waitFor();
  const tooLong = "Too long ".repeat(20);
  app.front.hold();
  await add(page, tooLong);
  app.front.release();
  await page.getByText("at most 120 fit").waitFor();
  await card(page, tooLong).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await page.getByRole("alert").count(), 0);
}

async function pagesTenThousandRows(t, example) {
  const app = await startTasks(t, example);
  app.project = "observatory00000";
  const page = await app.open({ panel: "", width: 600, height: 1_600 });
  await page.getByRole("button", { name: "Fill with samples" }).click();
  await page.getByRole("button", { name: "Filling…" }).waitFor({ state: "detached" });
  await waitFor("all samples", async () =>
    (await activityOf(app, 1))[0]?.title.startsWith("Entry 10000:"),
  );
  await page.getByRole("button", { name: "Activity" }).click();
  await page.getByText("Entry 10000:").waitFor();

  // Rows come on top while somebody scrolls: a number of them for each stretch.
  let created = 0;
  const seen = await scrollToTheEnd(page, async () => {
    if (created < 20) await app.create(`new000000000000${created++}`.slice(-16), `New ${created}`);
  });
  assert.deepEqual(seen.gaps, []);
  const numbers = new Set([...seen.titles].map((title) => /^Entry (\d+)/.exec(title)?.[1]));
  const all = Array.from({ length: 10_000 }, (_, index) => String(index + 1));
  assert.deepEqual(
    all.filter((number) => !numbers.has(number)),
    [],
  );
  assert.equal(created, 20);

  await page.locator(".rows").evaluate((list) => list.scrollTo({ top: 0 }));
  await page.getByText("New 20").first().waitFor();
  await waitFor("all rows", () => page.getByText("10,020", { exact: true }).count());
  await page.screenshot({ path: t.artefact(`${example}-activity.png`) });
  assert.deepEqual(problemsOf(page), []);
}

async function showsTheRest(t, example) {
  const app = await startTasks(t, example);
  const page = await app.open({ panel: "" });
  await page.getByRole("button", { name: "Fill with samples" }).click();
  await card(page, "Align the main mirror").waitFor();
  await page.screenshot({ path: t.artefact(`${example}-board.png`) });

  await page.getByLabel("Search all tasks").fill("harpsi");
  await page.getByLabel("Found tasks").getByText("Tune the harpsichord").click();
  await page.getByRole("heading", { name: "Spring concert" }).waitFor();
  await page.getByLabel("Title").waitFor();

  const file = { name: "score.txt", mimeType: "text/plain", buffer: Buffer.from("do re mi") };
  await page.getByLabel("Attach a file").setInputFiles(file);
  const link = page.getByRole("link", { name: "score.txt" });
  await link.waitFor();
  const address = await link.getAttribute("href");
  assert.equal(await (await fetch(address)).text(), "do re mi");

  await page.getByRole("button", { name: "Report" }).click();
  await page.getByRole("dialog").getByText("- Tune the harpsichord").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  assert.deepEqual(problemsOf(page), []);

  await page.goto(`${app.front.url}/#/concert000000000/Not%20a%20key`);
  await page.getByText('"Not a key" is no key').waitFor();
  await page.getByRole("button", { name: "Back to the board" }).click();
  await page.getByText('"Not a key" is no key').waitFor({ state: "detached" });

  await card(page, "Tune the harpsichord").dragTo(page.locator("[data-status=doing] ol"));
  await page.locator("[data-status=doing]").getByText("Tune the harpsichord").waitFor();
  const board = () => query(app.server, "tasks:board", { project: "concert000000000" });
  const isDropped = ({ title, status }) => title.startsWith("Tune") && status === "doing";
  await waitFor("the drop at the server", async () => (await board()).some(isDropped));
}

async function typesFit(t, example) {
  const folder = await exampleFolder(t, example);
  const tsc = join(folder, "node_modules", "typescript", "bin", "tsc");
  await run(t, process.execPath, [tsc, "-p", folder], { cwd: folder });
}

const SCENARIOS = {
  "its types fit": typesFit,
  "an offline reload shows what was kept; offline changes arrive once": worksOffline,
  "two tabs send one queue once": sharesOneQueue,
  "changes show at once and never flicker": showsChangesWithoutFlicker,
  "what the server refuses is taken back, with the reason": refusalsAreTakenBack,
  "10,000 rows without gaps while rows come on top": pagesTenThousandRows,
  "search, files, an action, an error in its boundary, dragging": showsTheRest,
};

export const test = Object.fromEntries(
  Object.entries(EXAMPLES).flatMap(([framework, example]) =>
    Object.entries(SCENARIOS).map(([name, scenario]) => [
      `tasks in ${framework}: ${name}`,
      (t) => scenario(t, example),
    ]),
  ),
);
