/** React hooks; the build writes Zeroback for Moonstone in their names. */
export * from "@moonstone/react";
