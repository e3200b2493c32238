import { LiveAnnouncer } from '@angular/cdk/a11y';
import { DOCUMENT, Injectable, inject, signal } from '@angular/core';

const MARK = 'projector';

/** Whether the board is shown to the room: larger, and without any name of a person. */
@Injectable({ providedIn: 'root' })
export class Projector {
  private readonly location = inject(DOCUMENT).location;
  private readonly live = inject(LiveAnnouncer);
  private readonly shown = signal(fragment(this.location).has(MARK));
  readonly on = this.shown.asReadonly();
  /** The board for the room, in a window of its own. */
  readonly address = `${this.location.pathname}#${MARK}`;

  show(on: boolean): void {
    this.live.clear(); // what was said aloud last stays in the page, with the name in it
    this.shown.set(on);
    // The address says it too: a reload in front of everybody must not bring the names back.
    history.replaceState(null, '', on ? this.address : this.location.pathname);
  }
}

/** The fragment of an address as its parts: `#key=…&projector`. */
export function fragment(location: Pick<Location, 'hash'>): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}
