import { memo, useLayoutEffect, useRef } from "react";
import type { ReactElement } from "react";
import { useQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import type { DataModel } from "../moonstone/_generated/dataModel";
import { Avatar } from "./people";

type MessageDoc = DataModel["messages"];

/** Messages of one person within this time stand under one name. */
const GROUP_MS = 5 * 60_000;
const NEAR_THE_END_PX = 120;

export function Messages({ channel, me }: { channel: string; me: string }): ReactElement {
  const messages = useQuery(api.messages.list, { channel });
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);

  // Stay at the newest message, unless the reader has scrolled up.
  useLayoutEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages]);

  if (messages === undefined) return <p className="empty">Loading…</p>;
  if (messages.length === 0) {
    return <p className="empty">Nothing here yet. Say something, and open a second window.</p>;
  }
  return (
    <ol
      ref={list}
      className="messages"
      aria-label="Messages"
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
      }}
    >
      {messages.map((message, index) => (
        <Message
          key={message._id}
          message={message}
          isMine={message.author === me}
          startsGroup={startsGroup(messages[index - 1], message)}
        />
      ))}
    </ol>
  );
}

function startsGroup(previous: MessageDoc | undefined, message: MessageDoc): boolean {
  if (previous?.author !== message.author) return true;
  return message._creationTime - previous._creationTime > GROUP_MS;
}

interface MessageProps {
  message: MessageDoc;
  isMine: boolean;
  startsGroup: boolean;
}

// Rows that did not change are the same objects as before, so only new ones render.
const Message = memo(function Message({ message, isMine, startsGroup }: MessageProps) {
  const time = new Date(message._creationTime);
  return (
    <li className={isMine ? "mine" : undefined} data-starts-group={startsGroup}>
      {startsGroup && (
        <div className="author">
          <Avatar name={message.author} />
          <strong>{message.author}</strong>
          <time dateTime={time.toISOString()}>
            {time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
          </time>
        </div>
      )}
      <p>{message.body}</p>
    </li>
  );
});
