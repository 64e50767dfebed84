import type { Place } from "./board";
import { newKey } from "./keys";
import { me } from "./me";
import type { AddComment, CreateTask, EditTask, MoveTask, RemoveTask } from "./types";
import type { Priority, Task } from "./types";
import { follow } from "./writes";

/** The mutations behind the actions, as the hooks of a UI library make them. */
export interface TaskCalls {
  create: (args: CreateTask) => Promise<unknown>;
  move: (args: MoveTask) => Promise<unknown>;
  edit: (args: EditTask) => Promise<unknown>;
  remove: (args: RemoveTask) => Promise<unknown>;
  comment: (args: AddComment) => Promise<unknown>;
}

/** Everything that one can do to the tasks of a project. What it does shows at once. */
export interface TaskActions {
  create: (title: string, priority: Priority) => void;
  move: (task: Task, place: Place) => void;
  edit: (task: Task, fields: { title?: string; notes?: string; priority?: Priority }) => void;
  remove: (task: Task) => void;
  comment: (task: Task, text: string) => void;
}

export function taskActions(project: string, calls: TaskCalls): TaskActions {
  const by = me.get;
  return {
    create: (title, priority) =>
      void follow(calls.create({ key: newKey(), project, title, priority, by: by() })),
    move: (task, place) => void follow(calls.move({ task: task.key, ...place, by: by() })),
    edit: (task, fields) => void follow(calls.edit({ task: task.key, ...fields, by: by() })),
    remove: (task) => void follow(calls.remove({ task: task.key, by: by() })),
    comment: (task, text) =>
      void follow(calls.comment({ key: newKey(), task: task.key, text, by: by() })),
  };
}
