import { useState } from "react";
import type { DragEvent, FormEvent, ReactElement } from "react";
import { useQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import {
  COLUMNS,
  columnName,
  keepFocus,
  keyBelow,
  stepOf,
  tasksOf,
  toggled,
} from "../shared/board";
import type { Place } from "../shared/board";
import type { Status, Task } from "../shared/types";
import { Card } from "./Card";
import { useTaskActions } from "./hooks";

interface BoardProps {
  project: string;
  panel: string | undefined;
}

export function Board({ project, panel }: BoardProps): ReactElement {
  const tasks = useQuery(api.tasks.board, { project });
  const actions = useTaskActions(project);
  const [dragged, setDragged] = useState<Task>();
  const [target, setTarget] = useState<Place>();
  const [announcement, setAnnouncement] = useState("");

  if (tasks === undefined) return <p className="empty">Loading…</p>;

  const move = (task: Task, to: Place): void => {
    keepFocus(task.key);
    actions.move(task, to);
    setAnnouncement(`${task.title}: ${columnName(to.status)}`);
  };
  const drop = (): void => {
    if (dragged && target && target.before !== dragged.key) move(dragged, target);
    endDrag();
  };
  const endDrag = (): void => {
    setDragged(undefined);
    setTarget(undefined);
  };

  const column = ({ status, name }: { status: Status; name: string }): ReactElement => {
    const inColumn = tasksOf(tasks, status);
    const isTarget = target?.status === status;
    const over = (event: DragEvent<HTMLElement>): void => {
      if (dragged === undefined) return;
      event.preventDefault();
      const before = keyBelow(event.currentTarget, event.clientY);
      if (!isTarget || target.before !== before) setTarget({ status, before });
    };
    return (
      <section
        key={status}
        aria-labelledby={status}
        data-status={status}
        onDragOver={over}
        onDrop={drop}
      >
        <h3 id={status}>
          {name} <small>{inColumn.length}</small>
        </h3>
        {status === "todo" && <NewTask create={(title) => actions.create(title, "normal")} />}
        <ol data-drop={isTarget && target.before === null}>
          {inColumn.map((task) => (
            <Card
              key={task.key}
              task={task}
              isOpen={task.key === panel}
              isDragged={task.key === dragged?.key}
              isTarget={isTarget && target.before === task.key}
              onToggle={() => move(task, toggled(tasks, task))}
              onStep={(arrow) => {
                const place = stepOf(tasks, task, arrow);
                if (place) move(task, place);
              }}
              onDragStart={() => setDragged(task)}
              onDragEnd={endDrag}
            />
          ))}
        </ol>
      </section>
    );
  };

  return (
    <div className="board">
      {COLUMNS.map(column)}
      <p className="hidden" role="status">
        {announcement}
      </p>
    </div>
  );
}

function NewTask({ create }: { create: (title: string) => void }): ReactElement {
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem("title") as HTMLInputElement;
    if (field.value.trim() === "") return;
    create(field.value);
    field.value = "";
  };
  return (
    <form onSubmit={submit}>
      <input name="title" aria-label="New task" placeholder="Add a task" autoComplete="off" />
    </form>
  );
}
