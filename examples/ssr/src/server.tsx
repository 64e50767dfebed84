// Renders the page for each request; the rows come from Moonstone over HTTP. No framework.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { renderToPipeableStream } from "react-dom/server";
import { preloadQuery } from "@moonstone/client";
import { api } from "../moonstone/_generated/api";
import { LATEST } from "./Guestbook";
import { Page } from "./Page";
import type { PageData } from "./Page";

const MOONSTONE_URL = process.env["MOONSTONE_URL"] ?? "ws://127.0.0.1:8788/ws";
const PORT = Number(process.env["PORT"] ?? 3000);

/** What tells Moonstone who is asking: the page shows what this visitor may see. */
const FORWARDED_HEADERS = ["authorization", "cookie"];

const asset = (name: string, type: string): { type: string; body: Buffer } => ({
  type,
  body: readFileSync(new URL(name, import.meta.url)),
});
const assets = new Map([
  ["/browser.js", asset("browser.js", "text/javascript")],
  ["/style.css", asset("style.css", "text/css")],
]);

async function loadPage(request: IncomingMessage): Promise<PageData> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const entries = await preloadQuery(MOONSTONE_URL, api.entries.latest, LATEST, { headers });
  return { url: MOONSTONE_URL, entries };
}

function sendPage(response: ServerResponse, data: PageData): void {
  const { pipe } = renderToPipeableStream(<Page data={data} client={null} />, {
    bootstrapModules: ["/browser.js"],
    onShellReady: () => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      pipe(response);
    },
    onShellError: (error) => sendFailure(response, error),
  });
}

function sendFailure(response: ServerResponse, error: unknown): void {
  console.error(error);
  response.writeHead(503, { "content-type": "text/plain", "retry-after": "5" });
  response.end("The guest book is closed for a moment. Please try again.\n");
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const found = assets.get(request.url ?? "");
  if (found !== undefined) {
    response.writeHead(200, { "content-type": found.type }).end(found.body);
  } else if (request.url !== "/") {
    response.writeHead(404, { "content-type": "text/plain" }).end("There is only one page: /\n");
  } else {
    await loadPage(request).then(
      (data) => sendPage(response, data),
      (error) => sendFailure(response, error),
    );
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(PORT, "127.0.0.1", () => {
  console.log(`Guest book: http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
