import { Course, Lesson, lessonOf } from '../course/course';
import { Learner } from '../wire/class-event';

/** Whether a learner is done with a lesson: every exercise solved, or its last step reached. */
export function hasFinished(learner: Learner, lesson: Lesson): boolean {
  if (!lesson.exercises.length) return (lesson.steps.at(-1)?.id ?? '') in learner.steps;
  return lesson.exercises.every(({ id }) => isSolved(learner, id));
}

/** How much of a lesson a learner has done, from 0 to 1: steps reached and exercises solved. */
export function share(learner: Learner, lesson: Lesson): number {
  const reached = lesson.steps.filter(({ id }) => id in learner.steps).length;
  const solved = lesson.exercises.filter(({ id }) => isSolved(learner, id)).length;
  return (reached + solved) / Math.max(1, lesson.steps.length + lesson.exercises.length);
}

export function isSolved(learner: Learner, exercise: string): boolean {
  return Boolean(learner.exercises[exercise]?.solved);
}

/** Whether an exercise was tried, or a hint was asked for. */
export function isTried(learner: Learner, exercise: string): boolean {
  const attempt = learner.exercises[exercise];
  return attempt !== undefined && (attempt.tries > 0 || attempt.hints > 0);
}

/** The step at which half of these learners have not come further; null before anybody began. */
export function medianStep(
  learners: readonly Learner[],
  positions: ReadonlyMap<string, number>,
): string | null {
  const steps = learners
    .flatMap(({ step }) => (step !== null && positions.has(step) ? [step] : []))
    .sort((a, b) => (positions.get(a) ?? 0) - (positions.get(b) ?? 0));
  return steps[Math.floor((steps.length - 1) / 2)] ?? null;
}

/** The lesson that the class is in: that of the median step, or the first. */
export function lessonInQuestion(course: Course, median: string | null): Lesson | undefined {
  return (median === null ? undefined : lessonOf(course, median)) ?? course.lessons[0];
}

/** How long an exercise took those who solved it, in milliseconds. */
export interface Times {
  readonly count: number;
  readonly median: number;
  /** The middle half took from `low` to `high`. */
  readonly low: number;
  readonly high: number;
}

/** From the beginning to the solution of an exercise; null while nobody has solved it. */
export function timesOf(learners: readonly Learner[], exercise: string): Times | null {
  const times = learners
    .flatMap(({ exercises }) => {
      const attempt = exercises[exercise];
      if (!attempt?.begun || !attempt.solved) return [];
      return [Date.parse(attempt.solved) - Date.parse(attempt.begun)];
    })
    // What was solved before the class came with no time at all: nobody knows how long it took.
    .filter((time) => time > 0)
    .sort((a, b) => a - b);
  if (!times.length) return null;
  const at = (part: number): number => quantile(times, part);
  return { count: times.length, median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** The value below which this part of sorted numbers lies, between two of them if need be. */
export function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
