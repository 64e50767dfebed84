import { defineSchema, defineTable, v } from "@moonstone/server";

export const schema = defineSchema({
  items: defineTable({
    group: v.string(),
    text: v.string(),
    rank: v.number(),
  }).index("by_group", ["group", "rank"]),
  counters: defineTable({ value: v.number() }),
  accounts: defineTable({ number: v.number(), balance: v.number() }).index("by_number", ["number"]),
});
