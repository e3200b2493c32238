import { Injectable, computed, inject, signal } from '@angular/core';

import { Announcer } from '../speech/announcer';
import { ChangeEvent, OnlineUser, StateEvent } from '../wire/server-event';
import { People, after, lines, recounted } from './people';

/** Who came or left last, and when. */
export interface Change {
  readonly name: string;
  readonly came: boolean;
  readonly at: Date;
}

/** Who is online, as far as the server has told; kept, as last known, while the connection is lost. */
@Injectable({ providedIn: 'root' })
export class PeopleStore {
  private readonly announcer = inject(Announcer);
  private readonly ownName = signal<string | null>(null);
  private readonly people = signal<People>(new Map());
  private readonly change = signal<Change | null>(null);

  /** Your name as the server knows you; null until it has said so. */
  readonly you = this.ownName.asReadonly();
  readonly lastChange = this.change.asReadonly();
  readonly list = computed(() => lines(this.people(), this.you()));
  readonly names = computed(() => this.list().map(({ name }) => name));

  apply(event: StateEvent | ChangeEvent): void {
    this.people.update((people) => after(people, event));
    if (event.event === 'state') {
      this.ownName.set(event.you.user);
      this.change.set(null);
    } else {
      const came = event.event === 'joined';
      this.change.set({ name: event.user, came, at: new Date() });
      this.announcer.changed(event.user, came);
    }
  }

  recount(users: readonly OnlineUser[]): void {
    this.people.update((people) => recounted(people, users));
  }
}
