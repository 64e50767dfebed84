// Moonstone. Licence: see LICENSE.
#include "protocol/functions/dashboard.h"

namespace moonstone::protocol::functions {

namespace {

// The page finds its server by its own address, so that it works behind /t/{tenant}, too. Every
// text of the server goes through textContent, never through markup.
constexpr std::string_view kPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moonstone</title>
<link rel="icon" href="data:,">
<style>
:root { --ink: #1d2433; --dim: #5b6478; --paper: #f7f8fb; --card: #fff; --line: #dfe3ec;
  --mark: #3a5bd9; --bad: #b3261e; --code: ui-monospace, SFMono-Regular, Menlo, monospace; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f2; --dim: #98a1b5; --paper: #12151d;
  --card: #1a1f2b; --line: #2c3342; --mark: #8ea5ff; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--paper); }
header { display: flex; align-items: baseline; gap: 1.5rem; padding: .8rem 1.2rem;
  border-bottom: 1px solid var(--line); flex-wrap: wrap; }
h1 { font-size: 1.15rem; margin: 0; } header small { color: var(--dim); }
nav { display: flex; gap: .3rem; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line);
  border-radius: 6px; padding: .2rem .7rem; cursor: pointer; }
button[aria-current="true"], button.main { border-color: var(--mark); color: var(--mark); }
button:disabled { opacity: .4; cursor: default; }
main { padding: 1.2rem; display: grid; gap: 1.2rem; grid-template-columns: 16rem minmax(0, 1fr); }
main.wide { grid-template-columns: minmax(0, 1fr); }
@media (max-width: 46rem) { main { grid-template-columns: minmax(0, 1fr); } }
aside { display: grid; gap: .25rem; align-content: start; }
aside button { display: flex; justify-content: space-between; gap: 1rem; text-align: left;
  width: 100%; background: var(--card); font-family: var(--code); font-size: .85rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 1rem; min-width: 0; }
h2 { font-size: 1rem; margin: 0 0 .7rem; } .dim { color: var(--dim); } .bad { color: var(--bad); }
.bar { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; margin-bottom: .7rem; }
.bar h2 { margin: 0; flex: 1; }
.scroll { overflow: auto; max-height: 70vh; }
table { border-collapse: collapse; width: 100%; font: .82rem/1.5 var(--code); }
th { text-align: left; color: var(--dim); font-weight: 500; position: sticky; top: 0;
  background: var(--card); }
th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; max-width: 26rem; overflow: hidden;
  text-overflow: ellipsis; }
td.num { text-align: right; }
pre, textarea, input, select { font: .82rem/1.5 var(--code); color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: 6px; padding: .4rem .6rem; }
pre { margin: .7rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
textarea { width: 100%; min-height: 6rem; }
#lines { max-height: 72vh; overflow: auto; margin: 0; }
#lines div { border-bottom: 1px solid var(--line); padding: .1rem 0; }
</style>
</head>
<body>
<header>
<h1>Moonstone</h1>
<nav>
<button data-tab="data" aria-current="true">Data</button>
<button data-tab="functions">Functions</button>
<button data-tab="logs">Logs</button>
</nav>
<small id="state">connecting…</small>
<small>Projects written for Zeroback run here unchanged.</small>
</header>
<main id="main"></main>
<script>
"use strict";
const base = location.pathname.replace(/\/_dashboard.*$/, "");
const byId = (id) => document.getElementById(id);
/** An element: properties, then children; texts are texts. */
function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value; else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}
const short = (value) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text === undefined ? "" : text.length > 160 ? text.slice(0, 160) + "…" : text;
};

// The socket: live queries that survive a reconnect.
let socket, lastId = 0;
const queries = new Map();
function connect() {
  socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") +
    location.host + base + "/ws");
  socket.onopen = () => {
    byId("state").textContent = "connected";
    for (const [id, query] of queries) subscribe(id, query);
  };
  socket.onclose = () => {
    byId("state").textContent = "disconnected; trying again";
    setTimeout(connect, 1000);
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "reset") for (const [id, query] of queries) subscribe(id, query);
    if (message.type === "error") queries.get(message.id)?.fail(message.message);
    if (message.type === "result" || message.type === "update") {
      queries.get(message.id)?.show(message.result);
    }
    for (const one of message.type === "updates" ? message.items : []) {
      queries.get(one.id)?.show(one.result);
    }
  };
}
function subscribe(id, query) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ type: "query", id, fn: query.fn, args: query.args }));
}
/** Calls `show` with every new result until the returned function is called. */
function watch(fn, args, show, fail = (text) => (byId("state").textContent = text)) {
  const id = "d" + ++lastId;
  const query = { fn, args, show, fail };
  queries.set(id, query);
  subscribe(id, query);
  return () => {
    queries.delete(id);
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: "unsubscribe", id }));
    }
  };
}
async function run(fn, args) {
  const answer = await fetch(base + "/__admin/run",
    { method: "POST", body: JSON.stringify({ fn, args }) });
  return await answer.json();
}
)html"
                                   R"html(
// Each tab builds itself and returns what ends it.
const tabs = {};
tabs.data = (main) => {
  const list = make("aside");
  const bar = make("div", { className: "bar" });
  const body = make("div", { className: "scroll" });
  const detail = make("pre", { hidden: true });
  main.append(list, make("section", {}, bar, body, detail));
  let table, cursors = [null], stopPage = () => {};
  const showPage = (page) => {
    const columns = [];
    for (const document of page.page) {
      for (const key of Object.keys(document)) if (!columns.includes(key)) columns.push(key);
    }
    const rows = page.page.map((document) => {
      const row = make("tr", { onclick: () => {
        detail.hidden = false;
        detail.textContent = JSON.stringify(document, null, 2);
      } }, ...columns.map((column) => make("td", { title: short(document[column]) },
        short(document[column]))));
      row.append(make("td", {}, make("button", { onclick: async (event) => {
        event.stopPropagation();
        if (!confirm("Delete " + document._id + "?")) return;
        const answer = await run("_system:deleteDocument", { id: document._id });
        if (!answer.success) alert(answer.error);
      } }, "delete")));
      return row;
    });
    body.replaceChildren(rows.length === 0 ? make("p", { className: "dim" }, "No documents.") :
      make("table", {}, make("tr", {}, ...columns.map((column) => make("th", {}, column)),
        make("th")), ...rows));
    bar.replaceChildren(make("h2", {}, table),
      make("button", { disabled: cursors.length < 2, onclick: () => { cursors.pop(); open(); } },
        "newer"),
      make("button", { disabled: page.isDone, onclick: () => {
        cursors.push(page.continueCursor);
        open();
      } }, "older"));
  };
  const open = () => {
    stopPage();
    detail.hidden = true;
    stopPage = watch("_system:listDocuments", { table, cursor: cursors.at(-1), numItems: 50 },
      showPage, (text) => body.replaceChildren(make("p", { className: "bad" }, text)));
  };
  const stopTables = watch("_system:listTables", {}, (tables) => {
    list.replaceChildren(...tables.map((one) => make("button", {
      "aria-current": String(one.name === table),
      onclick: () => choose(one.name),
    }, one.name, make("span", { className: "dim" }, String(one.documents)))));
    if (table === undefined && tables.length > 0) choose(tables[0].name);
    if (tables.length === 0) body.replaceChildren(make("p", { className: "dim" }, "No tables."));
  });
  const choose = (name) => {
    table = name;
    cursors = [null];
    for (const button of list.children) {
      button.setAttribute("aria-current", String(button.firstChild.textContent === name));
    }
    open();
  };
  return () => { stopTables(); stopPage(); };
};
tabs.functions = (main) => {
  main.className = "wide";
  const rows = make("div", { className: "scroll" });
  const name = make("input", { placeholder: "module:function", size: 32 });
  const args = make("textarea", { value: "{}" });
  const result = make("pre");
  const call = async () => {
    result.textContent = "…";
    try {
      const answer = await run(name.value, JSON.parse(args.value || "{}"));
      result.className = answer.success ? "" : "bad";
      result.textContent = answer.success ? JSON.stringify(answer.result, null, 2) ?? "undefined"
        : answer.error;
    } catch (error) {
      result.className = "bad";
      result.textContent = String(error.message);
    }
  };
  main.append(
    make("section", {}, make("h2", {}, "Functions"), rows),
    make("section", {}, make("h2", {}, "Run"), make("div", { className: "bar" }, name,
      make("button", { className: "main", onclick: call }, "Run")), args, result));
  const load = async () => {
    const { functions } = await (await fetch(base + "/__admin/functions")).json();
    const ms = (value) => value === undefined ? "" : value.toFixed(2);
    rows.replaceChildren(make("table", {}, make("tr", {}, ...["name", "kind", "runs", "errors",
      "p50 ms", "p99 ms", "last error"].map((text) => make("th", {}, text))),
    ...functions.map((one) => make("tr", { onclick: () => (name.value = one.name) },
      make("td", {}, one.name),
      make("td", { className: "dim" }, (one.visibility === "internal" ? "internal " : "") + one.kind),
      ...["count", "errors"].map((key) => make("td", {}, String(one.runs?.[key] ?? 0))),
      make("td", {}, ms(one.runs?.p50)), make("td", {}, ms(one.runs?.p99)),
      make("td", { className: "bad" }, one.runs?.lastError ?? "")))));
  };
  load();
  const timer = setInterval(load, 2000);
  return () => { clearInterval(timer); main.className = ""; };
};
tabs.logs = (main) => {
  main.className = "wide";
  const lines = make("pre", { id: "lines" });
  const wanted = make("input", { placeholder: "function, such as messages:send", size: 32 });
  const level = make("select", {}, ...["debug", "info", "warn", "error"].map((text) =>
    make("option", {}, text)));
  let stop = new AbortController();
  const add = (line) => {
    const { ts, level: one, module, event, ...rest } = line;
    const text = event === "console" ? `${rest.function}: ${rest.text}`
      : event === "failed" ? `${rest.function}: ${rest.error}\n${rest.stack ?? ""}`
      : `${module}: ${event} ` + Object.entries(rest).map(([k, v]) => `${k}=${short(v)}`).join(" ");
    const atEnd = lines.scrollTop + lines.clientHeight > lines.scrollHeight - 40;
    lines.append(make("div", { className: one === "error" || one === "warn" ? "bad" : "" },
      `${new Date(ts).toLocaleTimeString()}  ${text}`));
    while (lines.childElementCount > 2000) lines.firstChild.remove();
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  };
  const follow = async () => {
    stop.abort();
    const mine = stop = new AbortController();
    lines.replaceChildren();
    const asked = new URLSearchParams({ follow: "1", level: level.value });
    if (wanted.value) asked.set("function", wanted.value);
    try {
      const answer = await fetch(`${base}/__admin/logs?${asked}`, { signal: mine.signal });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split("\n");
        rest = parts.pop();
        for (const part of parts) add(JSON.parse(part));
      }
    } catch (error) {
      if (mine.signal.aborted) return;
    }
    setTimeout(() => { if (!mine.signal.aborted) follow(); }, 1000);
  };
  wanted.onchange = level.onchange = follow;
  level.value = "info";
  main.append(make("section", {}, make("div", { className: "bar" }, make("h2", {}, "Logs"), wanted,
    level), lines));
  follow();
  return () => { stop.abort(); main.className = ""; };
};

let leave = () => {};
function enter(tab) {
  leave();
  byId("main").replaceChildren();
  for (const button of document.querySelectorAll("nav button")) {
    button.setAttribute("aria-current", String(button.dataset.tab === tab));
  }
  leave = tabs[tab](byId("main"));
}
for (const button of document.querySelectorAll("nav button")) {
  button.onclick = () => { location.hash = button.dataset.tab; };
}
const chosen = () => tabs[location.hash.slice(1)] ? location.hash.slice(1) : "data";
onhashchange = () => enter(chosen());
connect();
enter(chosen());
</script>
</body>
</html>
)html";

}  // namespace

std::string_view dashboard_page() {
  return kPage;
}

}  // namespace moonstone::protocol::functions
