import type { MoveTask, Priority, Status, Task } from "./types";

export const COLUMNS: readonly { status: Status; name: string }[] = [
  { status: "todo", name: "To do" },
  { status: "doing", name: "Doing" },
  { status: "done", name: "Done" },
];

export const PRIORITIES: readonly { priority: Priority; name: string }[] = [
  { priority: "high", name: "High" },
  { priority: "normal", name: "Normal" },
  { priority: "low", name: "Low" },
];

/** Where a task goes: before another one, or to the end of a column. */
export type Place = Pick<MoveTask, "status" | "before">;

/** The name of a column. */
export function columnName(status: Status): string {
  return COLUMNS.find((column) => column.status === status)!.name;
}

/** The tasks of a column, in their order. */
export function tasksOf(tasks: readonly Task[], status: Status): Task[] {
  return tasks.filter((task) => task.status === status);
}

/** The place on top of a column. */
export function topOf(tasks: readonly Task[], status: Status): Place {
  return { status, before: tasksOf(tasks, status)[0]?.key ?? null };
}

/** What ticking a task does: it is done, or to do again. */
export function toggled(tasks: readonly Task[], task: Task): Place {
  return topOf(tasks, task.status === "done" ? "todo" : "done");
}

/** One step with an arrow key; undefined where there is no way. */
export function stepOf(tasks: readonly Task[], task: Task, arrow: string): Place | undefined {
  const column = COLUMNS.findIndex(({ status }) => status === task.status);
  const inColumn = tasksOf(tasks, task.status);
  const index = inColumn.indexOf(task);
  switch (arrow) {
    case "ArrowLeft":
    case "ArrowRight": {
      const target = COLUMNS[column + (arrow === "ArrowLeft" ? -1 : 1)];
      return target && topOf(tasks, target.status);
    }
    case "ArrowUp":
      return index > 0 ? { status: task.status, before: inColumn[index - 1]!.key } : undefined;
    case "ArrowDown":
      return index < inColumn.length - 1
        ? { status: task.status, before: inColumn[index + 2]?.key ?? null }
        : undefined;
    default:
      return undefined;
  }
}

/**
 * The key of the card before which a card that is dropped at the height `y` of a list comes; null
 * at the end. Cards say their key in `data-key`.
 */
export function keyBelow(list: HTMLElement, y: number): string | null {
  for (const card of list.querySelectorAll<HTMLElement>("[data-key]")) {
    const { top, height } = card.getBoundingClientRect();
    if (y < top + height / 2) return card.dataset.key!;
  }
  return null;
}

/** After a card has gone to another list, and so become another element, it has the focus again. */
export function keepFocus(key: string): void {
  const focused = document.activeElement?.closest<HTMLElement>("[data-key]");
  if (focused?.dataset.key !== key) return;
  const part = document.activeElement!.localName;
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`[data-key="${key}"] ${part}`)?.focus();
  });
}
