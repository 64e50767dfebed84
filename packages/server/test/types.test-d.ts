// Checked by tsc alone: a line under @ts-expect-error must not compile, all others must.
import { createQueryFactory, defineSchema, defineTable, initLunora, v } from "@moonstone/server";
import type {
  ArgsOf,
  DataModelFromSchema,
  FunctionReference,
  Id,
  Infer,
  PaginationResult,
  QueryCtx,
  ReturnOf,
} from "@moonstone/server";
import { api, internal } from "./fixtures/_generated/api";
import type { DataModel } from "./fixtures/_generated/dataModel";
import { mutation, query, v as tableV } from "./fixtures/_generated/server";
import type { schema } from "./fixtures/schema";

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_equal: Equal<A, B>): void {}

// Infer follows every validator.
const everything = v.object({
  text: v.string(),
  number: v.number(),
  float: v.float64(),
  integer: v.int64(),
  flag: v.boolean(),
  nothing: v.null(),
  anything: v.any(),
  id: v.id("messages"),
  literal: v.literal("a"),
  list: v.array(v.union(v.string(), v.null())),
  map: v.record(v.string(), v.number()),
  bytes: v.bytes(),
  nested: v.object({ inner: v.optional(v.literal(42)) }),
  maybe: v.optional(v.string()),
});
type Everything = Infer<typeof everything>;
same<
  Everything,
  {
    text: string;
    number: number;
    float: number;
    integer: number | bigint;
    flag: boolean;
    nothing: null;
    anything: any;
    id: Id<"messages">;
    literal: "a";
    list: (string | null)[];
    map: Record<string, number>;
    bytes: ArrayBuffer;
    nested: { inner?: 42 | undefined };
    maybe?: string | undefined;
  }
>(true);
same<Infer<ReturnType<typeof v.string>>, string>(true);
// @ts-expect-error only the literal itself
const wrongly: Everything["literal"] = "b";

// Ids: any text will do, but not the id of another table.
const plain: Id<"messages"> = "messages:01JQ8Z3N6V0000000000000000";
declare const channelId: Id<"channels">;
// @ts-expect-error the id of another table
const confused: Id<"messages"> = channelId;
// @ts-expect-error v of the generated server knows the tables
tableV.id("message");

// Index fields must exist.
defineTable({ a: v.string(), b: v.object({ c: v.number() }) })
  .index("by_a", ["a", "b.c", "_creationTime"])
  .searchIndex("search_a", { searchField: "a" });
// @ts-expect-error no such field
defineTable({ a: v.string() }).index("by_b", ["b"]);
// @ts-expect-error an index has at least one field
defineTable({ a: v.string() }).index("by_nothing", []);
// @ts-expect-error the parentheses are missing
defineTable({ a: v.string });
// @ts-expect-error not a table
defineSchema({ a: {} });

// The data model derived from the schema is the generated one.
type Derived = DataModelFromSchema<typeof schema>;
same<Derived["channels"]["_id"], Id<"channels">>(true);
same<Derived["messages"]["kind"], "text" | "image">(true);
const derivedDoc = (doc: Derived["messages"]): DataModel["messages"]["author"]["name"] =>
  doc.author.name;

export const readers = query({
  args: { channel: tableV.id("channels"), since: v.optional(v.number()) },
  handler: async (ctx, args) => {
    same<typeof args, { channel: Id<"channels">; since?: number | undefined }>(true);
    const doc = await ctx.db.get(plain);
    same<typeof doc, DataModel["messages"] | null>(true);
    const byTable = await ctx.db.get("channels", args.channel);
    same<typeof byTable, DataModel["channels"] | null>(true);
    const many = await ctx.db.getMany([plain]);
    same<typeof many, Map<Id<"messages">, DataModel["messages"] | null>>(true);
    await ctx.db.getMany(plain, plain);
    await ctx.db.getMany("messages", [plain]);
    // @ts-expect-error a query has no writer
    ctx.db.insert;
    // @ts-expect-error no such table
    ctx.db.query("message");

    const messages = ctx.db.query("messages");
    messages.withIndex("by_id", (q) => q.gt("_id", plain));
    messages.search("body", "fix*").filter((q) => q.eq(q.field("kind"), "text"));
    // @ts-expect-error no search index on that field
    messages.search("kind", "text");
    // @ts-expect-error a table without search indexes
    ctx.db.query("channels").search("name", "a");
    messages.withIndex("by_creation_time", (q) => q.gte("_creationTime", 1).lt("_creationTime", 2));
    messages.withIndex("by_channel_likes", (q) =>
      q.eq("channel", args.channel).gte("likes", 1).lt("likes", 10n),
    );
    messages.withIndex("by_channel_likes");
    // @ts-expect-error no such index
    messages.withIndex("by_body");
    // @ts-expect-error the first field of the index comes first
    messages.withIndex("by_channel_likes", (q) => q.eq("likes", 1));
    // @ts-expect-error nothing follows a range
    messages.withIndex("by_channel_likes", (q) => q.gt("channel", "a").eq("likes", 1));
    // @ts-expect-error the value has the type of the field
    messages.withIndex("by_channel", (q) => q.eq("channel", 42));
    // @ts-expect-error the index has one field only
    messages.withIndex("by_channel", (q) => q.eq("channel", "a").eq("likes", 1));

    messages.filter((q) =>
      q.and(q.eq(q.field("author.name"), "Ada"), q.not(q.eq(q.field("tags"), null))),
    );
    // @ts-expect-error no such field
    messages.filter((q) => q.eq(q.field("missing"), 1));
    messages.orderBy("likes", "desc");
    // @ts-expect-error no such field
    messages.orderBy("missing");
    // @ts-expect-error no such direction
    messages.order("up");

    const page = await messages.paginate({ cursor: null, numItems: 10 });
    same<typeof page, PaginationResult<DataModel["messages"]>>(true);
    return await messages.first();
  },
});
same<ReturnOf<typeof readers>, DataModel["messages"] | null>(true);

export const writers = mutation({
  args: {},
  handler: async (ctx) => {
    const id = await ctx.db.insert("channels", { name: "general" });
    same<typeof id, Id<"channels">>(true);
    await ctx.db.patch(id, { topic: undefined });
    await ctx.db.replace(id, { name: "random", topic: "everything" });
    const topic = undefined as string | undefined; // as an optional argument is
    await ctx.db.insert("channels", { name: "general", topic });
    await ctx.db.replace(id, { name: "general", topic });
    // @ts-expect-error a required field is not undefined
    await ctx.db.insert("channels", { name: topic });
    // @ts-expect-error a required field is missing
    await ctx.db.insert("channels", { topic: "none" });
    // @ts-expect-error the server sets the id
    await ctx.db.insert("channels", { name: "a", _id: "channels:1" });
    // @ts-expect-error wrong type
    await ctx.db.patch(id, { name: 1 });
    // @ts-expect-error no such field
    await ctx.db.patch(id, { title: "a" });
    await ctx.scheduler.runAfter(1000, internal.messages.clear, { channel: id });
  },
});
same<ReturnOf<typeof writers>, void>(true);

// `returns` binds the handler, and is the result type.
query({
  args: {},
  returns: v.number(),
  // @ts-expect-error returns says number
  handler: async () => "three",
});
export const strict = query({
  args: {},
  returns: v.union(v.literal("a"), v.literal("b")),
  handler: async () => "a" as const,
});
same<ReturnOf<typeof strict>, "a" | "b">(true);
// @ts-expect-error args are required
query({ handler: async () => 1 });

// The builder: input merges, use extends the context, output binds the handler.
const withUser = query.use(async ({ ctx, next }) => {
  same<typeof ctx.now, number>(true);
  return next({ ctx: { user: { name: "Ada" } } });
});
export const built = withUser
  .input({ a: v.string(), b: v.number() })
  .input({ b: v.optional(v.boolean()) })
  .output(v.string())
  .query(({ ctx, args }) => {
    same<typeof args, { a: string; b?: boolean | undefined }>(true);
    same<typeof ctx.user, { name: string }>(true);
    ctx.db.query("messages").withIndex("by_channel");
    return ctx.user.name + args.a;
  });
same<ReturnOf<typeof built>, string>(true);
same<ArgsOf<typeof built>, { a: string; b?: boolean | undefined }>(true);
const letter = v.union(v.literal("a"), v.literal("b"));
withUser.output(v.object({ letter })).query(async () => ({ letter: "a" }));
withUser.output(letter).query(() => "a");
// @ts-expect-error output says string
withUser.output(v.string()).query(() => 1);
// @ts-expect-error a query builder makes queries
withUser.mutation(() => 1);
// @ts-expect-error a middleware returns what next() gave it
query.use(async () => 1);

// A data model without indexes works; index names and fields are any text then.
type PlainModel = { notes: { _id: string; _creationTime: number; text: string } };
const plainQuery = createQueryFactory<PlainModel>();
export const plainList = plainQuery({
  args: {},
  handler: (ctx) =>
    ctx.db
      .query("notes")
      .withIndex("by_whatever", (q) => q.eq("text", "a").eq("other", 1).gt("third", 2))
      .collect(),
});
same<ReturnOf<typeof plainList>, PlainModel["notes"][]>(true);
interface InterfaceModel {
  notes: { _id: Id<"notes">; _creationTime: number; text: string };
}
initLunora
  .dataModel<InterfaceModel>()
  .create()
  .mutation({
    args: { text: v.string() },
    handler: (ctx, args) => ctx.db.insert("notes", { text: args.text }),
  });
// Without any model everything goes.
createQueryFactory()({ args: {}, handler: (ctx) => ctx.db.query("x").withIndex("y").first() });

// References carry arguments and results.
same<(typeof api.messages.count)["_returns"], number>(true);
same<(typeof api.messages.list)["_returns"], DataModel["messages"][]>(true);
same<(typeof api.messages.send)["_returns"], Id<"messages">>(true);
same<(typeof api.messages.send)["_args"], { channel: Id<"channels">; body: string }>(true);
same<(typeof internal.messages.clear)["_returns"], void>(true);
const reference: FunctionReference<"query"> = api.messages.list;
// @ts-expect-error a mutation is no query
const mistaken: FunctionReference<"query"> = api.messages.send;

// Helpers may take the generated context.
export async function helper(ctx: QueryCtx<DataModel>): Promise<string | undefined> {
  return (await ctx.db.query("channels").withIndex("by_name").first())?.name;
}
export const usesHelper = mutation({ args: {}, handler: (ctx) => helper(ctx) });

export const used = [wrongly, confused, derivedDoc, reference, mistaken];
