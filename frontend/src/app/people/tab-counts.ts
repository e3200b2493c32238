import { DOCUMENT, DestroyRef, Injectable, inject } from '@angular/core';

import { PresenceSocket } from '../connection/presence-socket';
import { pageAddress } from '../wire/addresses';
import { isOnlineUsers, isRecord } from '../wire/server-event';
import { PeopleStore } from './people-store';

const EVERY = 15_000;
const ANSWER_WITHIN = 5_000;

/**
 * Reads the numbers of tabs again, now and then, over HTTP.
 *
 * The WebSocket tells of a user's first tab and the last one. A second tab is no news for everybody,
 * so its number is looked up while somebody looks at the page.
 */
@Injectable({ providedIn: 'root' })
export class TabCounts {
  private readonly document = inject(DOCUMENT);
  private readonly socket = inject(PresenceSocket);
  private readonly people = inject(PeopleStore);

  constructor() {
    const look = (): void => void this.look();
    const timer = setInterval(look, EVERY);
    this.document.addEventListener('visibilitychange', look);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(timer);
      this.document.removeEventListener('visibilitychange', look);
    });
  }

  private async look(): Promise<void> {
    if (this.document.visibilityState !== 'visible' || this.socket.state() !== 'open') return;
    const address = pageAddress(this.document.baseURI, 'online/');
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_WITHIN) });
      const answer: unknown = await response.json();
      if (isRecord(answer) && isOnlineUsers(answer['users'])) this.people.recount(answer['users']);
    } catch {
      // The numbers stay as they were; a lost connection is shown by the one who knows, the socket.
    }
  }
}
