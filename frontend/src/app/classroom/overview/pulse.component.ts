import { Component, computed, inject } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { hasFinished } from '../class/standing';
import { raised } from '../help/help';
import { HandIconComponent } from '../shell/hand-icon.component';
import { AgePipe } from '../time/age.pipe';
import { Clock } from '../time/clock';
import { LessonInView } from './lesson-in-view';

/** The class at a glance: who is here, who asks, where half of them are, who is done. */
@Component({
  selector: 'app-pulse',
  templateUrl: './pulse.component.html',
  styleUrl: './pulse.component.css',
  imports: [AgePipe, HandIconComponent],
})
export class PulseComponent {
  private readonly store = inject(ClassStore);
  private readonly view = inject(LessonInView);

  protected readonly now = inject(Clock).now;
  protected readonly all = computed(() => this.store.learners().length);
  protected readonly here = computed(() => this.store.here().length);
  protected readonly idle = computed(
    () => this.store.here().filter(({ idle_since }) => idle_since !== null).length,
  );
  protected readonly hands = computed(() => raised(this.store.learners()));
  protected readonly median = this.view.median;
  protected readonly lesson = this.view.lesson;
  protected readonly finished = computed(() => {
    const lesson = this.lesson();
    return lesson ? this.store.here().filter((each) => hasFinished(each, lesson)).length : 0;
  });
  protected readonly percent = computed(() =>
    Math.floor((100 * this.finished()) / Math.max(1, this.here())),
  );
}
