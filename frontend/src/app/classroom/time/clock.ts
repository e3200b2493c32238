import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';

const TICK = 5_000;
/** A `Date` header has whole seconds: what is less than this is no difference. */
const SAME = 2_000;

/**
 * What time it is for the server, now and again every five seconds.
 *
 * Ages are counted from moments of the server's clock, and an instructor's laptop may be minutes off.
 */
@Injectable({ providedIn: 'root' })
export class Clock {
  private readonly ahead = signal(0);
  private readonly here = signal(Date.now());
  /** Milliseconds since 1970, by the server's clock. */
  readonly now = computed(() => this.here() + this.ahead());

  constructor() {
    const timer = setInterval(() => this.here.set(Date.now()), TICK);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  /** Takes the server's time from the `Date` header of an answer that came just now. */
  set(date: string | null): void {
    const ahead = Date.parse(date ?? '') - Date.now();
    if (!Number.isNaN(ahead)) this.ahead.set(Math.abs(ahead) > SAME ? ahead : 0);
  }
}
