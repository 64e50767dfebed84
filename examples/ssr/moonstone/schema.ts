import { defineSchema, defineTable, v } from "@moonstone/server";

export const schema = defineSchema({
  entries: defineTable({ name: v.string(), text: v.string() }),
});
