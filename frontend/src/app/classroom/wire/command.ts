import { NoteKind, Receivers } from './class-event';

/** What an instructor may ask for; each goes out with a number, which its answer repeats. */
export type Command =
  | {
      readonly type: 'note';
      readonly kind: NoteKind;
      readonly text: string;
      readonly to: Receivers;
    }
  | { readonly type: 'hand_down'; readonly learner: number }
  | { readonly type: 'freeze'; readonly on: boolean }
  | { readonly type: 'reset' }
  | { readonly type: 'hand_over' }
  | { readonly type: 'step_down' }
  | { readonly type: 'remove'; readonly learner: number }
  | { readonly type: 'delete'; readonly title: string };

/** The first frame of an instructor. Without a name, the key keeps the one that it has. */
export interface Opening {
  readonly type: 'open';
  readonly key: string;
  readonly name?: string;
}

/** Characters that the server takes in a note, counted as it counts them. */
export const MAX_NOTE = 2_000;

/** No such class, or it ended, or the key is not its key: the server makes no difference. */
export const NO_SUCH_CLASS = 4404;
/** The class was deleted, or this instructor's key ended. */
export const CLASS_DELETED = 4410;
/** Only who is logged in may come in: another tab may do that meanwhile. */
export const NOT_LOGGED_IN = 4401;
/** Too many wrong codes and keys came from this address; then even a right one waits. */
export const TOO_MANY_GUESSES = 4429;
