import { Component, ElementRef, computed, effect, inject, viewChild } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { CourseStore } from '../course/course-store';
import { lessonOf } from '../course/course';
import { ColumnPanelComponent } from './column-panel.component';
import { LearnerPanelComponent } from './learner-panel.component';
import { Selected, Selection } from './selection';

/** One learner, one step or one exercise more closely. */
@Component({
  selector: 'app-panel',
  imports: [ColumnPanelComponent, LearnerPanelComponent],
  styleUrl: './panel.component.css',
  template: `
    @if (title(); as title) {
      <aside class="card" aria-labelledby="panel-title" (keydown.escape)="close()">
        <div class="top">
          <h2 #heading id="panel-title" tabindex="-1">
            <bdi>{{ title }}</bdi>
          </h2>
          <button type="button" class="quiet" (click)="close()" i18n>Close</button>
        </div>
        @if (learner(); as learner) {
          <app-learner-panel [learner]="learner" />
        } @else if (column(); as column) {
          <app-column-panel [kind]="column.kind" [id]="column.id" />
        }
      </aside>
    }
  `,
})
export class PanelComponent {
  private readonly store = inject(ClassStore);
  private readonly plan = inject(CourseStore);
  private readonly selection = inject(Selection);
  private readonly heading = viewChild<ElementRef<HTMLElement>>('heading');

  protected readonly learner = computed(() => {
    const one = this.selection.selected();
    return one?.kind === 'learner' ? this.store.learner(one.id) : undefined;
  });
  protected readonly column = computed(() => {
    const one = this.selection.selected();
    return one && one.kind !== 'learner' ? one : undefined;
  });
  /** null: nothing is chosen, or the learner who was is gone. */
  protected readonly title = computed(() => {
    const column = this.column();
    if (!column) return this.learner()?.name ?? null;
    const lesson = lessonOf(this.plan.course(), column.id);
    const all = [...(lesson?.steps ?? []), ...(lesson?.exercises ?? [])];
    return `${column.id} ${all.find(({ id }) => id === column.id)?.title ?? ''}`;
  });

  constructor() {
    // Whoever opened it is taken there, once; what arrives later moves nobody.
    let shown: Selected | null = null;
    effect(() => {
      const selected = this.selection.selected();
      const heading = this.heading()?.nativeElement;
      if (selected && selected !== shown) heading?.focus();
      if (heading || !selected) shown = selected;
    });
  }

  protected close(): void {
    this.selection.close();
  }
}
