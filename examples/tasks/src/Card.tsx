import type { KeyboardEvent, ReactElement } from "react";
import { isPending } from "../shared/keys";
import { addressOf } from "../shared/place";
import { counted } from "../shared/text";
import type { Task } from "../shared/types";
import { Avatar } from "./Sidebar";

interface CardProps {
  task: Task;
  isOpen: boolean;
  isDragged: boolean;
  /** What is dragged would be dropped before this card. */
  isTarget: boolean;
  onToggle: () => void;
  /** Alt and an arrow key were pressed. */
  onStep: (arrow: string) => void;
  onDragStart: () => void;
  onDragEnd: () => void;
}

/** A task on the board. */
export function Card(props: CardProps): ReactElement {
  const { task, isOpen, isDragged, isTarget } = props;
  const step = (event: KeyboardEvent): void => {
    if (!event.altKey || !event.key.startsWith("Arrow")) return;
    event.preventDefault(); // Alt and the left arrow would leave the page
    props.onStep(event.key);
  };
  return (
    <li
      className="card"
      data-key={task.key}
      data-priority={task.priority}
      data-pending={isPending(task)}
      data-dragged={isDragged}
      data-drop={isTarget}
      draggable
      onKeyDown={step}
      onDragStart={({ dataTransfer }) => {
        dataTransfer.setData("text/plain", task.title);
        dataTransfer.effectAllowed = "move";
        props.onDragStart();
      }}
      onDragEnd={props.onDragEnd}
    >
      <input
        type="checkbox"
        aria-label={`Done: ${task.title}`}
        checked={task.status === "done"}
        onChange={props.onToggle}
      />
      <a
        href={addressOf({ project: task.project, panel: task.key })}
        aria-current={isOpen || undefined}
        aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Alt+ArrowLeft Alt+ArrowRight"
        draggable={false}
      >
        {task.title}
      </a>
      <Avatar name={task.by} />
      <p className="facts">
        {task.priority !== "normal" && <span className="priority">{task.priority}</span>}
        {task.comments > 0 && <span>{counted(task.comments, "comment")}</span>}
        {task.file && <span>1 file</span>}
      </p>
    </li>
  );
}
