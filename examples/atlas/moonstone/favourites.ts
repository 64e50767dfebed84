import { mutation, query, v } from "./_generated/server";
import { checkText, MAX_PERSON_LENGTH } from "./_text";

const SHOWN_FAVOURITES = 60;

/** The starred cities, the latest first. */
export const list = query({
  args: {},
  handler: async (ctx) => {
    const favourites = await ctx.db.query("favourites").order("desc").take(SHOWN_FAVOURITES);
    const cities = await ctx.db.getMany(
      "cities",
      favourites.map((favourite) => favourite.city),
    );
    return favourites.flatMap((favourite) => {
      const city = cities.get(favourite.city);
      return city ? [{ _id: favourite._id, by: favourite.by, city }] : [];
    });
  },
});

/** Stars a city; nothing happens if somebody has done so already. */
export const star = mutation({
  args: { city: v.id("cities"), by: v.string() },
  handler: async (ctx, args) => {
    const author = checkText("Your name", args.by, MAX_PERSON_LENGTH);
    const city = await ctx.db.get(args.city);
    if (city === null) throw new Error("This city is not on the map any more");
    const starred = await ctx.db
      .query("favourites")
      .withIndex("by_city", (q) => q.eq("city", city._id))
      .first();
    if (starred !== null) return;
    await ctx.db.insert("favourites", { city: city._id, by: author });
    const text = `starred ${city.name}`;
    await ctx.db.insert("activity", { kind: "star", author, text, city: city._id });
  },
});

/** Takes the star off a city. */
export const unstar = mutation({
  args: { city: v.id("cities"), by: v.string() },
  handler: async (ctx, args) => {
    const author = checkText("Your name", args.by, MAX_PERSON_LENGTH);
    const starred = await ctx.db
      .query("favourites")
      .withIndex("by_city", (q) => q.eq("city", args.city))
      .collect();
    if (starred.length === 0) return;
    for (const favourite of starred) await ctx.db.delete(favourite._id);
    const city = await ctx.db.get(args.city);
    if (city === null) return;
    const text = `took the star off ${city.name}`;
    await ctx.db.insert("activity", { kind: "unstar", author, text, city: city._id });
  },
});
