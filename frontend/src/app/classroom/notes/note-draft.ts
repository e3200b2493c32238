import { Injectable, signal } from '@angular/core';

import { Receivers } from '../wire/class-event';

/** The note that is being written, and to whom. */
@Injectable({ providedIn: 'root' })
export class NoteDraft {
  private readonly words = signal('');
  private readonly receivers = signal<Receivers>('all');
  private readonly wanted = signal(0);

  readonly text = this.words.asReadonly();
  readonly to = this.receivers.asReadonly();
  /** Grows each time that the field should take the focus, because somebody pressed a button. */
  readonly focusWanted = this.wanted.asReadonly();

  write(text: string): void {
    this.words.set(text);
  }

  address(to: Receivers): void {
    this.receivers.set(to);
  }

  /** Begins a note to somebody: the next key that is pressed is its first letter. */
  begin(to: Receivers): void {
    this.receivers.set(to);
    this.wanted.update((times) => times + 1);
  }
}
