import { Times, hasFinished, isSolved, isTried, timesOf } from '../class/standing';
import { Lesson, Part, partsOf } from '../course/course';
import { Learner } from '../wire/class-event';

/** One step or exercise of a lesson, and how far those who are here have come with it. */
export interface PartSummary {
  readonly id: string;
  readonly title: string;
  readonly kind: Part['kind'];
  /** Reached the step, or solved the exercise. */
  readonly done: number;
  /** Are at the step now, or try the exercise and have not solved it. */
  readonly at: number;
  readonly times: Times | null;
}

export interface LessonSummary {
  readonly here: number;
  readonly finished: number;
  readonly parts: readonly PartSummary[];
}

/** How a lesson goes: what the whole class has done of it. */
export function summary(lesson: Lesson, here: readonly Learner[]): LessonSummary {
  const count = (test: (learner: Learner) => boolean): number => here.filter(test).length;
  return {
    here: here.length,
    finished: count((learner) => hasFinished(learner, lesson)),
    parts: partsOf(lesson).map((part): PartSummary => {
      if (part.kind === 'step') {
        const { id, title } = part.step;
        const done = count(({ steps }) => id in steps);
        return { id, title, kind: 'step', done, at: count(({ step }) => step === id), times: null };
      }
      const { id, title } = part.exercise;
      return {
        id,
        title,
        kind: 'exercise',
        done: count((learner) => isSolved(learner, id)),
        at: count((learner) => isTried(learner, id) && !isSolved(learner, id)),
        times: timesOf(here, id),
      };
    }),
  };
}
