import { Component, computed, inject } from '@angular/core';

import { PresenceSocket } from './presence-socket';
import { HEIGHT, WIDTH, points } from './sparkline';

/** How long a ping takes to the server and back, now and in the last minutes. */
@Component({
  selector: 'app-round-trip',
  template: `
    @if (latest(); as time) {
      <span class="time" i18n>{{ time }} ms</span>
      @if (trips().length > 1) {
        <svg role="img" [attr.viewBox]="box" [attr.aria-label]="label()">
          <polyline [attr.points]="line()" />
        </svg>
      }
    }
  `,
  styleUrl: './round-trip.component.css',
})
export class RoundTripComponent {
  protected readonly trips = inject(PresenceSocket).roundTrips;
  protected readonly box = `0 0 ${WIDTH} ${HEIGHT}`;
  protected readonly line = computed(() => points(this.trips()));
  protected readonly latest = computed(() => short(this.trips().at(-1)));
  protected readonly label = computed(() => {
    const slowest = short(Math.max(...this.trips()));
    return $localize`Round trip to the server; the slowest of the last ${this.trips().length}:count: took ${slowest}:milliseconds: ms`;
  });
}

/** Milliseconds as a person wants to read them: 0.8, 3.1, 124. */
function short(time: number | undefined): string | null {
  return time === undefined ? null : time.toFixed(time < 10 ? 1 : 0);
}
