import { Learner } from '../wire/class-event';

/** In which order the rows of the map stand. */
export type Ordering = 'name' | 'progress' | 'help';

/**
 * Learners in an order; those who are equal in it stay as they came, by name.
 *
 * `progress`: who is furthest first. `help`: hands first, the oldest first, then who is furthest behind.
 */
export function ordered(
  learners: readonly Learner[],
  by: Ordering,
  positions: ReadonlyMap<string, number>,
): readonly Learner[] {
  if (by === 'name') return learners;
  const place = ({ step }: Learner): number => (step === null ? -1 : (positions.get(step) ?? -1));
  const solved = ({ exercises }: Learner): number =>
    Object.values(exercises).filter((attempt) => attempt.solved).length;
  const further = (a: Learner, b: Learner): number => place(b) - place(a) || solved(b) - solved(a);
  if (by === 'progress') return [...learners].sort(further);
  const since = ({ stuck }: Learner): number => (stuck ? Date.parse(stuck.since) : Infinity);
  return [...learners].sort((a, b) => {
    const [one, other] = [since(a), since(b)];
    return one === other ? further(b, a) : one - other;
  });
}

/**
 * The rows as they stand now, with the learners as they are now: nothing jumps from under a hand.
 * Who left is gone, who is new comes last.
 */
export function held(rows: readonly Learner[], learners: readonly Learner[]): readonly Learner[] {
  const left = new Map(learners.map((learner) => [learner.id, learner]));
  const stay = rows.flatMap(({ id }) => {
    const learner = left.get(id);
    left.delete(id);
    return learner ? [learner] : [];
  });
  return [...stay, ...left.values()];
}
