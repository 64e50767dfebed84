import { mutation, query, v } from "./_generated/server";
import { checkText, MAX_PERSON_LENGTH, searchKey } from "./_text";

/** How many cities a list shows; `total` tells how many there are. */
const SHOWN_CITIES = 100;
const MAX_NAME_LENGTH = 100;
const MAX_NOTE_LENGTH = 280;
/** After every text that starts with the prefix before it. */
const LAST_CHARACTER = "\u{10ffff}";

/** The cities of a country by name. */
export const inCountry = query({
  args: { country: v.string() },
  handler: async (ctx, { country }) => {
    const row = await ctx.db
      .query("countries")
      .withIndex("by_code", (q) => q.eq("code", country))
      .first();
    const cities = await ctx.db
      .query("cities")
      .withIndex("by_country", (q) => q.eq("country", country))
      .take(SHOWN_CITIES);
    return { cities, total: row?.cities ?? 0 };
  },
});

/** The cities whose name starts with a text; accents and case do not matter. */
export const startingWith = query({
  args: { prefix: v.string() },
  handler: async (ctx, { prefix }) => {
    const key = searchKey(prefix.trimStart());
    if (key === "") return { cities: [], total: 0 };
    const matches = () =>
      ctx.db
        .query("cities")
        .withIndex("by_name", (q) => q.gte("key", key).lt("key", key + LAST_CHARACTER));
    return { cities: await matches().take(SHOWN_CITIES), total: await matches().count() };
  },
});

/** The cities between two latitudes, from north to south. */
export const betweenLatitudes = query({
  args: { south: v.number(), north: v.number() },
  handler: async (ctx, { south, north }) => {
    const band = () =>
      ctx.db.query("cities").withIndex("by_latitude", (q) => q.gte("lat", south).lte("lat", north));
    return { cities: await band().order("desc").take(SHOWN_CITIES), total: await band().count() };
  },
});

/** Gives a city another name and another note; an empty note takes the note away. */
export const edit = mutation({
  args: { id: v.id("cities"), name: v.string(), note: v.string(), by: v.string() },
  handler: async (ctx, args) => {
    const author = checkText("Your name", args.by, MAX_PERSON_LENGTH);
    const name = checkText("The name of a city", args.name, MAX_NAME_LENGTH);
    const note = args.note.trim();
    if (note.length > MAX_NOTE_LENGTH) {
      throw new Error(`A note has at most ${MAX_NOTE_LENGTH} characters`);
    }
    const city = await ctx.db.get(args.id);
    if (city === null) throw new Error("This city is not on the map any more");
    if (name !== city.name) {
      await ctx.db.patch(city._id, { name, key: searchKey(name) });
      const text = `renamed ${city.name} to ${name}`;
      await ctx.db.insert("activity", { kind: "rename", author, text, city: city._id });
    }
    if (note !== (city.note ?? "")) {
      await ctx.db.patch(city._id, { note: note === "" ? undefined : note });
      const text = note === "" ? `took the note off ${name}` : `noted on ${name}: “${note}”`;
      await ctx.db.insert("activity", { kind: "note", author, text, city: city._id });
    }
  },
});
