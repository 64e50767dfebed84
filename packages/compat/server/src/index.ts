/** Schema, validators, functions, routes and cron jobs. */
export * from "@moonstone/server";
