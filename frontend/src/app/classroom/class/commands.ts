import { DestroyRef, Injectable, inject } from '@angular/core';

import { DoneEvent, ErrorEvent } from '../wire/class-event';
import { Command } from '../wire/command';
import { BoardSocket } from './board-socket';

/** A command whose answer has not come after this time may be lost. */
const ANSWER_WITHIN = 10_000;

/** Why a command was not, or perhaps not, carried out: `message` is a sentence for people. */
export class NotDone extends Error {}

interface Open {
  done(answer: DoneEvent): void;
  refused(reason: NotDone): void;
  readonly patience: ReturnType<typeof setTimeout>;
}

/** What an instructor asks the server to do, each with its answer. Nothing is ever sent twice. */
@Injectable({ providedIn: 'root' })
export class Commands {
  private readonly socket = inject(BoardSocket);
  private readonly open = new Map<number, Open>();
  private lastId = 0;

  constructor() {
    inject(DestroyRef).onDestroy(() => {
      for (const { patience } of this.open.values()) clearTimeout(patience);
    });
  }

  /** Sends a command and waits for its answer; rejects with `NotDone`. */
  send(command: Command): Promise<DoneEvent> {
    const id = (this.lastId += 1);
    return new Promise((resolve, reject) => {
      if (!this.socket.send({ ...command, id })) {
        reject(new NotDone($localize`Not sent: the board is not connected.`));
        return;
      }
      const patience = setTimeout(() => this.doubt(id), ANSWER_WITHIN);
      this.open.set(id, { done: resolve, refused: reject, patience });
    });
  }

  /** An answer came; one that nobody waits for any more changes nothing. */
  answered(answer: DoneEvent): void {
    this.settle(answer.id)?.done(answer);
  }

  /** The server said no. An error that answers no command is for somebody else: false. */
  refused(error: ErrorEvent): boolean {
    const meant = error.id === undefined ? undefined : this.settle(error.id);
    meant?.refused(new NotDone(reason(error)));
    return meant !== undefined;
  }

  /** The connection is gone: whether what was out arrived, nobody knows. */
  interrupt(): void {
    for (const id of [...this.open.keys()]) this.doubt(id);
  }

  private doubt(id: number): void {
    const sentence = $localize`Perhaps not done: the connection was lost before an answer came. Look, then try again.`;
    this.settle(id)?.refused(new NotDone(sentence));
  }

  private settle(id: number): Open | undefined {
    const one = this.open.get(id);
    clearTimeout(one?.patience);
    this.open.delete(id);
    return one;
  }
}

function reason({ code, detail }: ErrorEvent): string {
  switch (code) {
    case 'rate_limited':
      return $localize`Not done: too much in a short time. Wait a moment, then try again.`;
    case 'too_long':
      return $localize`Not done: the text is too long for this server.`;
    case 'unavailable':
      return $localize`Not done: the server cannot do that now. Try again.`;
    default:
      return $localize`Not done: ${detail}:reason:`;
  }
}
