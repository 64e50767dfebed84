import { from } from "solid-js";
import type { Accessor } from "solid-js";
import { createMutation } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import { taskActions } from "../../tasks/shared/actions";
import type { TaskActions } from "../../tasks/shared/actions";
import * as changes from "../../tasks/shared/changes";
import { newKey } from "../../tasks/shared/keys";
import type { Observable } from "../../tasks/shared/observable";
import { follow } from "../../tasks/shared/writes";

/** The value of an observable, live. */
export function observe<Value>(observable: Observable<Value>): Accessor<Value> {
  return from(
    (set: (value: () => Value) => void) => observable.subscribe(() => set(observable.get)),
    observable.get(),
  );
}

/** A function that makes a project and returns its key. */
export function createProjectMaker(): (name: string) => string {
  const create = createMutation(api.projects.create, { optimisticUpdate: changes.createProject });
  return (name) => {
    const key = newKey();
    void follow(create({ key, name, hue: Math.floor(Math.random() * 360) }));
    return key;
  };
}

/** Everything that one can do to the tasks of a project, at this page. */
export function createTaskActions(project: string): TaskActions {
  const create = createMutation(api.tasks.create, { optimisticUpdate: changes.createTask });
  const move = createMutation(api.tasks.move, {
    optimisticUpdate: (store, args) => changes.moveTask(store, project, args),
  });
  const edit = createMutation(api.tasks.edit, {
    optimisticUpdate: (store, args) => changes.editTask(store, project, args),
  });
  const remove = createMutation(api.tasks.remove, {
    optimisticUpdate: (store, args) => changes.removeTask(store, project, args),
  });
  const comment = createMutation(api.tasks.comment, {
    optimisticUpdate: (store, args) => changes.addComment(store, project, args),
  });
  return taskActions(project, { create, move, edit, remove, comment });
}
