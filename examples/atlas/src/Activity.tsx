import { memo, useLayoutEffect, useRef, useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { useMutation, useQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import type { DataModel } from "../moonstone/_generated/dataModel";
import { useActions } from "./actions";
import { Skeleton } from "./CityRows";
import { Panel } from "./Panel";
import { Avatar } from "./people";

type Entry = DataModel["activity"];

const SIGNS = { message: "", star: "★", unstar: "☆", rename: "✎", note: "✎" };
const NEAR_THE_END_PX = 80;

export function Activity({ me }: { me: string }): ReactElement {
  const entries = useQuery(api.activity.latest);
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);

  // Stay at the newest entry, unless the reader has scrolled up.
  useLayoutEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [entries]);

  return (
    <Panel title="Activity" layer="plain">
      {entries === undefined && <Skeleton />}
      {entries?.length === 0 && (
        <p className="empty">Nothing has happened yet. Say hello, and open a second window.</p>
      )}
      {entries !== undefined && entries.length > 0 && (
        <ol
          ref={list}
          className="activity"
          aria-label="Activity"
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
          }}
        >
          {entries.map((entry) => (
            <ActivityEntry key={entry._id} entry={entry} isMine={entry.author === me} />
          ))}
        </ol>
      )}
      <Composer me={me} />
    </Panel>
  );
}

interface ActivityEntryProps {
  entry: Entry;
  isMine: boolean;
}

const ActivityEntry = memo(function ActivityEntry({ entry, isMine }: ActivityEntryProps) {
  const time = new Date(entry._creationTime);
  return (
    <li data-kind={entry.kind} className={isMine ? "mine" : undefined}>
      <Avatar name={entry.author} />
      <p>
        <strong>{entry.author}</strong>{" "}
        <time dateTime={time.toISOString()}>
          {time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
        </time>
        <span>
          {SIGNS[entry.kind] !== "" && <i aria-hidden>{SIGNS[entry.kind]} </i>}
          {entry.text}
        </span>
      </p>
    </li>
  );
});

function Composer({ me }: { me: string }): ReactElement {
  const { attempt } = useActions();
  const say = useMutation(api.activity.say);
  const [text, setText] = useState("");

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (text.trim() === "") return;
    setText("");
    // Nothing typed is lost.
    if (!(await attempt(() => say({ author: me, text })))) setText(text);
  };

  return (
    <form className="composer" onSubmit={(event) => void submit(event)}>
      <input
        aria-label="Message"
        placeholder="Say something…"
        value={text}
        maxLength={500}
        onChange={(event) => setText(event.target.value)}
      />
      <button className="primary" disabled={text.trim() === ""}>
        Send
      </button>
    </form>
  );
}
