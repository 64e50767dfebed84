import type { MoonstoneClient } from "./client.js";
import { callSafely } from "./errors.js";
import type { MoonstoneError } from "./errors.js";
import { QueryStore } from "./query_store.js";
import type { QueryKey } from "./query_store.js";
import { functionName } from "./reference.js";
import type { FunctionReference } from "./reference.js";
import { keepIdentity } from "./stable.js";

/** What a paginated query returns: the result of `.paginate()` on the server. */
export interface PaginationResult<Item> {
  page: Item[];
  isDone: boolean;
  /** Null if there is no next page. */
  continueCursor: string | null;
}

/** The loaded part of a paginated query. */
export interface PaginatedSnapshot<Item> {
  /** All loaded rows; what did not change keeps its identity. */
  results: Item[];
  status: "LoadingFirstPage" | "CanLoadMore" | "Exhausted";
  /** Loads another page, unless one is being loaded or there is none. Always the same function. */
  loadMore: (numItems: number) => void;
  /** Why the query failed, or could not load more. The results before it stay. */
  error: MoonstoneError | undefined;
}

/** The name of the snapshot in the hooks of the UI packages. */
export type UsePaginatedQueryResult<Item> = PaginatedSnapshot<Item>;

export interface PaginatedQueryOptions {
  /** How many rows the first page has. */
  initialNumItems: number;
}

/** One subscription: the rows after `start`, up to `end` if it is pinned, else `numItems`. */
interface Page {
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly numItems: number;
  readonly args: Record<string, unknown>;
  readonly key: QueryKey;
  close: (() => void) | undefined;
}

/** The cursors are of another query, or too many rows are between them. */
const LOST_PAGE = /Invalid cursor|between the two cursors/;

type Range = Pick<Page, "start" | "end" | "numItems">;

/** A pinned page with more rows than this many times its `numItems` is split. */
const SPLIT_ABOVE = 2;
/** Two pinned neighbours that have fewer rows than this part of `numItems` together become one. */
const MERGE_BELOW = 0.5;

/**
 * A growing list of live pages without gaps and duplicates.
 *
 * 1. All pages but the last are pinned to their range, so that rows that come and go change only
 *    the page that they belong to. The last one is open: its first `numItems` rows.
 * 2. A list of pages is shown only when all of them have results; until then the one before it
 *    stays subscribed and shown. There is at most one such change at a time.
 *
 * The query's function must pass its arguments `cursor` and `numItems` to `.paginate()`.
 */
export class PaginatedQuery<Item> {
  readonly #client: MoonstoneClient;
  readonly #name: string;
  readonly #args: Record<string, unknown>;
  readonly #first: Range;
  readonly #listeners = new Set<() => void>();
  #shown: Page[];
  /** The list that comes next, once it has its results. */
  #next: Page[] | undefined;
  /** Finds out where the page `split` is to be cut. */
  #probe: { readonly page: Page; readonly split: Page } | undefined;
  /** The page that `#next` splits, or merges with the one after it. */
  #balanced: Page | undefined;
  /** Results for which splitting or merging failed: not tried again before they change. */
  readonly #unbalanced = new WeakSet<PaginationResult<Item>>();
  /** The shown pages do not fit together any more; what they showed last stays. */
  #isRestarting = false;
  #isLoadingMore = false;
  /** Asked for while pages were being split or merged. */
  #wantedItems = 0;
  #error: MoonstoneError | undefined;
  /** From what the snapshot was made. */
  #parts: unknown[] = [];
  #snapshot: PaginatedSnapshot<Item>;

  /** Subscribes to nothing yet. Errors: `initialNumItems` is not a positive integer. */
  constructor(
    client: MoonstoneClient,
    query: string | FunctionReference<"query", any, PaginationResult<Item>>,
    args: object | undefined,
    options: PaginatedQueryOptions,
  ) {
    const numItems = checkedCount("initialNumItems", options.initialNumItems);
    this.#client = client;
    this.#name = functionName(query);
    this.#args = { ...args };
    this.#first = { start: undefined, end: undefined, numItems };
    this.#shown = [this.#page(this.#first)];
    const loadMore = (count: number): void => this.#loadMore(checkedCount("loadMore", count));
    this.#snapshot = { results: [], status: "LoadingFirstPage", loadMore, error: undefined };
    this.#takeSnapshot();
  }

  /**
   * Calls `listener` when the snapshot has changed. Returns the way out. The pages are subscribed
   * to while there is a listener; without one, the snapshot stays as it was last.
   */
  subscribe(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#stop();
    };
  }

  /** The same object until something has changed. */
  getSnapshot(): PaginatedSnapshot<Item> {
    return this.#snapshot;
  }

  #start(): void {
    for (const page of this.#shown) this.#open(page);
    this.#advance();
    this.#takeSnapshot();
  }

  #stop(): void {
    const pages = [...this.#shown, ...(this.#next ?? [])];
    if (this.#probe !== undefined) pages.push(this.#probe.page);
    this.#next = this.#probe = undefined;
    this.#isLoadingMore = this.#isRestarting = false;
    this.#wantedItems = 0;
    for (const page of pages) close(page);
  }

  #changed(): void {
    if (this.#listeners.size === 0) return;
    this.#advance();
    if (!this.#takeSnapshot()) return;
    for (const listener of [...this.#listeners]) callSafely(listener);
  }

  /** Takes the next step of what is under way, and begins what has become due. */
  #advance(): void {
    this.#checkCursors();
    this.#followProbe();
    this.#followChange();
    if (this.#next !== undefined || this.#probe !== undefined) return;
    const wanted = this.#wantedItems;
    this.#wantedItems = 0;
    if (wanted > 0) this.#loadMore(wanted);
    // What was asked for may be there already; then nothing has begun.
    if (this.#next !== undefined) return;
    // Kept results of an earlier visit tell nothing about the sizes that pages have now.
    if (this.#shown.every(({ key }) => this.#client.hasServerResult(key))) this.#balance();
  }

  #loadMore(count: number): void {
    if (this.#isLoadingMore || this.#isRestarting || this.#listeners.size === 0) return;
    if (this.#next !== undefined || this.#probe !== undefined) {
      this.#wantedItems = count;
      return;
    }
    const last = this.#shown.at(-1)!;
    const result = this.#resultOf(last);
    const end = result?.continueCursor;
    if (result === undefined || result.isDone || typeof end !== "string") return;
    this.#isLoadingMore = true;
    this.#error = undefined;
    this.#change([
      ...this.#shown.slice(0, -1),
      this.#page({ ...last, end }),
      this.#page({ start: end, end: undefined, numItems: count }),
    ]);
  }

  /** Starts again at the first page when the server does not know our cursors any more. */
  #checkCursors(): void {
    if (this.#isRestarting) return;
    const pages = [...this.#shown, ...(this.#next ?? [])];
    if (!pages.some((page) => this.#isLost(page))) return;
    this.#isRestarting = true;
    this.#isLoadingMore = false;
    this.#wantedItems = 0;
    if (this.#probe !== undefined) close(this.#probe.page);
    this.#probe = undefined;
    this.#change([this.#page(this.#first)]);
  }

  #isLost(page: Page): boolean {
    if (page.start === undefined && page.end === undefined) return false;
    const message = this.#client.getQueryError(page.key)?.message ?? "";
    if (LOST_PAGE.test(message)) return true;
    // A cursor that cannot be read gives the first page.
    const result = this.#resultOf(page);
    return page.end !== undefined && result !== undefined && result.continueCursor !== page.end;
  }

  #balance(): void {
    const sizeOf = (page: Page): number => this.#resultOf(page)?.page.length ?? 0;
    const hasFailed = (page: Page): boolean => this.#unbalanced.has(this.#resultOf(page)!);
    const large = this.#shown.find(
      (page) =>
        page.end !== undefined && sizeOf(page) > SPLIT_ABOVE * page.numItems && !hasFailed(page),
    );
    if (large !== undefined) {
      const half = Math.ceil(sizeOf(large) / 2);
      const { start } = large;
      this.#probe = { page: this.#page({ start, end: undefined, numItems: half }), split: large };
      this.#open(this.#probe.page);
      this.#advance();
      return;
    }
    const index = this.#shown.findIndex((page, i) => {
      const after = this.#shown[i + 1];
      if (page.end === undefined || after?.end === undefined || hasFailed(page)) return false;
      return sizeOf(page) + sizeOf(after) < MERGE_BELOW * Math.min(page.numItems, after.numItems);
    });
    if (index < 0) return;
    const { end } = this.#shown[index + 1]!;
    this.#replace(index, 2, [{ ...this.#shown[index]!, end }]);
  }

  #followProbe(): void {
    if (this.#probe === undefined) return;
    const { page, split } = this.#probe;
    const isAnswered = this.#client.hasServerResult(page.key);
    if (!isAnswered && this.#client.getQueryError(page.key) === undefined) return;
    const result = isAnswered ? this.#resultOf(page) : undefined;
    this.#probe = undefined;
    close(page);
    const index = this.#shown.indexOf(split);
    const middle = result?.continueCursor;
    const large = this.#resultOf(split);
    if (index < 0 || large === undefined) return;
    const hasMiddle = result !== undefined && !result.isDone && typeof middle === "string";
    // Rows may have gone meanwhile, and the end of the probe be beyond that of the page.
    if (!hasMiddle || !beginsWith(large.page, result.page)) {
      this.#unbalanced.add(large);
      return;
    }
    const { start, end, numItems } = split;
    this.#replace(index, 1, [
      { start, end: middle, numItems },
      { start: middle, end, numItems },
    ]);
  }

  #replace(index: number, count: number, ranges: Range[]): void {
    const pages = [...this.#shown];
    this.#balanced = pages[index];
    pages.splice(index, count, ...ranges.map((range) => this.#page(range)));
    this.#change(pages);
  }

  #change(pages: Page[]): void {
    const before = this.#next ?? [];
    this.#next = pages;
    for (const page of pages) this.#open(page);
    for (const page of before) this.#closeIfUnused(page);
    this.#followChange();
  }

  #followChange(): void {
    const next = this.#next;
    if (next === undefined) return;
    const error = this.#errorIn(next);
    const isReady = next.every((page) => this.#resultOf(page) !== undefined);
    if (error === undefined && !isReady) return;
    if (error === undefined || this.#isRestarting) {
      const before = this.#shown;
      this.#shown = next;
      this.#next = undefined;
      this.#isRestarting = false;
      for (const page of before) this.#closeIfUnused(page);
    } else {
      const balanced = this.#balanced && this.#resultOf(this.#balanced);
      if (this.#isLoadingMore) this.#error = error;
      else if (balanced !== undefined) this.#unbalanced.add(balanced);
      this.#next = undefined;
      for (const page of next) this.#closeIfUnused(page);
    }
    this.#isLoadingMore = false;
  }

  #errorIn(pages: Page[]): MoonstoneError | undefined {
    for (const { key } of pages) {
      const error = this.#client.getQueryError(key);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  /** Returns whether the snapshot is a new one. */
  #takeSnapshot(): boolean {
    if (this.#isRestarting) return false;
    const parts = this.#shown.map((page) => this.#resultOf(page));
    const isLoaded = parts.every((part) => part !== undefined);
    const error = this.#errorIn(this.#shown) ?? this.#error;
    const { results, status, loadMore } = this.#snapshot;
    // Pages that were subscribed to again show what they had until it is all there.
    const isSame =
      !isLoaded ||
      (parts.length === this.#parts.length && parts.every((part, i) => part === this.#parts[i]));
    if (isSame && error === this.#snapshot.error) return false;
    if (isSame) {
      this.#snapshot = { results, status, loadMore, error };
      return true;
    }
    this.#parts = parts;
    const rows = parts.flatMap((part) => part!.page);
    this.#snapshot = {
      results: keepIdentity(results, rows) as Item[],
      status: parts.at(-1)!.isDone ? "Exhausted" : "CanLoadMore",
      loadMore,
      error,
    };
    return true;
  }

  #resultOf(page: Page): PaginationResult<Item> | undefined {
    return this.#client.getQueryResult(page.key) as PaginationResult<Item> | undefined;
  }

  #page({ start, end, numItems }: Range): Page {
    const cursor = end === undefined ? start : `${start ?? ""}~${end}`;
    const args = { ...this.#args, numItems, ...(cursor === undefined ? {} : { cursor }) };
    const key = QueryStore.makeKey(this.#name, args);
    return { start, end, numItems, args, key, close: undefined };
  }

  #open(page: Page): void {
    if (page.close !== undefined) return;
    const stopWatching = this.#client.watchQuery(page.key, () => this.#changed());
    // The error is in the snapshot; here it only needs somebody who takes it.
    const stop = this.#client.subscribe(this.#name, page.args, undefined, () => {});
    page.close = () => {
      stopWatching();
      stop();
    };
  }

  #closeIfUnused(page: Page): void {
    if (!this.#shown.includes(page) && !this.#next?.includes(page)) close(page);
  }
}

function close(page: Page): void {
  page.close?.();
  page.close = undefined;
}

/** Whether `rows` go on after those of `head`, judged by the last of these. */
function beginsWith(rows: readonly unknown[], head: readonly unknown[]): boolean {
  const last = head.length - 1;
  return rows.length > head.length && JSON.stringify(rows[last]) === JSON.stringify(head[last]);
}

function checkedCount(what: string, count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`${what} must be a positive integer (got ${String(count)})`);
}
