// What each mutation will do to the results on the screen, shown before the server answers. Each
// repeats in a few lines what the mutation of the same name does, and leaves alone what is not
// loaded.
import type { LocalStore } from "@moonstone/client";
import { api } from "../moonstone/_generated/api";
import { pendingId } from "./keys";
import type {
  AddComment,
  CreateProject,
  CreateTask,
  EditTask,
  MoveTask,
  RemoveTask,
  Task,
} from "./types";

export function createProject(store: LocalStore, { key, name, hue }: CreateProject): void {
  const projects = store.getQuery(api.projects.list);
  if (projects === undefined) return;
  const project = { key, name, hue, total: 0, done: 0 };
  store.setQuery(api.projects.list, {}, [...projects, project]);
}

export function createTask(store: LocalStore, args: CreateTask): void {
  const fresh = { notes: "", status: "todo", rank: 0, comments: 0 } as const;
  const made = { _id: pendingId(args.key), _creationTime: Date.now() };
  const task: Task = { ...made, ...fresh, ...args, title: args.title.trim() };
  changeBoard(store, args.project, (tasks) => [task, ...tasks]);
  const details = { task, comments: [], fileUrl: null };
  store.setQuery(api.tasks.details, { task: args.key }, details);
  countProject(store, args.project, { total: 1, done: 0 });
}

export function moveTask(store: LocalStore, project: string, args: MoveTask): void {
  const { task: key, status, before } = args;
  changeBoard(store, project, (tasks) => {
    const task = tasks.find((candidate) => candidate.key === key);
    if (task === undefined) return tasks;
    const others = tasks.filter((candidate) => candidate !== task);
    const place = before === key ? tasks.indexOf(task) : indexOfKey(others, before);
    countProject(store, project, { total: 0, done: isDone({ status }) - isDone(task) });
    return [...others.slice(0, place), { ...task, status }, ...others.slice(place)];
  });
  changeDetails(store, key, (task) => ({ ...task, status }));
}

export function editTask(store: LocalStore, project: string, args: EditTask): void {
  const { task: key, title, notes, priority } = args;
  const edited = (task: Task): Task => ({
    ...task,
    title: title?.trim() ?? task.title,
    notes: notes ?? task.notes,
    priority: priority ?? task.priority,
  });
  changeTask(store, project, key, edited);
  changeDetails(store, key, edited);
}

export function removeTask(store: LocalStore, project: string, args: RemoveTask): void {
  changeBoard(store, project, (tasks) => {
    const task = tasks.find(({ key }) => key === args.task);
    if (task === undefined) return tasks;
    countProject(store, project, { total: -1, done: -isDone(task) });
    return tasks.filter((candidate) => candidate !== task);
  });
}

export function addComment(store: LocalStore, project: string, args: AddComment): void {
  const { task: key } = args;
  const more = (task: Task): Task => ({ ...task, comments: task.comments + 1 });
  changeTask(store, project, key, more);
  const details = store.getQuery(api.tasks.details, { task: key });
  if (details === undefined || details === null) return;
  const made = { _id: pendingId(args.key), _creationTime: Date.now() };
  const comment = { ...made, key: args.key, task: key, by: args.by, text: args.text.trim() };
  const comments = [...details.comments, comment];
  store.setQuery(
    api.tasks.details,
    { task: key },
    { ...details, task: more(details.task), comments },
  );
}

function changeBoard(store: LocalStore, project: string, change: (tasks: Task[]) => Task[]): void {
  const tasks = store.getQuery(api.tasks.board, { project });
  if (tasks !== undefined) store.setQuery(api.tasks.board, { project }, change(tasks));
}

function changeTask(
  store: LocalStore,
  project: string,
  key: string,
  change: (task: Task) => Task,
): void {
  changeBoard(store, project, (tasks) =>
    tasks.map((task) => (task.key === key ? change(task) : task)),
  );
}

function changeDetails(store: LocalStore, key: string, change: (task: Task) => Task): void {
  const details = store.getQuery(api.tasks.details, { task: key });
  if (details === undefined || details === null) return;
  store.setQuery(api.tasks.details, { task: key }, { ...details, task: change(details.task) });
}

function countProject(store: LocalStore, key: string, more: { total: number; done: number }): void {
  const projects = store.getQuery(api.projects.list);
  if (projects === undefined) return;
  const counted = projects.map((project) =>
    project.key === key
      ? { ...project, total: project.total + more.total, done: project.done + more.done }
      : project,
  );
  store.setQuery(api.projects.list, {}, counted);
}

/** Where the task with this key is; behind all if it is none of them. */
function indexOfKey(tasks: Task[], key: string | null): number {
  const index = tasks.findIndex((task) => task.key === key);
  return index < 0 ? tasks.length : index;
}

function isDone({ status }: { status: Task["status"] }): number {
  return status === "done" ? 1 : 0;
}
