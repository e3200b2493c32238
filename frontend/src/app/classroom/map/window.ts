/** Up to so many rows, all are in the page: there the browser's own search finds everybody. */
const ALL = 80;
/** Rows kept ready above and below what is in sight. */
const SPARE = 10;

/** Which rows are in the page: from `first` up to, and without, `last`. */
export interface RowWindow {
  readonly first: number;
  readonly last: number;
}

/**
 * The rows that are in the page, of so many of one height, where `top` pixels are scrolled away.
 *
 * Three hundred rows of thirty cells cost half a second to make. It moves in steps of `SPARE`, so
 * that scrolling by a line makes nothing new. (The CDK's virtual scrolling knows no rows that stay in
 * sight at the top, nor columns at the side.)
 */
export function windowOf(rows: number, top: number, height: number, rowHeight: number): RowWindow {
  if (rows <= ALL) return { first: 0, last: rows };
  if (rowHeight <= 0) return { first: 0, last: ALL }; // nothing is drawn yet
  const begin = Math.floor(top / rowHeight / SPARE) * SPARE;
  const inSight = Math.ceil(height / rowHeight);
  const first = Math.min(Math.max(0, begin - SPARE), Math.max(0, rows - inSight));
  return { first, last: Math.min(rows, begin + inSight + 2 * SPARE) };
}
