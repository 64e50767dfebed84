// The example of rendering on a server: HTML with rows, hydration without a mismatch, then live.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { openWindow } from "./lib/browser.mjs";
import { copyOfExample, MOONSTONE, runFunction, serve } from "./lib/moonstone.mjs";
import { run, start } from "./lib/process.mjs";

/** The example, built, with Moonstone and Node behind it. */
async function startGuestbook(t) {
  const folder = copyOfExample(t, "ssr");
  await run(t, MOONSTONE, ["codegen"], { cwd: folder });
  await run(t, process.execPath, ["build.mjs"], { cwd: folder });
  const moonstone = await serve(t, folder);
  const startNode = async (url) => {
    const env = { ...process.env, PORT: "0", MOONSTONE_URL: `${url.replace("http", "ws")}/ws` };
    const node = start(t, process.execPath, ["dist/server.js"], { cwd: folder, env });
    const [address] = await node.waitForOutput(/http:\/\/[\d.:]+/);
    return address;
  };
  return { moonstone, startNode };
}

/** Passes requests on to the server and keeps their headers. */
async function startRecorder(t, target) {
  const headers = [];
  const recorder = createServer(async (request, response) => {
    headers.push(request.headers);
    const body = Buffer.concat(await request.toArray());
    const answer = await fetch(target + request.url, { method: request.method, body });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  });
  recorder.listen(0, "127.0.0.1");
  await once(recorder, "listening");
  t.after(() => recorder.close());
  return { headers, url: `http://127.0.0.1:${recorder.address().port}` };
}

export const test = {
  "ssr: the page has its rows as HTML, hydrates, and is live": async (t) => {
    const { moonstone, startNode } = await startGuestbook(t);
    const url = await startNode(moonstone.url);
    const words = "</script><b>Ada</b> was here";
    await runFunction(t, moonstone, "entries:sign", { name: "Ada", text: words });
    const html = await (await fetch(url)).text();
    assert.match(html, /<p>&lt;\/script&gt;&lt;b&gt;Ada&lt;\/b&gt; was here<\/p>/);
    assert.ok(!html.includes(words));

    const page = await openWindow(t, url);
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByText(words).waitFor();
    await runFunction(t, moonstone, "entries:sign", { name: "Bob", text: "So was I" });
    await page.getByText("So was I").waitFor();

    await page.getByLabel("Your name").fill("Cleo");
    await page.getByLabel("Your words").fill("Written here");
    await page.getByRole("button").click();
    await page.getByRole("listitem").first().getByText("Written here").waitFor();
    await page.screenshot({ path: t.artefact("ssr.png") });
    assert.deepEqual(page.problems, []); // React would report a mismatch
    const names = async (window) =>
      await window.getByRole("listitem").locator("strong").allInnerTexts();
    assert.deepEqual(await names(page), ["Cleo", "Bob", "Ada"]);
    const other = await openWindow(t, url);
    assert.deepEqual(await names(other), ["Cleo", "Bob", "Ada"]);
  },

  "ssr: queries run as the visitor; without Moonstone the page says so": async (t) => {
    const { moonstone, startNode } = await startGuestbook(t);
    const recorder = await startRecorder(t, moonstone.url);
    const url = await startNode(recorder.url);
    const visitor = { cookie: "session=42", authorization: "Bearer x", "x-other": "stays here" };
    assert.equal((await fetch(url, { headers: visitor })).status, 200);
    const [seen] = recorder.headers;
    assert.equal(seen.cookie, visitor.cookie);
    assert.equal(seen.authorization, visitor.authorization);
    assert.equal(seen["x-other"], undefined);
    await moonstone.end("SIGTERM");
    const closed = await startNode(moonstone.url);
    const answer = await fetch(closed);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /closed for a moment/);
  },
};
