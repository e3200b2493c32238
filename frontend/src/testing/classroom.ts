import { Course } from '../app/classroom/course/course';
import { Attempt, Learner, StateEvent } from '../app/classroom/wire/class-event';

/** Ten o'clock, when the class of all tests here begins. */
export const TEN = '2030-01-31T10:00:00Z';

/** So many minutes after ten. */
export function minute(minutes: number): string {
  return new Date(Date.parse(TEN) + minutes * 60_000).toISOString();
}

/** Two lessons: the first with three steps and two exercises, the second with one step and none. */
export const COURSE: Course = {
  lessons: [
    {
      id: '01',
      title: 'Installing',
      minutes: 15,
      steps: [
        { id: '01/0', title: '(opening)' },
        { id: '01/1', title: 'Installing' },
        { id: '01/2', title: 'Then and now' },
      ],
      exercises: [
        { id: '01.1', title: 'Taken for a page', step: '01/1' },
        { id: '01.2', title: 'Settings', step: '01/2' },
      ],
    },
    {
      id: '02',
      title: 'Creating an application',
      minutes: 20,
      steps: [{ id: '02/1', title: 'By hand' }],
      exercises: [],
    },
  ],
};

export function learner(id: number, name: string, more: Partial<Learner> = {}): Learner {
  return {
    id,
    name,
    here: true,
    joined_at: TEN,
    step: null,
    step_since: null,
    stuck: null,
    idle_since: null,
    steps: {},
    exercises: {},
    ...more,
  };
}

export function attempt(more: Partial<Attempt> = {}): Attempt {
  return { tries: 0, hints: 0, begun: TEN, solved: null, ...more };
}

/** The state of a class with these learners. */
export function classState(learners: readonly Learner[], version = 1): StateEvent {
  return {
    type: 'class',
    event: 'state',
    version,
    class: { code: 'K7PM-2QXR', title: 'Channels', opened_at: TEN, frozen: null, paused: false },
    you: { name: 'Dr. Ada' },
    instructors: [{ name: 'Dr. Ada', here: true }],
    learners,
    notes: [],
    shown: [],
  };
}

/** Answers the plan of the course to whoever fetches it; anything else is not found. */
export function serveCourse(): void {
  vi.stubGlobal(
    'fetch',
    vi.fn(async (address: string) =>
      address.endsWith('classroom/course/')
        ? Response.json(COURSE)
        : Response.json({ detail: 'not here' }, { status: 404 }),
    ),
  );
}

/** What jsdom has not: dialogs that open, scrolling, sizes that change; call it in `beforeEach`. */
export function useFakeLayout(): void {
  Element.prototype.scrollIntoView = () => {};
  Object.assign(HTMLDialogElement.prototype, {
    showModal(this: HTMLDialogElement) {
      this.open = true;
    },
    close(this: HTMLDialogElement) {
      this.open = false;
      this.dispatchEvent(new Event('close'));
    },
  });
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
}
