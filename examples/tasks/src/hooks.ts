import { useCallback, useSyncExternalStore } from "react";
import { useMutation } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { taskActions } from "../shared/actions";
import type { TaskActions } from "../shared/actions";
import * as changes from "../shared/changes";
import { newKey } from "../shared/keys";
import type { Observable } from "../shared/observable";
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

/** Everything that one can do to the tasks of a project, at this page. */
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
  return taskActions(project, { create, move, edit, remove, comment });
}
