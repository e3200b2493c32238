const FIRST = 500;
const LAST = 15_000;

/**
 * How long to wait before the next attempt, in milliseconds, after `failures` in a row (0, 1, 2 …).
 *
 * Exponential back-off with full jitter: a thousand pages that lost the same server must not all
 * come back at the same instant. `random` answers a number from 0 up to 1.
 */
export function backOff(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(LAST, FIRST * 2 ** failures);
}
