import { Injectable, inject, signal } from '@angular/core';

import { Announcer } from '../../speech/announcer';
import { CourseStore } from '../course/course-store';
import { Learner, ServerEvent } from '../wire/class-event';
import { Projector } from '../shell/projector';
import { BoardSocket } from './board-socket';
import { ClassStore } from './class-store';
import { Commands, NotDone } from './commands';

/** What a command came to, for the line that says so. */
export interface Outcome {
  readonly text: string;
  readonly bad: boolean;
}

/** The board's part in the conversation: who takes which event, and what is said aloud of it. */
@Injectable({ providedIn: 'root' })
export class Session {
  private readonly socket = inject(BoardSocket);
  private readonly store = inject(ClassStore);
  private readonly commands = inject(Commands);
  private readonly course = inject(CourseStore);
  private readonly announcer = inject(Announcer);
  private readonly projector = inject(Projector);
  private complaint: Outcome | null = null; // of the server, about no command
  private readonly lastOutcome = signal<Outcome | null>(null);
  /** What the last command came to, until somebody has read it. */
  readonly outcome = this.lastOutcome.asReadonly();

  private readonly lost = signal<Date | null>(null);
  /** Since when what is shown is old; null while the board is live. */
  readonly lostAt = this.lost.asReadonly();

  /** Opens the board of a class. */
  open(key: string, name = ''): void {
    this.socket.onmessage = (event) => this.take(event);
    this.socket.onlost = () => {
      this.lost.set(new Date());
      this.commands.interrupt();
    };
    this.socket.open(key, name);
  }

  /** Says what became of something: in the line for it, and to screen readers. */
  tell(text: string, bad = false): void {
    this.lastOutcome.set({ text, bad });
    this.announcer.say(text);
  }

  /** The line has been read. */
  dismiss(): void {
    this.lastOutcome.set(null);
  }

  /** Awaits a command: true if it was carried out; if not, the line says why. */
  async carryOut(answer: Promise<unknown>, done = ''): Promise<boolean> {
    try {
      await answer;
      if (done) this.tell(done);
      else this.dismiss();
      return true;
    } catch (error) {
      if (!(error instanceof NotDone)) throw error;
      this.tell(error.message, true);
      return false;
    }
  }

  private take(event: ServerEvent): void {
    if (event.type === 'class') {
      if (event.event === 'closed') return; // the close that follows says the same
      if (event.event === 'state') {
        this.lost.set(null);
        this.lastOutcome.update((last) => (last === this.complaint ? null : last));
        this.course.retry();
      }
      const before = event.event === 'changed' ? this.store.newestOf(event.learner.id) : undefined;
      if (!this.store.apply(event)) this.socket.renew();
      else if (event.event === 'changed') this.announceHand(before, event.learner);
    } else if (event.type === 'done') {
      this.commands.answered(event);
    } else if (event.type === 'error' && !this.commands.refused(event)) {
      this.tell(event.detail, true);
      this.complaint = this.lastOutcome();
    }
  }

  /** A hand that goes up is heard; on a projector it has no name. */
  private announceHand(before: Learner | undefined, { id, stuck }: Partial<Learner>): void {
    if (!stuck || before?.stuck) return;
    const name = this.store.newestOf(id ?? 0)?.name ?? '';
    if (this.projector.on()) this.announcer.say($localize`A hand is up`);
    else this.announcer.say($localize`${name}:learner: raised a hand. ${stuck.text}:question:`);
  }
}
