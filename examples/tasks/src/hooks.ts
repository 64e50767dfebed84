import { useCallback, useSyncExternalStore } from "react";
import { useMutation } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import type { Place } from "../shared/board";
import * as changes from "../shared/changes";
import { newKey } from "../shared/keys";
import { me } from "../shared/me";
import type { Observable } from "../shared/observable";
import type { Priority, Task } from "../shared/types";
import { follow } from "../shared/writes";

/** The value of an observable, live. */
export function useObservable<Value>(observable: Observable<Value>): Value {
  return useSyncExternalStore(observable.subscribe, observable.get);
}

/** Makes a project and returns its key. */
export function useCreateProject(): (name: string) => string {
  const create = useMutation(api.projects.create, { optimisticUpdate: changes.createProject });
  return useCallback(
    (name) => {
      const key = newKey();
      void follow(create({ key, name, hue: Math.floor(Math.random() * 360) }));
      return key;
    },
    [create],
  );
}

/** Everything that one can do to the tasks of a project. What it does shows at once. */
export interface TaskActions {
  create: (title: string, priority: Priority) => void;
  move: (task: Task, place: Place) => void;
  edit: (task: Task, fields: { title?: string; notes?: string; priority?: Priority }) => void;
  remove: (task: Task) => void;
  comment: (task: Task, text: string) => void;
}

export function useTaskActions(project: string): TaskActions {
  const create = useMutation(api.tasks.create, { optimisticUpdate: changes.createTask });
  const move = useMutation(api.tasks.move, {
    optimisticUpdate: (store, args) => changes.moveTask(store, project, args),
  });
  const edit = useMutation(api.tasks.edit, {
    optimisticUpdate: (store, args) => changes.editTask(store, project, args),
  });
  const remove = useMutation(api.tasks.remove, {
    optimisticUpdate: (store, args) => changes.removeTask(store, project, args),
  });
  const comment = useMutation(api.tasks.comment, {
    optimisticUpdate: (store, args) => changes.addComment(store, project, args),
  });
  const by = me.get;
  return {
    create: (title, priority) =>
      void follow(create({ key: newKey(), project, title, priority, by: by() })),
    move: (task, place) => void follow(move({ task: task.key, ...place, by: by() })),
    edit: (task, fields) => void follow(edit({ task: task.key, ...fields, by: by() })),
    remove: (task) => void follow(remove({ task: task.key, by: by() })),
    comment: (task, text) =>
      void follow(comment({ key: newKey(), task: task.key, text, by: by() })),
  };
}
