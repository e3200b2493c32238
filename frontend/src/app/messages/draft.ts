import { Injectable, effect, signal } from '@angular/core';

import { ErrorEvent } from '../wire/server-event';

const KEY = 'draft';

/** What is being written, to whom, and what the server last had against it. */
@Injectable({ providedIn: 'root' })
export class Draft {
  // Kept for the length of the visit: logging in leaves the page, and must not cost a sentence.
  private readonly words = signal(recall());
  private readonly receiver = signal<string | null>(null);
  private readonly lastRefusal = signal<ErrorEvent | null>(null);
  private readonly wanted = signal(0);

  readonly text = this.words.asReadonly();
  /** null: everybody. */
  readonly to = this.receiver.asReadonly();
  readonly refusal = this.lastRefusal.asReadonly();
  /** Grows each time that the field should take the focus. */
  readonly focusWanted = this.wanted.asReadonly();

  constructor() {
    effect(() => remember(this.words()));
  }

  write(text: string): void {
    this.words.set(text);
    this.lastRefusal.set(null);
  }

  address(to: string | null): void {
    this.receiver.set(to);
    this.lastRefusal.set(null);
  }

  /** A refused text comes back, before whatever has been written meanwhile. */
  putBack(text: string, to: string | null): void {
    this.words.update((meanwhile) => (meanwhile ? `${text}\n${meanwhile}` : text));
    this.receiver.set(to);
  }

  refuse(error: ErrorEvent): void {
    this.lastRefusal.set(error);
  }

  focus(): void {
    this.wanted.update((times) => times + 1);
  }
}

// A browser that keeps nothing (private windows, blocked storage) throws instead of answering.
function recall(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function remember(text: string): void {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // Then the draft lasts as long as the page.
  }
}
