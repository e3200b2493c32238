import { Injectable, computed, inject, signal } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { lessonInQuestion, medianStep } from '../class/standing';
import { CourseStore } from '../course/course-store';

/** The lesson that the board has opened: where the class is, unless somebody chose another. */
@Injectable({ providedIn: 'root' })
export class LessonInView {
  private readonly store = inject(ClassStore);
  private readonly plan = inject(CourseStore);
  private readonly choice = signal<string | null>(null);

  /** null: it follows the class. */
  readonly chosen = this.choice.asReadonly();
  readonly median = computed(() => medianStep(this.store.here(), this.plan.positions()));
  readonly lesson = computed(() => {
    const { lessons } = this.plan.course();
    const chosen = lessons.find(({ id }) => id === this.choice());
    return chosen ?? lessonInQuestion(this.plan.course(), this.median());
  });

  choose(lesson: string | null): void {
    this.choice.set(lesson);
  }
}
