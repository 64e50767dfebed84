import { useState } from "react";
import type { ChangeEvent, FormEvent, ReactElement } from "react";
import { useMutation, useSuspenseQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { COLUMNS, PRIORITIES } from "../shared/board";
import { me } from "../shared/me";
import { go } from "../shared/place";
import { shortTime } from "../shared/text";
import type { Comment, Priority, Status, Task } from "../shared/types";
import { upload } from "../shared/upload";
import { follow } from "../shared/writes";
import { useTaskActions } from "./hooks";
import type { TaskActions } from "../shared/actions";
import { Avatar } from "./Sidebar";

export function Details({ project, task: key }: { project: string; task: string }): ReactElement {
  const details = useSuspenseQuery(api.tasks.details, { task: key });
  const actions = useTaskActions(project);
  if (details === null) {
    return <p className="empty">This task is not there. Somebody may have deleted it.</p>;
  }
  const { task, comments, fileUrl } = details;
  const remove = (): void => {
    actions.remove(task);
    go({ project, panel: undefined });
  };
  return (
    <div className="details">
      <Title key={task.title} task={task} actions={actions} />
      <Choices task={task} actions={actions} />
      <Notes key={task.notes} task={task} actions={actions} />
      <Attachment task={task} url={fileUrl} />
      <Comments comments={comments} onAdd={(text) => actions.comment(task, text)} />
      <button className="danger" onClick={remove}>
        Delete task
      </button>
    </div>
  );
}

interface FieldProps {
  task: Task;
  actions: TaskActions;
}

/** Saved when one leaves the field, or with Enter. */
function Title({ task, actions }: FieldProps): ReactElement {
  const save = (title: string): void => {
    if (title.trim() !== "" && title.trim() !== task.title) actions.edit(task, { title });
  };
  return (
    <textarea
      className="title"
      aria-label="Title"
      rows={1}
      defaultValue={task.title}
      onBlur={(event) => save(event.target.value)}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}

function Choices({ task, actions }: FieldProps): ReactElement {
  return (
    <div className="choices">
      <label>
        Column
        <select
          value={task.status}
          onChange={({ target }) =>
            actions.move(task, { status: target.value as Status, before: null })
          }
        >
          {COLUMNS.map(({ status, name }) => (
            <option key={status} value={status}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Priority
        <select
          value={task.priority}
          onChange={({ target }) => actions.edit(task, { priority: target.value as Priority })}
        >
          {PRIORITIES.map(({ priority, name }) => (
            <option key={priority} value={priority}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Notes({ task, actions }: FieldProps): ReactElement {
  return (
    <label>
      Notes
      <textarea
        rows={4}
        placeholder="Anything worth knowing"
        defaultValue={task.notes}
        onBlur={({ target }) =>
          target.value !== task.notes && actions.edit(task, { notes: target.value })
        }
      />
    </label>
  );
}

/** Files go straight to the server, so this is the one thing that needs a connection. */
function Attachment({ task, url }: { task: Task; url: string | null }): ReactElement {
  const uploadUrl = useMutation(api.tasks.uploadUrl);
  const attach = useMutation(api.tasks.attach);
  const [isSending, setIsSending] = useState(false);

  const send = async (file: File): Promise<void> => {
    const storageId = await upload(await uploadUrl(), file);
    await attach({ task: task.key, storageId, name: file.name, by: me.get() });
  };
  const choose = async ({ target }: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const file = target.files?.[0];
    if (file === undefined) return;
    setIsSending(true);
    await follow(send(file));
    setIsSending(false);
  };

  return (
    <div className="attachment">
      {task.file && url !== null && (
        <a href={url} target="_blank" rel="noreferrer">
          {task.file.name}
        </a>
      )}
      <label className="button">
        {isSending ? "Sending…" : task.file ? "Replace the file" : "Attach a file"}
        <input type="file" className="hidden" onChange={(event) => void choose(event)} />
      </label>
    </div>
  );
}

interface CommentsProps {
  comments: Comment[];
  onAdd: (text: string) => void;
}

function Comments({ comments, onAdd }: CommentsProps): ReactElement {
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem("comment") as HTMLInputElement;
    if (field.value.trim() === "") return;
    onAdd(field.value);
    field.value = "";
  };
  return (
    <section className="comments" aria-label="Comments">
      <h3>Comments</h3>
      <ol>
        {comments.map((comment) => (
          <li key={comment.key}>
            <Avatar name={comment.by} />
            <p>
              <strong>{comment.by}</strong>
              <time dateTime={new Date(comment._creationTime).toISOString()}>
                {shortTime(comment._creationTime)}
              </time>
              <br />
              {comment.text}
            </p>
          </li>
        ))}
      </ol>
      <form onSubmit={submit}>
        <input
          name="comment"
          aria-label="New comment"
          placeholder="Write a comment"
          autoComplete="off"
        />
      </form>
    </section>
  );
}
