import type { Doc } from "../moonstone/_generated/dataModel";
import type { api } from "../moonstone/_generated/api";

export type Task = Doc<"tasks">;
export type Comment = Doc<"comments">;
export type Activity = Doc<"activity">;
export type Status = Task["status"];
export type Priority = Task["priority"];

export type CreateProject = (typeof api.projects.create)["_args"];
export type CreateTask = (typeof api.tasks.create)["_args"];
export type MoveTask = (typeof api.tasks.move)["_args"];
export type EditTask = (typeof api.tasks.edit)["_args"];
export type RemoveTask = (typeof api.tasks.remove)["_args"];
export type AddComment = (typeof api.tasks.comment)["_args"];
