/** The size of the drawing, in its own units. */
export const WIDTH = 80;
export const HEIGHT = 20;
const MARGIN = 2;

/**
 * The points of a polyline through the samples, for an SVG of WIDTH × HEIGHT: "2,18 40,10 78,2".
 *
 * From zero to the largest sample, so that a calm connection looks calm.
 */
export function points(samples: readonly number[]): string {
  // Never zero: round trips may be too short to measure, and one sample has no step.
  const top = Math.max(...samples, Number.MIN_VALUE);
  const step = (WIDTH - 2 * MARGIN) / Math.max(samples.length - 1, 1);
  return samples
    .map((sample, index) => {
      const y = HEIGHT - MARGIN - (sample / top) * (HEIGHT - 2 * MARGIN);
      return `${round(MARGIN + index * step)},${round(y)}`;
    })
    .join(' ');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
