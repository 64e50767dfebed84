import { act, Component } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import type { Root } from "react-dom/client";
import { afterEach, beforeEach, vi } from "vitest";
import { MoonstoneProvider } from "@moonstone/react";
import type { FunctionReference, MoonstoneClient, PaginationResult } from "@moonstone/react";
import { flush, makeClient } from "../../client/test/fake_socket.js";
import type { FakeSocket } from "../../client/test/fake_socket.js";

export interface Row {
  _id: string;
  text: string;
}

const reference = <Ref,>(name: string, type: string): Ref => ({ _name: name, _type: type }) as Ref;
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

/** A page with a client whose server the test plays; new for each test. */
export interface Page {
  container: HTMLElement;
  client: MoonstoneClient;
  last: () => FakeSocket;
  show: (content: ReactNode) => Promise<void>;
  accept: () => Promise<void>;
  say: (...frames: Record<string, unknown>[]) => Promise<void>;
}

type Frame = Record<string, unknown>;

export function preparePage(): Page {
  const page = {} as Page;
  let root: Root;
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    page.container = document.createElement("div");
    // What boundaries catch is asserted on, and needs no report.
    root = createRoot(page.container, { onCaughtError: () => {} });
    Object.assign(page, makeClient({ backoff: { baseMs: 60_000 } }));
    page.show = (content) =>
      act(async () => {
        root.render(<MoonstoneProvider client={page.client}>{content}</MoonstoneProvider>);
        await flush();
      });
    page.accept = () => act(async () => void (await page.last().accept()));
    page.say = (...frames: Frame[]) => act(async () => page.last().say(...frames));
  });
  afterEach(async () => {
    await act(async () => root.unmount());
    page.client.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
  return page;
}

/** Shows the message of what its children throw, until `again` is called. */
export class Boundary extends Component<{ children: ReactNode }, { error?: Error | undefined }> {
  static last: Boundary;
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }
  override state: { error?: Error | undefined } = {};
  again(): void {
    this.setState({ error: undefined });
  }
  override render(): ReactNode {
    Boundary.last = this;
    const { error } = this.state;
    return error === undefined ? this.props.children : `failed: ${error.message}`;
  }
}
