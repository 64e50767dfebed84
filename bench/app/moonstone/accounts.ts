import { mutation, query, v } from "./_generated/server";
import type { MutationCtx } from "./_generated/server";

const FIRST_BALANCE = 1_000_000_000;

/** Opens the accounts up to the number `until`, `atMost` of them now. Returns how many there are. */
export const open = mutation({
  args: { until: v.number(), atMost: v.number() },
  handler: async (ctx, { until, atMost }) => {
    const newest = await ctx.db.query("accounts").withIndex("by_number").order("desc").first();
    const opened = newest === null ? 0 : newest.number + 1;
    const end = Math.max(opened, Math.min(until, opened + atMost));
    for (let number = opened; number < end; number++) {
      await ctx.db.insert("accounts", { number, balance: FIRST_BALANCE });
    }
    return end;
  },
});

async function account(ctx: MutationCtx, number: number) {
  const found = await ctx.db
    .query("accounts")
    .withIndex("by_number", (q) => q.eq("number", number))
    .unique();
  if (found === null) throw new Error(`There is no account ${number}`);
  return found;
}

export const transfer = mutation({
  args: { from: v.number(), to: v.number(), amount: v.number() },
  handler: async (ctx, args) => {
    const from = await account(ctx, args.from);
    const to = await account(ctx, args.to);
    if (from.balance < args.amount) throw new Error(`Account ${args.from} has too little`);
    await ctx.db.patch(from._id, { balance: from.balance - args.amount });
    await ctx.db.patch(to._id, { balance: to.balance + args.amount });
  },
});

/** What all accounts have, and how many there are. */
export const total = query({
  args: {},
  handler: async (ctx) => {
    const accounts = await ctx.db.query("accounts").collect();
    return { count: accounts.length, sum: accounts.reduce((sum, one) => sum + one.balance, 0) };
  },
});
