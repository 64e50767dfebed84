/** What a worker entry (`.zeroback/entry.ts`) imports. */
export * from "@moonstone/server/runtime";
