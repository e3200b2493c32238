import { Component, ElementRef, computed, effect, inject, viewChild } from '@angular/core';

import { lengthOf } from '../../wire/client-event';
import { BoardSocket } from '../class/board-socket';
import { ClassStore } from '../class/class-store';
import { Commands } from '../class/commands';
import { Session } from '../class/session';
import { LessonInView } from '../overview/lesson-in-view';
import { Receivers } from '../wire/class-event';
import { MAX_NOTE } from '../wire/command';
import { NoteDraft } from './note-draft';
import { inWords, isSame, reaches } from './receivers';

/** Writes a hint: to everybody, to those at a step or in a lesson, or to one learner. */
@Component({
  selector: 'app-note-composer',
  templateUrl: './composer.component.html',
  styleUrl: './composer.component.css',
})
export class NoteComposerComponent {
  private readonly store = inject(ClassStore);
  private readonly view = inject(LessonInView);
  private readonly draft = inject(NoteDraft);
  private readonly commands = inject(Commands);
  private readonly session = inject(Session);
  private readonly socket = inject(BoardSocket);
  private sending = false; // and no answer yet: pressed again, it must not go out twice
  private readonly field = viewChild.required<ElementRef<HTMLTextAreaElement>>('field');

  protected readonly open = computed(() => this.socket.state() === 'open');
  protected readonly text = this.draft.text;
  protected readonly excess = computed(() => Math.max(0, lengthOf(this.text()) - MAX_NOTE));
  /** Everybody, the lesson in view and its steps where somebody is, and each learner. */
  protected readonly choices = computed(() => {
    const lesson = this.view.lesson();
    const here = this.store.here();
    const occupied = lesson?.steps.filter(({ id }) => here.some(({ step }) => step === id)) ?? [];
    const listed: Receivers[] = [
      'all',
      ...(lesson ? [{ lesson: lesson.id }] : []),
      ...occupied.map(({ id }) => ({ step: id })),
      ...this.store.learners().map(({ id }) => ({ learner: id })),
    ];
    const to = this.draft.to();
    const all = listed.some((one) => isSame(one, to)) ? listed : [...listed, to];
    return all.map((one) => ({ to: one, label: this.label(one), chosen: isSame(one, to) }));
  });
  /** Learners whom the note reaches now; those who are away read it when they are back. */
  protected readonly reached = computed(
    () => this.store.learners().filter((learner) => reaches(this.draft.to(), learner)).length,
  );

  constructor() {
    effect(() => {
      if (this.draft.focusWanted() > 0) this.field().nativeElement.focus();
    });
  }

  protected address(field: EventTarget | null): void {
    const choice = this.choices()[(field as HTMLSelectElement).selectedIndex];
    if (choice) this.draft.address(choice.to);
  }

  protected write(): void {
    this.draft.write(this.field().nativeElement.value);
  }

  /** Ctrl + Enter sends: a hint may have lines. An input method's Enter only picks a word. */
  protected enter(event: Event): void {
    if (!(event instanceof KeyboardEvent) || event.isComposing) return;
    event.preventDefault();
    void this.send();
  }

  protected async send(): Promise<void> {
    const text = this.text().trim();
    this.field().nativeElement.focus();
    if (!text || this.excess() || this.sending) return;
    const to = this.draft.to();
    const note = { type: 'note', kind: this.kindFor(to), text, to } as const;
    const done = $localize`Sent to ${this.label(to)}:receivers:`;
    this.sending = true;
    const sent = await this.session.carryOut(this.commands.send(note), done);
    this.sending = false;
    // What was not sent stays in the field; what was written meanwhile too.
    if (sent && this.text().trim() === text) {
      this.draft.write('');
      this.draft.address('all');
    }
  }

  private label(to: Receivers): string {
    return inWords(to, (id) => this.store.learner(id)?.name);
  }

  /** Who has a hand up gets a reply. */
  private kindFor(to: Receivers): 'hint' | 'reply' {
    const one = typeof to === 'object' && 'learner' in to ? this.store.learner(to.learner) : null;
    return one?.stuck ? 'reply' : 'hint';
  }
}
