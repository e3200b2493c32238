import { Learner, Receivers } from '../wire/class-event';

/** Whether two notes go to the same. */
export function isSame(a: Receivers, b: Receivers): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether a note would reach a learner who is where this one is. */
export function reaches(to: Receivers, { id, step }: Learner): boolean {
  if (to === 'all') return true;
  if ('learner' in to) return to.learner === id;
  if ('step' in to) return to.step === step;
  return step?.startsWith(`${to.lesson}/`) ?? false;
}

/** Whom a note is for, in words. `nameOf` answers the name of a learner, if there is one. */
export function inWords(to: Receivers, nameOf: (id: number) => string | undefined): string {
  if (to === 'all') return $localize`everybody`;
  if ('step' in to) return $localize`those at step ${to.step}:step:`;
  if ('lesson' in to) return $localize`those in lesson ${to.lesson}:lesson:`;
  return nameOf(to.learner) ?? $localize`somebody who left`;
}
