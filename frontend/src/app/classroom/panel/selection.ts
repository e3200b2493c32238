import { Injectable, signal } from '@angular/core';

/** What the panel shows more of. */
export type Selected =
  | { readonly kind: 'learner'; readonly id: number }
  | { readonly kind: 'step' | 'exercise'; readonly id: string };

/** What somebody chose to look at more closely; the focus goes there, and comes back. */
@Injectable({ providedIn: 'root' })
export class Selection {
  private readonly one = signal<Selected | null>(null);
  private opener: HTMLElement | null = null;
  readonly selected = this.one.asReadonly();

  choose(selected: Selected): void {
    // Chosen from within the panel, one leads to the next: the way back is the first opener.
    if (!this.one()) this.opener = focused();
    this.one.set(selected);
  }

  close(): void {
    this.one.set(null);
    this.opener?.focus();
    this.opener = null;
  }
}

function focused(): HTMLElement | null {
  return document.activeElement instanceof HTMLElement ? document.activeElement : null;
}
