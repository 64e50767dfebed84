// A list of which only the rows in view are in the page. All rows have one height.

/** The height of a row, as in the style sheet. */
export const ROW_PX = 54;
/** Rows beyond each edge, so that none is missing while somebody scrolls. */
const SPARE_ROWS = 12;
/** More rows are asked for when this few are left below those in view. */
const LEFT_ROWS = 60;
/** How many rows are asked for at once. */
export const MORE_ROWS = 250;

export interface Rows {
  /** The first row in the page. */
  first: number;
  /** The row behind the last one in the page. */
  end: number;
}

/** Which of `count` rows belong in the page. */
export function rowsInView(scrollTop: number, height: number, count: number): Rows {
  const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE_ROWS);
  const end = Math.min(count, Math.ceil((scrollTop + height) / ROW_PX) + SPARE_ROWS);
  return { first: Math.min(first, end), end };
}

/** Whether it is time to ask for more. */
export function isNearEnd({ end }: Rows, count: number): boolean {
  return count - end < LEFT_ROWS;
}

/** The row at the upper edge, by which the list keeps its place when rows come above it. */
export interface Anchor {
  id: string;
  index: number;
}

export function anchorAt(rows: readonly { _id: string }[], scrollTop: number): Anchor | undefined {
  const index = Math.floor(scrollTop / ROW_PX);
  const row = rows[index];
  return scrollTop > 0 && row ? { id: row._id, index } : undefined;
}

/** How far to scroll so that the anchor stays where it was. */
export function driftOf(rows: readonly { _id: string }[], anchor: Anchor | undefined): number {
  if (anchor === undefined || rows[anchor.index]?._id === anchor.id) return 0;
  const index = rows.findIndex(({ _id }) => _id === anchor.id);
  return index < 0 ? 0 : (index - anchor.index) * ROW_PX;
}
