import { Course, Exercise, Lesson, Step, partsOf } from '../course/course';

/** A column of the map: a lesson, and of the opened one its steps and exercises. */
export type Column =
  | {
      readonly kind: 'lesson';
      readonly id: string;
      readonly lesson: Lesson;
      readonly open: boolean;
    }
  | { readonly kind: 'step'; readonly id: string; readonly step: Step }
  | { readonly kind: 'exercise'; readonly id: string; readonly exercise: Exercise };

/** The columns of a course of which one lesson is opened. */
export function columnsOf(course: Course, opened: string | undefined): readonly Column[] {
  return course.lessons.flatMap((lesson): Column[] => {
    const open = lesson.id === opened;
    const parts = open ? partsOf(lesson) : [];
    return [
      { kind: 'lesson', id: lesson.id, lesson, open },
      ...parts.map((part): Column =>
        part.kind === 'step' ? { ...part, id: part.step.id } : { ...part, id: part.exercise.id },
      ),
    ];
  });
}

/** What stands above a column: 03 for a lesson, 2 for its step, ✎1 for its exercise. */
export function headOf(column: Column): string {
  switch (column.kind) {
    case 'lesson':
      return column.id;
    case 'step':
      return column.id.split('/')[1] ?? column.id;
    case 'exercise':
      return `✎${column.id.split('.')[1] ?? column.id}`;
  }
}

/** The column in words: "Exercise 03.1: Greet by name". */
export function titleOf(column: Column): string {
  switch (column.kind) {
    case 'lesson':
      return $localize`Lesson ${column.id}:id:: ${column.lesson.title}:title:`;
    case 'step':
      return $localize`Step ${column.id}:id:: ${column.step.title}:title:`;
    case 'exercise':
      return $localize`Exercise ${column.id}:id:: ${column.exercise.title}:title:`;
  }
}
