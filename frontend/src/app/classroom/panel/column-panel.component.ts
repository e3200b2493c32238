import { Component, computed, inject, input } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { timesOf } from '../class/standing';
import { lessonOf } from '../course/course';
import { CourseStore } from '../course/course-store';
import { NoteDraft } from '../notes/note-draft';
import { stopwatch } from '../time/age';
import { Learner } from '../wire/class-event';
import { groupsOf } from './groups';
import { Selection } from './selection';

/** One step or one exercise: who is how far with it, how long it took, and a note to those at it. */
@Component({
  selector: 'app-column-panel',
  templateUrl: './column-panel.component.html',
  styleUrl: './details.css',
})
export class ColumnPanelComponent {
  readonly kind = input.required<'step' | 'exercise'>();
  readonly id = input.required<string>();

  private readonly store = inject(ClassStore);
  private readonly plan = inject(CourseStore);
  private readonly draft = inject(NoteDraft);
  private readonly selection = inject(Selection);

  protected readonly groups = computed(() =>
    groupsOf(this.kind(), this.id(), this.store.learners()),
  );
  protected readonly times = computed(() => {
    const times = this.kind() === 'exercise' && timesOf(this.store.learners(), this.id());
    return times
      ? {
          count: times.count,
          median: stopwatch(times.median),
          low: stopwatch(times.low),
          high: stopwatch(times.high),
        }
      : null;
  });
  /** The step that a note goes to: its own, or the one in which the exercise stands. */
  protected readonly step = computed(() => {
    if (this.kind() === 'step') return this.id();
    const lesson = lessonOf(this.plan.course(), this.id());
    return lesson?.exercises.find(({ id }) => id === this.id())?.step ?? null;
  });

  protected write(step: string): void {
    this.draft.begin({ step });
  }

  protected show({ id }: Learner): void {
    this.selection.choose({ kind: 'learner', id });
  }
}
