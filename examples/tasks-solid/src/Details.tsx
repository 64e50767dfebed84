import { createSignal, For, Show } from "solid-js";
import type { JSX } from "solid-js";
import { createMutation, createSuspenseQuery } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import { COLUMNS, PRIORITIES } from "../../tasks/shared/board";
import { me } from "../../tasks/shared/me";
import { go } from "../../tasks/shared/place";
import { shortTime } from "../../tasks/shared/text";
import type { Comment, Priority, Status, Task } from "../../tasks/shared/types";
import { upload } from "../../tasks/shared/upload";
import { follow } from "../../tasks/shared/writes";
import { Avatar } from "./Sidebar";
import { createTaskActions } from "./state";
import type { TaskActions } from "../../tasks/shared/actions";

export function Details(props: { project: string; task: string }): JSX.Element {
  const details = createSuspenseQuery(api.tasks.details, () => ({ task: props.task }));
  const actions = createTaskActions(props.project);
  const remove = (task: Task): void => {
    actions.remove(task);
    go({ project: props.project, panel: undefined });
  };
  return (
    <Show
      when={details()}
      fallback={<p class="empty">This task is not there. Somebody may have deleted it.</p>}
    >
      {(loaded) => (
        <div class="details">
          <Title task={loaded().task} actions={actions} />
          <Choices task={loaded().task} actions={actions} />
          <Notes task={loaded().task} actions={actions} />
          <Attachment task={loaded().task} url={loaded().fileUrl} />
          <Comments
            comments={loaded().comments}
            onAdd={(text) => actions.comment(loaded().task, text)}
          />
          <button class="danger" onClick={() => remove(loaded().task)}>
            Delete task
          </button>
        </div>
      )}
    </Show>
  );
}

interface FieldProps {
  task: Task;
  actions: TaskActions;
}

/** Saved when one leaves the field, or with Enter. */
function Title(props: FieldProps): JSX.Element {
  const save = (title: string): void => {
    if (title.trim() === "" || title.trim() === props.task.title) return;
    props.actions.edit(props.task, { title });
  };
  return (
    <textarea
      class="title"
      aria-label="Title"
      rows={1}
      value={props.task.title}
      onBlur={(event) => save(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
}

function Choices(props: FieldProps): JSX.Element {
  const move = (status: Status): void => props.actions.move(props.task, { status, before: null });
  const edit = (priority: Priority): void => props.actions.edit(props.task, { priority });
  return (
    <div class="choices">
      <label>
        Column
        <select
          value={props.task.status}
          onChange={({ currentTarget }) => move(currentTarget.value as Status)}
        >
          <For each={COLUMNS}>{({ status, name }) => <option value={status}>{name}</option>}</For>
        </select>
      </label>
      <label>
        Priority
        <select
          value={props.task.priority}
          onChange={({ currentTarget }) => edit(currentTarget.value as Priority)}
        >
          <For each={PRIORITIES}>
            {({ priority, name }) => <option value={priority}>{name}</option>}
          </For>
        </select>
      </label>
    </div>
  );
}

function Notes(props: FieldProps): JSX.Element {
  const save = (notes: string): void => {
    if (notes !== props.task.notes) props.actions.edit(props.task, { notes });
  };
  return (
    <label>
      Notes
      <textarea
        rows={4}
        placeholder="Anything worth knowing"
        value={props.task.notes}
        onBlur={(event) => save(event.currentTarget.value)}
      />
    </label>
  );
}

/** Files go straight to the server, so this is the one thing that needs a connection. */
function Attachment(props: { task: Task; url: string | null }): JSX.Element {
  const uploadUrl = createMutation(api.tasks.uploadUrl);
  const attach = createMutation(api.tasks.attach);
  const [isSending, setIsSending] = createSignal(false);

  const send = async (file: File): Promise<void> => {
    const storageId = await upload(await uploadUrl(), file);
    await attach({ task: props.task.key, storageId, name: file.name, by: me.get() });
  };
  const choose = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setIsSending(true);
    await follow(send(file));
    setIsSending(false);
  };
  const label = (): string => (props.task.file ? "Replace the file" : "Attach a file");

  return (
    <div class="attachment">
      <Show when={props.url}>
        {(url) => (
          <a href={url()} target="_blank" rel="noreferrer">
            {props.task.file?.name}
          </a>
        )}
      </Show>
      <label class="button">
        {isSending() ? "Sending…" : label()}
        <input
          type="file"
          class="hidden"
          onChange={(event) => void choose(event.currentTarget.files?.[0])}
        />
      </label>
    </div>
  );
}

interface CommentsProps {
  comments: Comment[];
  onAdd: (text: string) => void;
}

function Comments(props: CommentsProps): JSX.Element {
  let field!: HTMLInputElement;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (field.value.trim() === "") return;
    props.onAdd(field.value);
    field.value = "";
  };
  return (
    <section class="comments" aria-label="Comments">
      <h3>Comments</h3>
      <ol>
        <For each={props.comments}>
          {(comment) => (
            <li>
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
          )}
        </For>
      </ol>
      <form onSubmit={submit}>
        <input
          ref={field}
          aria-label="New comment"
          placeholder="Write a comment"
          autocomplete="off"
        />
      </form>
    </section>
  );
}
