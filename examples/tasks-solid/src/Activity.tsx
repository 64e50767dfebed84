import { createEffect, createMemo, createSignal, For, on, Show } from "solid-js";
import type { JSX } from "solid-js";
import { createPaginatedQuery } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import {
  anchorAt,
  driftOf,
  isNearEnd,
  MORE_ROWS,
  ROW_PX,
  rowsInView,
} from "../../tasks/shared/rows";
import type { Anchor } from "../../tasks/shared/rows";
import { shortTime, VERBS } from "../../tasks/shared/text";
import type { Activity as Entry } from "../../tasks/shared/types";
import { Avatar } from "./Sidebar";

/** What happened in a project, the newest first. Only the rows in view are in the page. */
export function Activity(props: { project: string }): JSX.Element {
  const { results, status, loadMore } = createPaginatedQuery(
    api.activity.page,
    () => ({ project: props.project }),
    { initialNumItems: 100 },
  );
  let list: HTMLDivElement | undefined;
  let anchor: Anchor | undefined;
  const [view, setView] = createSignal({ top: 0, height: 1_000 });
  const rows = createMemo(() => rowsInView(view().top, view().height, results().length));
  const shown = createMemo(() => results().slice(rows().first, rows().end));

  const look = (): void => {
    if (list === undefined) return;
    anchor = anchorAt(results(), list.scrollTop);
    setView({ top: list.scrollTop, height: list.clientHeight });
  };

  // Rows that come above those in view do not push them away.
  createEffect(
    on(results, (now) => {
      const drift = driftOf(now, anchor);
      if (drift !== 0 && list) list.scrollTop += drift;
      look();
    }),
  );

  createEffect(() => {
    const count = results().length;
    if (status() === "CanLoadMore" && isNearEnd(rows(), count)) loadMore(MORE_ROWS);
  });

  return (
    <Show when={status() !== "LoadingFirstPage"} fallback={<p class="empty">Loading…</p>}>
      <div class="activity">
        <h2>
          Activity{" "}
          <small>
            {results().length.toLocaleString()}
            {status() === "CanLoadMore" && "+"}
          </small>
        </h2>
        <div class="rows" ref={list} onScroll={look} tabIndex={0} aria-label="What happened">
          <ol style={{ height: `${results().length * ROW_PX}px` }}>
            <For each={shown()}>
              {(entry, index) => <Row entry={entry} index={rows().first + index()} />}
            </For>
          </ol>
          <Show when={status() === "Exhausted"}>
            <p class="end">That is where it began.</p>
          </Show>
        </div>
      </div>
    </Show>
  );
}

function Row(props: { entry: Entry; index: number }): JSX.Element {
  return (
    <li
      style={{ transform: `translateY(${props.index * ROW_PX}px)` }}
      data-id={props.entry._id}
      aria-posinset={props.index + 1}
      aria-setsize={-1}
    >
      <Avatar name={props.entry.by} />
      <p>
        <strong>{props.entry.by}</strong> {VERBS[props.entry.verb]} <q>{props.entry.title}</q>
      </p>
      <time dateTime={new Date(props.entry._creationTime).toISOString()}>
        {shortTime(props.entry._creationTime)}
      </time>
    </li>
  );
}
