import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';

import { Learner, PictureEvent } from '../wire/class-event';
import { Picture, after, order } from './picture';

/** Between two drawings, in milliseconds: sixty changes a second are five for whoever looks. */
const PAUSE = 200;

// As people sort: learner 9 before learner 10, é beside e.
const NAMES = new Intl.Collator(undefined, { numeric: true });

/**
 * The class, as far as the server has told; kept, as last known, while the connection is lost.
 *
 * Changes are taken in as they come and shown together, the first of them at once.
 */
@Injectable({ providedIn: 'root' })
export class ClassStore {
  private readonly current = signal<Picture | null>(null);
  private newest: Picture | null = null; // with what is not shown yet
  private pause?: ReturnType<typeof setTimeout> | undefined;

  /** Everything; null before the first state. */
  readonly picture = this.current.asReadonly();
  readonly info = computed(() => this.current()?.info ?? null);
  readonly you = computed(() => this.current()?.you ?? '');
  readonly instructors = computed(() => this.current()?.instructors ?? []);
  readonly notes = computed(() => this.current()?.notes ?? []);
  readonly shown = computed(() => this.current()?.shown ?? []);
  private readonly byId = computed(() => this.current()?.learners ?? new Map<number, Learner>());
  /** All learners, by name. */
  readonly learners = computed(() => [...this.byId().values()].sort(byName));
  /** Those whose notebook is connected now. */
  readonly here = computed(() => this.learners().filter(({ here }) => here));

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.pause));
  }

  /** The learner with this number, if there is one. */
  learner(id: number): Learner | undefined {
    return this.byId().get(id);
  }

  /** The same, with what is not shown yet. */
  newestOf(id: number): Learner | undefined {
    return this.newest?.learners.get(id);
  }

  /** Takes an event in; false if one before it is missing, and only a new state can help. */
  apply(event: PictureEvent): boolean {
    const place = order(this.newest, event);
    if (place === 'next') {
      this.newest = after(this.newest, event);
      if (event.event === 'state' || !this.pause) this.show();
    }
    return place !== 'gap';
  }

  private show(): void {
    this.current.set(this.newest);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      this.pause = undefined;
      if (this.newest !== this.current()) this.show();
    }, PAUSE);
  }
}

function byName(a: Learner, b: Learner): number {
  return NAMES.compare(a.name, b.name) || a.id - b.id;
}
