import { Component, computed, inject, signal } from '@angular/core';

import { PresenceSocket } from '../connection/presence-socket';
import { Draft } from '../messages/draft';
import { ClockPipe } from '../messages/clock.pipe';
import { AvatarComponent } from './avatar.component';
import { PeopleStore } from './people-store';
import { TabCounts } from './tab-counts';

/** From this many people on, a field to search them is worth its place. */
const MANY = 15;

@Component({
  selector: 'app-people-list',
  templateUrl: './people-list.component.html',
  styleUrl: './people-list.component.css',
  imports: [AvatarComponent, ClockPipe],
})
export class PeopleListComponent {
  private readonly people = inject(PeopleStore);
  private readonly socket = inject(PresenceSocket);
  private readonly draft = inject(Draft);

  protected readonly sought = signal('');
  protected readonly all = this.people.list;
  protected readonly lastChange = this.people.lastChange;
  protected readonly known = computed(() => this.people.you() !== null);
  protected readonly current = computed(() => this.socket.state() === 'open');
  protected readonly searchable = computed(() => this.all().length > MANY);
  protected readonly found = computed(() => {
    const part = this.searchable() ? this.sought().trim().toLowerCase() : '';
    return part ? this.all().filter(({ name }) => name.toLowerCase().includes(part)) : this.all();
  });

  constructor() {
    inject(TabCounts);
  }

  protected search(field: EventTarget | null): void {
    this.sought.set((field as HTMLInputElement).value);
  }

  protected writeTo(name: string): void {
    this.draft.address(name);
    this.draft.focus();
  }
}
