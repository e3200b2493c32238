import { DOCUMENT, Injectable, inject } from '@angular/core';

import { LiveSocket } from '../../connection/live-socket';
import { socketAddress } from '../../wire/addresses';
import { ServerEvent } from '../wire/class-event';
import { CLASS_DELETED, NO_SUCH_CLASS, Opening } from '../wire/command';
import { isClassroomEvent } from '../wire/understood';

/** The board's connection. The key goes into its first frame: in an address, a log would keep it. */
@Injectable({ providedIn: 'root' })
export class BoardSocket {
  /** Called with each event that the server sends. */
  onmessage: (event: ServerEvent) => void = () => {};
  /** Called when a connection that was open is gone. */
  onlost: () => void = () => {};

  private readonly base = inject(DOCUMENT).baseURI;
  private opening: Opening | null = null;
  private readonly live = new LiveSocket<ServerEvent>({
    address: () => socketAddress(this.base, 'classroom/board/'),
    greeting: () => this.opening ?? {},
    understands: isClassroomEvent,
    welcomes: (event) => event.type === 'class' && event.event === 'state',
    isFinal: (code) => code === NO_SUCH_CLASS || code === CLASS_DELETED,
    received: (event) => this.onmessage(event),
    lost: () => this.onlost(),
  });

  readonly state = this.live.state;
  readonly closeCode = this.live.closeCode;

  /** Opens the board of the class that this key is for, under a name if one is given. */
  open(key: string, name = ''): void {
    this.live.close();
    this.opening = name ? { type: 'open', key, name } : { type: 'open', key };
    this.live.connect();
  }

  /** Tries again at once. */
  connect(): void {
    this.live.connect();
  }

  /** Leaves this connection for another one, which begins with the state. */
  renew(): void {
    this.live.renew();
  }

  close(): void {
    this.live.close();
  }

  /** Sends a frame; false if there is no open connection to send it on. */
  send(frame: object): boolean {
    return this.live.send(frame);
  }
}
