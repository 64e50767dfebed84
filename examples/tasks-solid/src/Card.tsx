import { Show } from "solid-js";
import type { JSX } from "solid-js";
import { isPending } from "../../tasks/shared/keys";
import { addressOf } from "../../tasks/shared/place";
import { counted } from "../../tasks/shared/text";
import type { Task } from "../../tasks/shared/types";
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
export function Card(props: CardProps): JSX.Element {
  const step = (event: KeyboardEvent): void => {
    if (!event.altKey || !event.key.startsWith("Arrow")) return;
    event.preventDefault(); // Alt and the left arrow would leave the page
    props.onStep(event.key);
  };
  return (
    <li
      class="card"
      data-key={props.task.key}
      data-priority={props.task.priority}
      data-pending={isPending(props.task)}
      data-dragged={props.isDragged}
      data-drop={props.isTarget}
      draggable="true"
      onKeyDown={step}
      onDragStart={({ dataTransfer }) => {
        dataTransfer!.setData("text/plain", props.task.title);
        dataTransfer!.effectAllowed = "move";
        props.onDragStart();
      }}
      onDragEnd={() => props.onDragEnd()}
    >
      <input
        type="checkbox"
        aria-label={`Done: ${props.task.title}`}
        checked={props.task.status === "done"}
        onChange={() => props.onToggle()}
      />
      <a
        href={addressOf({ project: props.task.project, panel: props.task.key })}
        aria-current={props.isOpen || undefined}
        aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown Alt+ArrowLeft Alt+ArrowRight"
        draggable="false"
      >
        {props.task.title}
      </a>
      <Avatar name={props.task.by} />
      <p class="facts">
        <Show when={props.task.priority !== "normal"}>
          <span class="priority">{props.task.priority}</span>
        </Show>
        <Show when={props.task.comments > 0}>
          <span>{counted(props.task.comments, "comment")}</span>
        </Show>
        <Show when={props.task.file}>
          <span>1 file</span>
        </Show>
      </p>
    </li>
  );
}
