import { DOCUMENT, Injectable, inject } from '@angular/core';

import { socketAddress } from '../wire/addresses';
import { ClientEvent } from '../wire/client-event';
import { HistoryPlace, ServerEvent, isServerEvent } from '../wire/server-event';
import { heardAfter, historyQuery } from './heard';
import { LiveSocket } from './live-socket';

/** The presence board's connection: it remembers how far it has heard, and asks for the rest. */
@Injectable({ providedIn: 'root' })
export class PresenceSocket {
  /** Called with each event that the server sends. */
  onmessage: (message: ServerEvent) => void = () => {};
  /** Called when a connection that was open is gone. */
  onlost: () => void = () => {};

  private readonly base = inject(DOCUMENT).baseURI;
  private heard: HistoryPlace | null = null; // how far, to be told to the next connection
  private readonly live = new LiveSocket<ServerEvent>({
    address: () => socketAddress(this.base) + historyQuery(this.heard),
    understands: isServerEvent,
    received: (event) => {
      this.heard = heardAfter(this.heard, event);
      this.onmessage(event);
    },
    lost: () => this.onlost(),
  });

  readonly state = this.live.state;
  /** The last round trips in milliseconds, oldest first. */
  readonly roundTrips = this.live.roundTrips;

  /** Opens the connection now: also the answer to "try again" while it waits for its turn. */
  connect(): void {
    this.live.connect();
  }

  /** Closes the connection, and does not try again. */
  close(): void {
    this.live.close();
  }

  /** Sends an event; false if there is no open connection to send it on. */
  send(event: ClientEvent): boolean {
    return this.live.send(event);
  }
}
