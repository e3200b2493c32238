import { isSolved, isTried } from '../class/standing';
import { Learner } from '../wire/class-event';

/** Learners who are equally far with a step or an exercise. */
export interface Group {
  readonly name: string;
  readonly learners: readonly Learner[];
}

/** Who is how far with a step or an exercise: those who may need somebody come first. */
export function groupsOf(
  kind: 'step' | 'exercise',
  id: string,
  learners: readonly Learner[],
): readonly Group[] {
  const where = (test: (learner: Learner) => boolean): readonly Learner[] => learners.filter(test);
  const groups =
    kind === 'step'
      ? [
          { name: $localize`Are here now`, learners: where(({ step }) => step === id) },
          {
            name: $localize`Have not reached it`,
            learners: where(({ steps }) => !(id in steps)),
          },
          {
            name: $localize`Have been here`,
            learners: where(({ step, steps }) => step !== id && id in steps),
          },
        ]
      : [
          {
            name: $localize`Tried, not solved`,
            learners: where((each) => isTried(each, id) && !isSolved(each, id)),
          },
          {
            name: $localize`Not tried`,
            learners: where((each) => !isTried(each, id) && !isSolved(each, id)),
          },
          { name: $localize`Solved`, learners: where((each) => isSolved(each, id)) },
        ];
  return groups.filter((group) => group.learners.length);
}
