import { createMemo, createSignal, For, Show } from "solid-js";
import type { JSX } from "solid-js";
import { createQuery } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import {
  COLUMNS,
  columnName,
  keepFocus,
  keyBelow,
  stepOf,
  tasksOf,
  toggled,
} from "../../tasks/shared/board";
import type { Place } from "../../tasks/shared/board";
import type { Status, Task } from "../../tasks/shared/types";
import { Card } from "./Card";
import { createTaskActions } from "./state";

interface BoardProps {
  project: string;
  panel: string | undefined;
}

export function Board(props: BoardProps): JSX.Element {
  const tasks = createQuery(api.tasks.board, () => ({ project: props.project }));
  const [announcement, setAnnouncement] = createSignal("");
  return (
    <div class="board">
      <Show when={tasks()} fallback={<p class="empty">Loading…</p>}>
        {(loaded) => (
          <Columns
            project={props.project}
            panel={props.panel}
            tasks={loaded()}
            announce={setAnnouncement}
          />
        )}
      </Show>
      <p class="hidden" role="status">
        {announcement()}
      </p>
    </div>
  );
}

interface ColumnsProps extends BoardProps {
  tasks: Task[];
  announce: (text: string) => void;
}

function Columns(props: ColumnsProps): JSX.Element {
  const actions = createTaskActions(props.project);
  const byKey = createMemo(() => new Map(props.tasks.map((task) => [task.key, task])));
  const [dragged, setDragged] = createSignal<Task>();
  const [target, setTarget] = createSignal<Place>();

  const move = (task: Task, to: Place): void => {
    keepFocus(task.key);
    actions.move(task, to);
    props.announce(`${task.title}: ${columnName(to.status)}`);
  };
  const endDrag = (): void => {
    setDragged(undefined);
    setTarget(undefined);
  };
  const drop = (): void => {
    const [task, to] = [dragged(), target()];
    if (task && to && to.before !== task.key) move(task, to);
    endDrag();
  };
  const over = (status: Status, list: HTMLElement, event: DragEvent): void => {
    if (dragged() === undefined) return;
    event.preventDefault();
    const before = keyBelow(list, event.clientY);
    if (target()?.status !== status || target()?.before !== before) setTarget({ status, before });
  };
  const isTarget = (status: Status, before: string | null): boolean =>
    target()?.status === status && target()?.before === before;

  const card = (key: string): JSX.Element => {
    // A task that is gone has no other state than its last one while its card goes.
    const task = createMemo<Task>((last) => byKey().get(key) ?? last!);
    return (
      <Card
        task={task()}
        isOpen={key === props.panel}
        isDragged={key === dragged()?.key}
        isTarget={isTarget(task().status, key)}
        onToggle={() => move(task(), toggled(props.tasks, task()))}
        onStep={(arrow) => {
          const place = stepOf(props.tasks, task(), arrow);
          if (place) move(task(), place);
        }}
        onDragStart={() => setDragged(task())}
        onDragEnd={endDrag}
      />
    );
  };

  return (
    <For each={COLUMNS}>
      {({ status, name }) => {
        // Keys, not tasks: a task that changes is another object, but keeps its card.
        const keys = createMemo(() => tasksOf(props.tasks, status).map(({ key }) => key));
        return (
          <section
            aria-labelledby={status}
            data-status={status}
            onDragOver={(event) => over(status, event.currentTarget, event)}
            onDrop={drop}
          >
            <h3 id={status}>
              {name} <small>{keys().length}</small>
            </h3>
            <Show when={status === "todo"}>
              <NewTask create={(title) => actions.create(title, "normal")} />
            </Show>
            <ol data-drop={isTarget(status, null)}>
              <For each={keys()}>{card}</For>
            </ol>
          </section>
        );
      }}
    </For>
  );
}

function NewTask(props: { create: (title: string) => void }): JSX.Element {
  let field!: HTMLInputElement;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (field.value.trim() === "") return;
    props.create(field.value);
    field.value = "";
  };
  return (
    <form onSubmit={submit}>
      <input ref={field} aria-label="New task" placeholder="Add a task" autocomplete="off" />
    </form>
  );
}
