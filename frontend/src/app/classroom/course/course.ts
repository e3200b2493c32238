import { isRecord } from '../../wire/server-event';

/** A part of a lesson, under one heading: 03/2. */
export interface Step {
  readonly id: string;
  readonly title: string;
}

/** An exercise, and the step in which it stands: 03.1 in 03/4. */
export interface Exercise {
  readonly id: string;
  readonly title: string;
  readonly step: string;
}

export interface Lesson {
  readonly id: string;
  readonly title: string;
  readonly minutes: number;
  readonly steps: readonly Step[];
  readonly exercises: readonly Exercise[];
}

/** The plan of the course, as `GET classroom/course/` brings it. */
export interface Course {
  readonly lessons: readonly Lesson[];
}

export const NO_COURSE: Course = { lessons: [] };

/** Whether a parsed answer is a plan of the course. */
export function isCourse(value: unknown): value is Course {
  return isRecord(value) && Array.isArray(value['lessons']) && value['lessons'].every(isLesson);
}

/** The lesson that a step or an exercise belongs to: both begin with its two digits. */
export function lessonOf(course: Course, id: string): Lesson | undefined {
  const lesson = id.split(/[/.]/, 1)[0];
  return course.lessons.find((each) => each.id === lesson);
}

/** What a lesson is made of, in the order in which a learner meets it. */
export type Part =
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'exercise'; readonly exercise: Exercise };

export function partsOf(lesson: Lesson): readonly Part[] {
  const parts: Part[] = lesson.steps.flatMap((step): Part[] => [
    { kind: 'step', step },
    ...lesson.exercises
      .filter((exercise) => exercise.step === step.id)
      .map((exercise): Part => ({ kind: 'exercise', exercise })),
  ]);
  // An exercise whose step is not in the plan still has a place: at the end.
  const placed = new Set(lesson.steps.map(({ id }) => id));
  const others = lesson.exercises.filter(({ step }) => !placed.has(step));
  return [...parts, ...others.map((exercise): Part => ({ kind: 'exercise', exercise }))];
}

/** How far into the course each step is: 0, 1, 2 … */
export function positions(course: Course): ReadonlyMap<string, number> {
  const steps = course.lessons.flatMap((lesson) => lesson.steps);
  return new Map(steps.map(({ id }, index) => [id, index]));
}

function isLesson(value: unknown): boolean {
  return (
    isRecord(value) &&
    ['id', 'title'].every((field) => typeof value[field] === 'string') &&
    typeof value['minutes'] === 'number' &&
    areAll(value['steps'], ['id', 'title']) &&
    areAll(value['exercises'], ['id', 'title', 'step'])
  );
}

function areAll(value: unknown, fields: readonly string[]): boolean {
  return (
    Array.isArray(value) &&
    value.every((each) => isRecord(each) && fields.every((one) => typeof each[one] === 'string'))
  );
}
