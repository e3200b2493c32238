import { Component, ElementRef, computed, effect, inject, viewChild } from '@angular/core';

import { PresenceSocket } from '../connection/presence-socket';
import { PeopleStore } from '../people/people-store';
import { MAX_TEXT, lengthOf } from '../wire/client-event';
import { Draft } from './draft';
import { MessageStore } from './message-store';
import { Field, fieldOf, reason } from './refusal';

/** From this many characters on, the writer sees how many are left. */
const NEARLY_FULL = MAX_TEXT * 0.8;

@Component({
  selector: 'app-composer',
  templateUrl: './composer.component.html',
  styleUrl: './composer.component.css',
})
export class ComposerComponent {
  private readonly messages = inject(MessageStore);
  private readonly people = inject(PeopleStore);
  private readonly draft = inject(Draft);
  private readonly socket = inject(PresenceSocket);
  private readonly field = viewChild.required<ElementRef<HTMLTextAreaElement>>('field');

  protected readonly text = this.draft.text;
  protected readonly to = this.draft.to;
  protected readonly names = this.people.names;
  protected readonly open = computed(() => this.socket.state() === 'open');
  /** Whoever is written to stays chosen after they left: better refused than said to everybody. */
  protected readonly gone = computed(() => {
    const to = this.to();
    return to !== null && !this.names().includes(to) ? to : null;
  });
  protected readonly left = computed(() => MAX_TEXT - lengthOf(this.text()));
  protected readonly nearlyFull = computed(() => MAX_TEXT - this.left() > NEARLY_FULL);
  protected readonly toError = computed(() => this.refusalOf('to'));
  protected readonly textError = computed(() => {
    if (this.left() >= 0) return this.refusalOf('text');
    return $localize`A message has at most ${MAX_TEXT}:limit: characters: ${-this.left()}:excess: too many.`;
  });

  constructor() {
    effect(() => {
      if (this.draft.focusWanted() > 0) this.field().nativeElement.focus();
    });
  }

  protected write(): void {
    this.draft.write(this.field().nativeElement.value);
  }

  protected address(field: EventTarget | null): void {
    this.draft.address((field as HTMLSelectElement).value || null);
  }

  /** Enter alone sends (`keydown.enter`); an input method's Enter only picks a word. */
  protected enter(event: Event): void {
    if (!(event instanceof KeyboardEvent) || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  protected send(): void {
    this.field().nativeElement.focus();
    if (!this.text().trim() || this.left() < 0) return;
    const text = this.text();
    this.draft.write('');
    this.messages.write(text, this.to());
  }

  private refusalOf(field: Field): string | null {
    const refusal = this.draft.refusal();
    return refusal && fieldOf(refusal) === field
      ? $localize`Not sent: ${reason(refusal)}:reason:`
      : null;
  }
}
