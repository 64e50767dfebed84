import { defineSchema, defineTable, v } from "@moonstone/server";

export const schema = defineSchema({
  // `key` is the name as one types it in a search: without accents, in lower case.
  cities: defineTable({
    name: v.string(),
    key: v.string(),
    country: v.string(),
    region: v.optional(v.string()),
    lat: v.number(),
    lng: v.number(),
    note: v.optional(v.string()),
  })
    .index("by_name", ["key"])
    .index("by_country", ["country", "key"])
    .index("by_latitude", ["lat"]),

  // ISO 3166 code and the number of cities, kept by the import.
  countries: defineTable({
    code: v.string(),
    cities: v.number(),
  }).index("by_code", ["code"]),

  favourites: defineTable({
    city: v.id("cities"),
    by: v.string(),
  }).index("by_city", ["city"]),

  // What people say, and what they do: an entry of the second kind names the city.
  activity: defineTable({
    kind: v.union(
      v.literal("message"),
      v.literal("star"),
      v.literal("unstar"),
      v.literal("rename"),
      v.literal("note"),
    ),
    author: v.string(),
    text: v.string(),
    city: v.optional(v.id("cities")),
  }),

  // One row per imported batch, written with its cities: what is here is not imported again.
  imports: defineTable({
    source: v.string(),
    batch: v.number(),
    rows: v.number(),
  }).index("by_source", ["source", "batch"]),
});
