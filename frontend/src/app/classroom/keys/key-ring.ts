import { DOCUMENT, Injectable, inject, signal } from '@angular/core';

import { isRecord } from '../../wire/server-event';

/** A class whose instructor's key this browser knows. */
export interface KnownClass {
  readonly key: string;
  readonly title: string;
  readonly code: string;
}

/** Classes kept: a browser that has opened a class a day for a month needs no more. */
const KEPT = 20;

/**
 * The instructor's keys that this browser knows.
 *
 * A key comes in the fragment of a link, which no server sees, and leaves the address bar at once:
 * that is projected to the room. What a tab works with survives a reload; all are kept, so that a
 * closed tab does not lose a class.
 */
@Injectable({ providedIn: 'root' })
export class KeyRing {
  // Behind a prefix, other boards have the same origin.
  private readonly place = `classroom ${new URL(inject(DOCUMENT).baseURI).pathname}`;
  private readonly ring = signal(read(this.place));
  private used = recall(() => sessionStorage.getItem(this.place));
  /** The classes, the one used last first. */
  readonly known = this.ring.asReadonly();

  /** The key that this tab works with; null if it has none. */
  get current(): string | null {
    return this.used;
  }

  /** Works with this key in this tab from now on; false if a reload would forget it. */
  use(key: string): boolean {
    this.used = key;
    return kept(() => sessionStorage.setItem(this.place, key));
  }

  /** Remembers which class a key opens. */
  keep(known: KnownClass): void {
    const others = this.known().filter(({ key }) => key !== known.key);
    this.write([known, ...others].slice(0, KEPT));
  }

  /** Forgets a key: its class is gone, or this browser is not to know it. */
  forget(key: string): void {
    if (this.used === key) {
      this.used = null;
      kept(() => sessionStorage.removeItem(this.place));
    }
    this.write(this.known().filter((known) => known.key !== key));
  }

  private write(ring: readonly KnownClass[]): void {
    this.ring.set(ring);
    kept(() => localStorage.setItem(this.place, JSON.stringify(ring)));
  }
}

function read(place: string): readonly KnownClass[] {
  try {
    const ring: unknown = JSON.parse(recall(() => localStorage.getItem(place)) ?? '[]');
    return Array.isArray(ring) ? ring.filter(isKnownClass) : [];
  } catch {
    return []; // somebody else wrote there
  }
}

function isKnownClass(value: unknown): value is KnownClass {
  return isRecord(value) && ['key', 'title', 'code'].every((one) => typeof value[one] === 'string');
}

// A browser that keeps nothing (private windows, blocked storage) throws instead of answering.
function recall(ask: () => string | null): string | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

function kept(keep: () => void): boolean {
  try {
    keep();
    return true;
  } catch {
    return false; // then the key lasts as long as the page
  }
}
