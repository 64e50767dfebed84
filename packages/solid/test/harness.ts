import { createComponent, createRoot } from "solid-js";
import { afterEach, beforeEach, vi } from "vitest";
import { MoonstoneProvider } from "@moonstone/solid";
import type { FunctionReference, MoonstoneClient, PaginationResult } from "@moonstone/solid";
import { makeClient } from "../../client/test/fake_socket.js";
import type { FakeSocket } from "../../client/test/fake_socket.js";

export interface Row {
  _id: string;
  text: string;
}

const reference = <Ref>(name: string, type: string): Ref => ({ _name: name, _type: type }) as Ref;
export const list: FunctionReference<"query", { tag: string }, Row[]> = reference(
  "notes:list",
  "query",
);
export const count: FunctionReference<"query", {}, number> = reference("notes:count", "query");
export const pages: FunctionReference<
  "query",
  { tag: string; cursor?: string; numItems?: number },
  PaginationResult<Row>
> = reference("notes:pages", "query");
export const add: FunctionReference<"mutation", { text: string }, string> = reference(
  "notes:add",
  "mutation",
);
export const ping: FunctionReference<"action", {}, string> = reference("net:ping", "action");

/** A client whose server the test plays; new for each test. */
export interface App {
  client: MoonstoneClient;
  last: () => FakeSocket;
  /** How many subscriptions and listeners the client has, as seen from outside. */
  open: () => number;
  /** Runs `setup` as a component below a provider. */
  mount: <T>(setup: () => T, client?: MoonstoneClient | null) => { value: T; dispose: () => void };
}

export function prepareApp(): App {
  const app = {} as App;
  const disposers: (() => void)[] = [];
  let open = 0;
  app.open = () => open;
  /** Counts what is entered and not yet left by the way out that is returned. */
  const count = (
    client: MoonstoneClient,
    name: "subscribe" | "watchQuery" | "onConnectionChange",
  ) => {
    const enter = client[name].bind(client) as (...args: unknown[]) => () => void;
    const counted = (...args: unknown[]): (() => void) => {
      const leave = enter(...args);
      open++;
      return () => {
        open--;
        leave();
      };
    };
    Object.assign(client, { [name]: counted });
  };
  beforeEach(() => {
    open = 0;
    Object.assign(app, makeClient({ backoff: { baseMs: 60_000 } }));
    for (const name of ["subscribe", "watchQuery", "onConnectionChange"] as const) {
      count(app.client, name);
    }
  });
  afterEach(() => {
    for (const dispose of disposers.splice(0)) dispose();
    app.client.close();
    vi.restoreAllMocks();
  });
  app.mount = <T>(setup: () => T, client: MoonstoneClient | null = app.client) => {
    let value!: T;
    const dispose = createRoot((disposeRoot) => {
      // Reading the result is what makes the children come into being.
      const content: unknown = createComponent(MoonstoneProvider, {
        client,
        get children() {
          value = setup();
          return null;
        },
      });
      if (typeof content === "function") (content as () => unknown)();
      return disposeRoot;
    });
    disposers.push(dispose);
    return { value, dispose };
  };
  return app;
}
