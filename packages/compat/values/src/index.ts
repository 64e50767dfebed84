/** Validators, and the types that follow from them. */
export { v } from "@moonstone/server";
export type { Id, Infer, Validator } from "@moonstone/server";
