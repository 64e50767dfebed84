import { internalMutation, internalQuery, v } from "./_generated/server";
import { searchKey } from "./_text";

// Both functions are internal: pages cannot call them, import.mjs does through /__admin/run.

/** Which batches of a source are there already, and which other sources something came from. */
export const status = internalQuery({
  args: { source: v.string() },
  handler: async (ctx, { source }) => {
    const imports = await ctx.db.query("imports").collect();
    const ours = imports.filter((row) => row.source === source);
    return {
      batches: ours.map(({ batch, rows }) => ({ batch, rows })),
      otherSources: [...new Set(imports.map((row) => row.source))].filter((s) => s !== source),
    };
  },
});

/**
 * Adds a batch of cities and counts them for their countries, all or nothing. A batch that is there
 * already is left alone, so a caller who got no answer may simply try again.
 */
export const addBatch = internalMutation({
  args: {
    source: v.string(),
    batch: v.number(),
    cities: v.array(
      v.object({
        name: v.string(),
        country: v.string(),
        region: v.optional(v.string()),
        lat: v.number(),
        lng: v.number(),
      }),
    ),
  },
  handler: async (ctx, { source, batch, cities }) => {
    const done = await ctx.db
      .query("imports")
      .withIndex("by_source", (q) => q.eq("source", source).eq("batch", batch))
      .first();
    if (done !== null) return 0;
    const added = new Map<string, number>();
    for (const city of cities) {
      await ctx.db.insert("cities", { ...city, key: searchKey(city.name) });
      added.set(city.country, (added.get(city.country) ?? 0) + 1);
    }
    for (const [code, count] of added) {
      const country = await ctx.db
        .query("countries")
        .withIndex("by_code", (q) => q.eq("code", code))
        .first();
      if (country === null) await ctx.db.insert("countries", { code, cities: count });
      else await ctx.db.patch(country._id, { cities: country.cities + count });
    }
    await ctx.db.insert("imports", { source, batch, rows: cities.length });
    return cities.length;
  },
});
