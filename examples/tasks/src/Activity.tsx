import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import { usePaginatedQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { anchorAt, driftOf, isNearEnd, MORE_ROWS, ROW_PX, rowsInView } from "../shared/rows";
import type { Anchor } from "../shared/rows";
import { shortTime, VERBS } from "../shared/text";
import type { Activity as Entry } from "../shared/types";
import { Avatar } from "./Sidebar";

/** What happened in a project, the newest first. Only the rows in view are in the page. */
export function Activity({ project }: { project: string }): ReactElement {
  const { results, status, loadMore } = usePaginatedQuery(
    api.activity.page,
    { project },
    { initialNumItems: 100 },
  );
  const list = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor>(undefined);
  const [view, setView] = useState({ top: 0, height: 1_000 });
  const rows = rowsInView(view.top, view.height, results.length);

  const look = (): void => {
    if (list.current === null) return; // still loading
    const { scrollTop, clientHeight } = list.current;
    anchor.current = anchorAt(results, scrollTop);
    setView({ top: scrollTop, height: clientHeight });
  };

  // Rows that come above those in view do not push them away.
  useLayoutEffect(() => {
    const drift = driftOf(results, anchor.current);
    if (drift !== 0) list.current!.scrollTop += drift;
    look();
  }, [results]);

  const wantsMore = status === "CanLoadMore" && isNearEnd(rows, results.length);
  useEffect(() => {
    if (wantsMore) loadMore(MORE_ROWS);
  }, [wantsMore, loadMore, results.length]);

  if (status === "LoadingFirstPage") return <p className="empty">Loading…</p>;
  return (
    <div className="activity">
      <h2>
        Activity{" "}
        <small>
          {results.length.toLocaleString()}
          {status === "CanLoadMore" && "+"}
        </small>
      </h2>
      <div className="rows" ref={list} onScroll={look} tabIndex={0} aria-label="What happened">
        <ol style={{ height: results.length * ROW_PX }}>
          {results.slice(rows.first, rows.end).map((entry, index) => (
            <Row key={entry._id} entry={entry} index={rows.first + index} />
          ))}
        </ol>
        {status === "Exhausted" && <p className="end">That is where it began.</p>}
      </div>
    </div>
  );
}

function Row({ entry, index }: { entry: Entry; index: number }): ReactElement {
  return (
    <li
      style={{ transform: `translateY(${index * ROW_PX}px)` }}
      data-id={entry._id}
      aria-posinset={index + 1}
      aria-setsize={-1}
    >
      <Avatar name={entry.by} />
      <p>
        <strong>{entry.by}</strong> {VERBS[entry.verb]} <q>{entry.title}</q>
      </p>
      <time dateTime={new Date(entry._creationTime).toISOString()}>
        {shortTime(entry._creationTime)}
      </time>
    </li>
  );
}
