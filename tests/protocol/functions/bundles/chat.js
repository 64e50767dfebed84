// A bundle as the build makes it, written by hand: the chat of the README and some odd functions.
var __moonstone = (() => {
  const string = { json: { type: "string" } };
  const number = { json: { type: "number" } };
  const fn = (_type, args, handler, more = {}) => ({
    _type,
    _isInternal: false,
    _argsValidator: args,
    handler,
    ...more,
  });
  const messages = {
    list: fn("query", { channel: string }, (ctx, args) =>
      ctx.db
        .query("messages")
        .withIndex("by_channel", (q) => q.eq("channel", args.channel))
        .collect(),
    ),
    count: fn("query", {}, (ctx) => ctx.db.query("messages").count()),
    send: fn("mutation", { channel: string, body: string }, (ctx, args) =>
      ctx.db.insert("messages", args),
    ),
    edit: fn("mutation", { id: string, body: string }, async (ctx, args) => {
      await ctx.db.patch(args.id, { body: args.body });
    }),
    fail: fn("mutation", {}, async (ctx) => {
      await ctx.db.insert("messages", { channel: "general", body: "never seen" });
      throw new Error("no, thank you");
    }),
    throwText: fn("query", {}, () => {
      throw "text";
    }),
    nothing: fn("query", {}, () => undefined),
    args: fn("query", {}, (ctx, args) => `${args}`),
    typeOf: fn("query", {}, (ctx, args) => typeof args.n),
    wrongResult: fn("query", {}, () => "text", { _returnsValidator: number }),
    secret: fn("query", {}, () => 42, { _isInternal: true }),
    mail: fn("action", {}, () => 1),
  };
  return {
    modules: { messages, "utils/stats": { total: messages.count } },
    schema: {
      tables: {
        messages: {
          fields: { channel: { type: "string" }, body: { type: "string" } },
          indexes: [{ name: "by_channel", fields: ["channel"] }],
        },
      },
    },
  };
})();
