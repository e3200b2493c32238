import { DOCUMENT, Injectable, computed, inject, resource } from '@angular/core';

import { pageAddress } from '../../wire/addresses';
import { Clock } from '../time/clock';
import { Course, NO_COURSE, isCourse, positions } from './course';

const ANSWER_WITHIN = 10_000;

/** The plan of the course, over HTTP: lessons, steps and exercises with their titles. */
@Injectable({ providedIn: 'root' })
export class CourseStore {
  private readonly base = inject(DOCUMENT).baseURI;
  private readonly clock = inject(Clock);
  private readonly answer = resource({ loader: () => this.load() });

  readonly course = computed(() => (this.answer.hasValue() ? this.answer.value() : NO_COURSE));
  readonly positions = computed(() => positions(this.course()));
  /** Whether the plan could not be had: the board says so, and a connection tries again. */
  readonly missing = computed(() => this.answer.status() === 'error');

  /** Asks again, if the last answer was none. */
  retry(): void {
    if (this.missing()) this.answer.reload();
  }

  private async load(): Promise<Course> {
    const response = await fetch(pageAddress(this.base, 'classroom/course/'), {
      cache: 'no-cache', // ask, and take the copy only if it is the same
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    this.clock.set(response.headers.get('Date'));
    const course: unknown = await response.json();
    if (!isCourse(course)) throw new Error('expected the plan of the course');
    return course;
  }
}
