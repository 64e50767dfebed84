import { describe, expect, it } from "vitest";
import { defineSchema, defineTable, schemaToJSON, v } from "@moonstone/server";

const notes = defineTable({ text: v.string(), rank: v.optional(v.number()) });

describe("a schema", () => {
  it("becomes SchemaJSON with the indexes in the order of writing", () => {
    const schema = defineSchema({
      notes: notes
        .index("by_rank", ["rank"])
        .index("by_text", ["text", "_creationTime"])
        .searchIndex("search_text", { searchField: "text" }),
    });
    const json = {
      tables: {
        notes: {
          fields: {
            text: { type: "string" },
            rank: { type: "optional", value: { type: "number" } },
          },
          indexes: [
            { name: "by_rank", fields: ["rank"] },
            { name: "by_text", fields: ["text", "_creationTime"] },
          ],
          searchIndexes: [{ name: "search_text", searchField: "text" }],
        },
      },
    };
    expect(schemaToJSON(schema)).toStrictEqual(json);
    expect(JSON.parse(JSON.stringify(schema))).toStrictEqual(json);
  });

  it("leaves searchIndexes out when there are none", () => {
    expect(notes.toJSON()).toStrictEqual({
      fields: { text: { type: "string" }, rank: { type: "optional", value: { type: "number" } } },
      indexes: [],
    });
  });

  it("does not change a table that index() was called on", () => {
    notes.index("by_rank", ["rank"]);
    expect(notes.indexes).toEqual([]);
  });

  it("refuses what is no table", () => {
    expect(() => defineSchema({ notes: { fields: 1 } as never })).toThrow('table "notes"');
    expect(() => defineTable({ a: 1 as never })).toThrow('defineTable, field "a", is not a');
    expect(() => defineTable(undefined as never)).toThrow("must be an object of validators");
  });
});
