// The built packages: their names, their messages, and that they fit each other.
import { readdirSync, readFileSync } from "node:fs";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { createRoot } from "solid-js";
import { expect, test } from "vitest";
import * as client from "../client/dist/index.js";
import * as react from "../react/dist/index.js";
import * as server from "../server/dist/index.js";
import * as runtime from "../server/dist/runtime.js";
import * as solid from "../solid/dist/index.js";
import * as values from "../values/dist/index.js";

/** What the seed's pages import, by package. */
const SEED_NAMES: [object, string][] = [
  [
    server,
    "v defineSchema defineTable httpRouter httpAction cronJobs createQueryFactory " +
      "createMutationFactory createActionFactory createInternalQueryFactory " +
      "createInternalMutationFactory createInternalActionFactory",
  ],
  [runtime, "createZerobackDO workerHandler createWorkerHandler"],
  [values, "v"],
  [client, "ZerobackClient QueryStore Backoff preloadQuery PaginatedQuery"],
  [
    react,
    "ZerobackClient ZerobackProvider useZerobackClient useQuery useQueryWithStatus useMutation " +
      "useAction usePaginatedQuery usePreloadedQuery useConnectionState",
  ],
  [
    solid,
    "ZerobackClient ZerobackProvider useZerobackClient createQuery createQueryWithStatus " +
      "createMutation createAction createPaginatedQuery createConnectionState",
  ],
];

test("every name of the seed's pages is there", () => {
  for (const [exported, names] of SEED_NAMES) {
    expect(Object.keys(exported)).toEqual(expect.arrayContaining(names.split(" ")));
  }
});

test("no name of ours is left in what a user may read", () => {
  for (const name of ["client", "react", "solid"]) {
    const dist = new URL(`../${name}/dist/`, import.meta.url);
    for (const file of readdirSync(dist, { recursive: true }) as string[]) {
      if (!/\.(js|d\.ts)$/.test(file)) continue;
      const text = readFileSync(new URL(file, dist), "utf8");
      expect(text, `${name}/${file}`).not.toMatch(/Moonstone(Client|Provider|Error)|@moonstone\//);
    }
  }
});

const REF = { _name: "tasks:list", _type: "query", _args: {}, _returns: [] as string[] } as const;

test("without a provider the hooks name what the user imported", () => {
  const text = "useZerobackClient must be used within a ZerobackProvider";
  const Page = (): string => String(react.useQuery(REF));
  expect(() => renderToString(createElement(Page))).toThrow(text);
  createRoot((dispose) => {
    expect(() => solid.createQuery(REF)).toThrow(text);
    dispose();
  });
});

test("errors of the client carry the seed's name", () => {
  expect(() => new client.ZerobackClient("nowhere")).toThrow(/^ZerobackClient: /);
});

test("validators of the package values fit tables of the package server", () => {
  const table = server.defineTable({ text: values.v.string() });
  const schema = server.defineSchema({ tasks: table });
  expect(JSON.stringify(server.schemaToJSON(schema))).toContain('"text"');
});
