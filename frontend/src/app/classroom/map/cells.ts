import { hasFinished, isSolved, share } from '../class/standing';
import { Attempt, Learner } from '../wire/class-event';
import { Column } from './columns';

/**
 * One field of the map. `level` is its lightness, from 0 (nothing) to 4 (all of it); `sign` says the
 * same without any colour, `label` in words.
 */
export interface Cell {
  readonly sign: string;
  readonly level: 0 | 1 | 2 | 3 | 4;
  readonly label: string;
  /** The learner is in this very step or lesson. */
  readonly current: boolean;
  /** Tried, and not solved. */
  readonly open: boolean;
  /** Solved or tried with the help of hints. */
  readonly hinted: boolean;
}

const NOTHING: Cell = {
  sign: '',
  level: 0,
  label: '',
  current: false,
  open: false,
  hinted: false,
};

/** What a learner's row shows in a column. */
export function cellOf(learner: Learner, column: Column): Cell {
  switch (column.kind) {
    case 'lesson':
      return lessonCell(learner, column);
    case 'step':
      return stepCell(learner, column.id);
    case 'exercise':
      return exerciseCell(learner, column.id);
  }
}

/** Less than a half, a half, three quarters; the whole is a tick. */
const QUARTERS = [
  { sign: '◔', level: 1 },
  { sign: '◑', level: 2 },
  { sign: '◕', level: 3 },
] as const;

function lessonCell(learner: Learner, { lesson }: Extract<Column, { kind: 'lesson' }>): Cell {
  const current = learner.step?.startsWith(`${lesson.id}/`) ?? false;
  if (hasFinished(learner, lesson)) {
    return { ...NOTHING, sign: '✔', level: 4, current, label: $localize`finished` };
  }
  const done = share(learner, lesson);
  if (!done) return { ...NOTHING, current, label: $localize`not begun` };
  const quarter = QUARTERS[Math.min(2, Math.floor(done * 4) - 1)] ?? QUARTERS[0];
  const percent = Math.round(done * 100);
  return { ...NOTHING, ...quarter, current, label: $localize`${percent}:percent: % done` };
}

function stepCell(learner: Learner, step: string): Cell {
  if (learner.step === step) {
    return { ...NOTHING, sign: '▶', level: 4, current: true, label: $localize`is here` };
  }
  if (step in learner.steps) {
    return { ...NOTHING, sign: '•', level: 2, label: $localize`reached` };
  }
  return { ...NOTHING, label: $localize`not reached` };
}

function exerciseCell(learner: Learner, exercise: string): Cell {
  const attempt = learner.exercises[exercise];
  if (!attempt) return { ...NOTHING, label: $localize`not begun` };
  const hinted = attempt.hints > 0;
  if (isSolved(learner, exercise)) {
    return { ...NOTHING, sign: '✔', level: 4, hinted, label: solved(attempt) };
  }
  if (!attempt.tries) {
    return { ...NOTHING, sign: '…', level: 1, hinted, label: begun(attempt) };
  }
  const sign = `${attempt.tries}×`;
  return { ...NOTHING, sign, level: 1, hinted, open: true, label: tried(attempt) };
}

function begun({ hints }: Attempt): string {
  return hints ? $localize`begun (hints: ${hints}:hints:)` : $localize`begun`;
}

function solved({ tries, hints }: Attempt): string {
  return $localize`solved (tries: ${tries}:tries:, hints: ${hints}:hints:)`;
}

function tried({ tries, hints }: Attempt): string {
  return $localize`${tries}:tries:× tried, not solved (hints: ${hints}:hints:)`;
}

/** What the row of the whole class shows in a column: how many of how many have come so far. */
export function classCell(learners: readonly Learner[], column: Column): Cell {
  const reached = learners.filter((learner) => hasDone(learner, column)).length;
  const all = learners.length;
  // The last quarter begins at three of four, and only the whole class is all of it.
  const level = Math.floor((reached / Math.max(1, all)) * 4) as Cell['level'];
  return {
    ...NOTHING,
    sign: String(reached),
    level,
    label: $localize`${reached}:reached: of ${all}:all:`,
  };
}

function hasDone(learner: Learner, column: Column): boolean {
  switch (column.kind) {
    case 'lesson':
      return hasFinished(learner, column.lesson);
    case 'step':
      return column.id in learner.steps;
    case 'exercise':
      return isSolved(learner, column.id);
  }
}
