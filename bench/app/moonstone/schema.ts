import { defineSchema, defineTable, v } from "@moonstone/server";

export const schema = defineSchema({
  items: defineTable({
    group: v.string(),
    text: v.string(),
    rank: v.number(),
  }).index("by_group", ["group", "rank"]),
  counters: defineTable({ value: v.number() }),
});
