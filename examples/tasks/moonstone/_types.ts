import { v } from "@moonstone/server";

export const status = v.union(v.literal("todo"), v.literal("doing"), v.literal("done"));

export const priority = v.union(v.literal("low"), v.literal("normal"), v.literal("high"));

/** What one can do to a task. */
export const verb = v.union(
  v.literal("added"),
  v.literal("started"),
  v.literal("finished"),
  v.literal("reopened"),
  v.literal("edited"),
  v.literal("deleted"),
  v.literal("commented"),
  v.literal("attached"),
);
