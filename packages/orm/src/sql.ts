// Moonstone. Licence: see LICENSE.

/** A piece of SQL with the values for its places; what `where: { $raw }` and `filter` take. */
export interface SqlFragment {
  readonly _litestoneRaw: true;
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** SQL in which every interpolation is a value and never text: ``sql`price > ${limit}` ``. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): SqlFragment {
  return { _litestoneRaw: true, sql: strings.join("?").trim(), params: values };
}
