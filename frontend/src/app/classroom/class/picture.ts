import {
  ClassInfo,
  DiffEvent,
  Instructor,
  Learner,
  Note,
  PictureEvent,
  ShownCell,
  StateEvent,
} from '../wire/class-event';

/** Cells of one learner that the server keeps. */
const KEPT_CELLS = 3;

/** The class as the server has told it so far. Never changed, only replaced. */
export interface Picture {
  readonly version: number;
  readonly info: ClassInfo;
  /** The name of the instructor who looks; empty until one was said. */
  readonly you: string;
  readonly instructors: readonly Instructor[];
  readonly learners: ReadonlyMap<number, Learner>;
  readonly notes: readonly Note[];
  readonly shown: readonly ShownCell[];
}

/** Whether an event comes next, was had already, or something before it is missing. */
export function order(picture: Picture | null, event: PictureEvent): 'next' | 'old' | 'gap' {
  if (event.event === 'state') return 'next'; // at any time, and it replaces everything
  if (!picture) return 'gap';
  if (event.version <= picture.version) return 'old';
  return event.version === picture.version + 1 ? 'next' : 'gap';
}

/** The picture after the event that comes next. */
export function after(picture: Picture | null, event: PictureEvent): Picture | null {
  if (event.event === 'state') return fresh(event);
  return picture && { ...changed(picture, event), version: event.version };
}

function fresh(state: StateEvent): Picture {
  return {
    version: state.version,
    info: state.class,
    you: state.you.name,
    instructors: state.instructors,
    learners: new Map(state.learners.map((learner) => [learner.id, learner])),
    notes: state.notes,
    shown: state.shown,
  };
}

function changed(picture: Picture, event: DiffEvent): Picture {
  switch (event.event) {
    case 'changed': {
      const learners = new Map(picture.learners);
      learners.set(event.learner.id, merged(learners.get(event.learner.id), event.learner));
      return { ...picture, learners };
    }
    case 'removed': {
      const learners = new Map(picture.learners);
      learners.delete(event.learner);
      const shown = picture.shown.filter(({ learner }) => learner !== event.learner);
      return { ...picture, learners, shown };
    }
    case 'class': {
      const { instructors = picture.instructors, ...info } = event.class;
      return { ...picture, instructors, info: { ...picture.info, ...info } };
    }
    case 'noted':
      return { ...picture, notes: [...picture.notes, event.note] };
    case 'shown':
      return { ...picture, shown: newest([...picture.shown, event.shown]) };
  }
}

/** Of each learner, the newest cells: as many as the server keeps. */
function newest(shown: readonly ShownCell[]): readonly ShownCell[] {
  const { learner } = shown.at(-1) ?? { learner: 0 };
  const theirs = shown.filter((cell) => cell.learner === learner);
  const [oldest] = theirs;
  return theirs.length > KEPT_CELLS ? shown.filter((cell) => cell !== oldest) : shown;
}

/** Fields replace, steps and exercises are merged by their keys. */
function merged(before: Learner | undefined, change: Partial<Learner>): Learner {
  const learner = { ...NOBODY, ...before, ...change };
  return {
    ...learner,
    steps: { ...before?.steps, ...change.steps },
    exercises: { ...before?.exercises, ...change.exercises },
  };
}

// Whoever is new comes whole; what all the same is not there is nothing, never `undefined`.
const NOBODY: Learner = {
  id: 0,
  name: '',
  here: false,
  joined_at: new Date(0).toISOString(),
  step: null,
  step_since: null,
  stuck: null,
  idle_since: null,
  steps: {},
  exercises: {},
};
