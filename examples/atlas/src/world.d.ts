// Made by world.mjs at build time.
declare module "virtual:world" {
  export const columns: number;
  export const rows: number;
  /** Two bits per cell, row by row from the north-west, as base64. */
  export const levels: string;
}
