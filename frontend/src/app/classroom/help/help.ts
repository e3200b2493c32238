import { Attempt, Hand, Learner } from '../wire/class-event';

/** A learner whose hand is up. */
export interface Raised {
  readonly learner: Learner;
  readonly hand: Hand;
}

/** The hands that are up, the one that has waited longest first. */
export function raised(learners: readonly Learner[]): readonly Raised[] {
  return learners
    .flatMap((learner) => (learner.stuck ? [{ learner, hand: learner.stuck }] : []))
    .sort((a, b) => Date.parse(a.hand.since) - Date.parse(b.hand.since));
}

/** Somebody who has not asked, and may be glad of a word all the same. */
export interface Struggle {
  readonly learner: Learner;
  readonly exercise: string;
  readonly tries: number;
  readonly begun: string | null;
}

/** So many tries without a solution, and it is more than a slip. */
const MANY_TRIES = 4;
/** An exercise takes about five minutes; this is twice that. */
const LONG = 10 * 60_000;

/**
 * Who is here, has no hand up, and is at an exercise that does not come out: the most tries first.
 *
 * At: the last one begun, in the lesson where the learner is. Who left one open has gone on.
 */
export function struggling(learners: readonly Learner[], now: number): readonly Struggle[] {
  return learners
    .flatMap((learner): Struggle[] => {
      if (!learner.here || learner.stuck || learner.idle_since) return [];
      const last = lastBegun(learner);
      if (!last || last.solved) return [];
      const long = last.begun !== null && now - Date.parse(last.begun) > LONG;
      return last.tries >= MANY_TRIES || (last.tries > 0 && long) ? [{ learner, ...last }] : [];
    })
    .sort((a, b) => b.tries - a.tries);
}

function lastBegun({ exercises, step }: Learner) {
  const began = ({ begun }: Attempt): number => (begun === null ? 0 : Date.parse(begun));
  const [last] = Object.entries(exercises)
    .filter(([exercise]) => isInLessonOf(exercise, step))
    .sort(([, a], [, b]) => began(b) - began(a));
  return last && { exercise: last[0], ...last[1] };
}

/** 03.1 and 03/4 are of one lesson. */
function isInLessonOf(exercise: string, step: string | null): boolean {
  return step === null || exercise.split('.')[0] === step.split('/')[0];
}
