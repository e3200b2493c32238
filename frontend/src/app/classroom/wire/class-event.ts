/** What the server says to an instructor: `demo_project/classroom/events.py` is the other half. */

/** How far a learner is with one exercise. Times are ISO 8601, by the server's clock. */
export interface Attempt {
  readonly tries: number;
  readonly hints: number;
  readonly begun: string | null;
  readonly solved: string | null;
}

/** A raised hand. */
export interface Hand {
  readonly since: string;
  /** What the learner asks; may be empty. */
  readonly text: string;
}

export interface Learner {
  readonly id: number;
  readonly name: string;
  /** Whether a connection of this learner is open. */
  readonly here: boolean;
  readonly joined_at: string;
  /** Where the learner is, such as 03/2; null before the first step. */
  readonly step: string | null;
  readonly step_since: string | null;
  readonly stuck: Hand | null;
  readonly idle_since: string | null;
  /** When each step was first reached. */
  readonly steps: Readonly<Record<string, string>>;
  readonly exercises: Readonly<Record<string, Attempt>>;
}

/** Whom a note is for. */
export type Receivers =
  'all' | { readonly step: string } | { readonly lesson: string } | { readonly learner: number };

export type NoteKind = 'hint' | 'pause' | 'resume' | 'reply';

export interface Note {
  readonly number: number;
  readonly kind: NoteKind;
  readonly text: string;
  readonly at: string;
  readonly to: Receivers;
  /** The instructor who sent it. */
  readonly by?: string;
}

/** A cell that a learner chose to show. */
export interface ShownCell {
  readonly learner: number;
  readonly step: string | null;
  readonly source: string;
  readonly output: string;
  readonly at: string;
}

export interface Instructor {
  readonly name: string;
  readonly here: boolean;
}

export interface ClassInfo {
  readonly code: string;
  readonly title: string;
  readonly opened_at: string;
  /** Since when the board keeps its picture; null while it follows. */
  readonly frozen: string | null;
  readonly paused: boolean;
}

interface Versioned {
  readonly type: 'class';
  /** Each is one more than the last: a gap says that something was lost. */
  readonly version: number;
}

/** Everything; it comes before the changes, and at any time again. */
export interface StateEvent extends Versioned {
  readonly event: 'state';
  readonly class: ClassInfo;
  readonly you: { readonly name: string };
  readonly instructors: readonly Instructor[];
  readonly learners: readonly Learner[];
  readonly notes: readonly Note[];
  readonly shown: readonly ShownCell[];
}

/** What changed of a learner; whoever is new comes whole. */
export interface ChangedEvent extends Versioned {
  readonly event: 'changed';
  readonly learner: Partial<Learner> & { readonly id: number };
}

export interface RemovedEvent extends Versioned {
  readonly event: 'removed';
  readonly learner: number;
}

export interface ClassEvent extends Versioned {
  readonly event: 'class';
  readonly class: Partial<ClassInfo> & { readonly instructors?: readonly Instructor[] };
}

export interface NotedEvent extends Versioned {
  readonly event: 'noted';
  readonly note: Note;
}

export interface ShownEvent extends Versioned {
  readonly event: 'shown';
  readonly shown: ShownCell;
}

/** The class was deleted, with all that was in it. */
export interface ClosedEvent {
  readonly type: 'class';
  readonly event: 'closed';
}

/** A command was carried out; `hand_over` has the new key in it. */
export interface DoneEvent {
  readonly type: 'done';
  readonly id: number;
  readonly key?: string;
}

export interface ErrorEvent {
  readonly type: 'error';
  readonly code: string;
  /** A sentence for people. */
  readonly detail: string;
  /** The command that it answers. */
  readonly id?: number;
}

export interface PongEvent {
  readonly type: 'pong';
  readonly id: number;
}

/** What changes the picture of the class by one step. */
export type DiffEvent = ChangedEvent | RemovedEvent | ClassEvent | NotedEvent | ShownEvent;
export type PictureEvent = StateEvent | DiffEvent;
export type ServerEvent = PictureEvent | ClosedEvent | DoneEvent | ErrorEvent | PongEvent;
