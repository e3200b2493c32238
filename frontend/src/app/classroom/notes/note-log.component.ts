import { Component, computed, inject } from '@angular/core';

import { ClockPipe } from '../../messages/clock.pipe';
import { ClassStore } from '../class/class-store';
import { Note } from '../wire/class-event';
import { inWords } from './receivers';

/** What was written to the class, the newest first. */
@Component({
  selector: 'app-note-log',
  imports: [ClockPipe],
  styleUrl: './note-log.component.css',
  template: `
    @if (lines().length) {
      <section class="card" aria-labelledby="notes-title">
        <h2 id="notes-title" i18n>What was written</h2>
        <ol tabindex="0" aria-labelledby="notes-title">
          @for (line of lines(); track line.number) {
            <li>
              <p class="about">
                {{ line.when | clock }} · <strong>{{ line.kindName }}</strong> ·
                <bdi>{{ line.receivers }}</bdi>
                @if (line.by) {
                  · <bdi>{{ line.by }}</bdi>
                }
              </p>
              <p class="text">{{ line.text }}</p>
            </li>
          }
        </ol>
      </section>
    }
  `,
})
export class NoteLogComponent {
  private readonly store = inject(ClassStore);
  protected readonly lines = computed(() =>
    this.store
      .notes()
      .map((note) => ({
        ...note,
        when: new Date(note.at),
        kindName: kindName(note),
        receivers: inWords(note.to, (id) => this.store.learner(id)?.name),
      }))
      .reverse(),
  );
}

function kindName({ kind }: Note): string {
  switch (kind) {
    case 'hint':
      return $localize`hint`;
    case 'pause':
      return $localize`pause`;
    case 'resume':
      return $localize`go on`;
    case 'reply':
      return $localize`reply`;
  }
}
