import { Component, computed, inject, input } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { CourseStore } from '../course/course-store';
import { Selection } from '../panel/selection';
import { stopwatch } from '../time/age';
import { LessonInView } from './lesson-in-view';
import { PartSummary, summary } from './summary';

/** Whether the class can move on: the lesson in view, part by part, for all together. */
@Component({
  selector: 'app-overview',
  templateUrl: './overview.component.html',
  styleUrl: './overview.component.css',
})
export class OverviewComponent {
  /** For the room: nothing leads to a single learner. */
  readonly anonymous = input(false);

  private readonly store = inject(ClassStore);
  private readonly view = inject(LessonInView);
  private readonly selection = inject(Selection);

  protected readonly lessons = computed(() => this.plan.course().lessons);
  protected readonly lesson = this.view.lesson;
  protected readonly chosen = this.view.chosen;
  protected readonly median = this.view.median;
  protected readonly summary = computed(() => {
    const lesson = this.lesson();
    return lesson && summary(lesson, this.store.here());
  });
  private readonly plan = inject(CourseStore);

  protected choose(field: EventTarget | null): void {
    this.view.choose((field as HTMLSelectElement).value || null);
  }

  protected show({ kind, id }: PartSummary): void {
    this.selection.choose({ kind, id });
  }

  /** The median and the middle half, by the stopwatch: 4:05 (3:10–6:00). */
  protected timing({ times }: PartSummary): string {
    if (!times) return '';
    const { median, low, high } = times;
    return `${stopwatch(median)} (${stopwatch(low)}–${stopwatch(high)})`;
  }
}
