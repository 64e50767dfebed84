/** Solid primitives; the build writes Zeroback for Moonstone in their names. */
export * from "@moonstone/solid";
