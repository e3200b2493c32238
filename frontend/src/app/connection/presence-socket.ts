import { DOCUMENT, DestroyRef, Injectable, inject, signal } from '@angular/core';

import { socketAddress } from '../wire/addresses';
import { ClientEvent } from '../wire/client-event';
import { HistoryPlace, ServerEvent, isServerEvent } from '../wire/server-event';
import { backOff } from './back-off';
import { heardAfter, historyQuery } from './heard';
import { Heartbeat } from './heartbeat';

/** `open` once the server has spoken; `closed` only because somebody here wanted it. */
export type ConnectionState = 'connecting' | 'open' | 'retrying' | 'closed';

const OPEN_WITHIN = 10_000;
const KEPT_ROUND_TRIPS = 40;

/** The only file that knows `WebSocket`: it opens one, and another whenever that one is lost. */
@Injectable({ providedIn: 'root' })
export class PresenceSocket {
  /** Called with each event that the server sends. */
  onmessage: (message: ServerEvent) => void = () => {};
  /** Called when a connection that was open is gone. */
  onlost: () => void = () => {};

  private readonly base = inject(DOCUMENT).baseURI;
  private readonly currentState = signal<ConnectionState>('closed');
  private readonly trips = signal<readonly number[]>([]);
  readonly state = this.currentState.asReadonly();
  /** The last round trips in milliseconds, oldest first. */
  readonly roundTrips = this.trips.asReadonly();

  private socket: WebSocket | null = null;
  private heard: HistoryPlace | null = null; // how far, to be told to the next connection
  private failures = 0;
  private timer?: ReturnType<typeof setTimeout>; // until the next attempt, or the end of this one
  private readonly heartbeat = new Heartbeat({
    ping: (id) => this.send({ type: 'ping', id }),
    measured: (time) => this.trips.update((trips) => [...trips, time].slice(-KEPT_ROUND_TRIPS)),
    silent: () => this.lose(),
  });

  constructor() {
    const over = new AbortController();
    const listening = { signal: over.signal };
    addEventListener('online', () => this.wake(), listening);
    addEventListener('offline', () => this.wake(), listening);
    addEventListener('pageshow', () => this.wake(), listening);
    const seen = (): boolean => document.visibilityState === 'visible';
    document.addEventListener('visibilitychange', () => seen() && this.wake(), listening);
    inject(DestroyRef).onDestroy(() => {
      over.abort();
      this.close();
    });
  }

  /** Opens the connection now: also the answer to "try again" while it waits for its turn. */
  connect(): void {
    if (this.socket) return;
    clearTimeout(this.timer);
    if (this.failures === 0) this.currentState.set('connecting');
    const socket = new WebSocket(socketAddress(this.base) + historyQuery(this.heard));
    this.socket = socket;
    this.timer = setTimeout(() => this.lose(), OPEN_WITHIN);
    // What a socket says that has been given up is no news any more.
    socket.onmessage = ({ data }) => socket === this.socket && this.take(data);
    socket.onclose = () => socket === this.socket && this.lose();
  }

  /** Closes the connection, and does not try again. */
  close(): void {
    this.drop();
    this.failures = 0;
    this.currentState.set('closed');
  }

  /** Sends an event; false if there is no open connection to send it on. */
  send(event: ClientEvent): boolean {
    if (this.currentState() !== 'open' || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(event));
    return true;
  }

  private take(data: unknown): void {
    const message = parse(data);
    if (!message) {
      console.warn('The server sent a frame that this client does not know:', data);
      return;
    }
    this.heard = heardAfter(this.heard, message);
    this.heartbeat.heard();
    if (this.currentState() !== 'open') this.opened();
    if (message.type === 'pong') this.heartbeat.answered(message.id);
    this.onmessage(message);
  }

  /** A first frame came. An open socket alone is not enough: a proxy opens one to nobody. */
  private opened(): void {
    clearTimeout(this.timer);
    this.failures = 0;
    this.currentState.set('open');
    this.heartbeat.start();
  }

  private lose(): void {
    this.drop();
    this.currentState.set('retrying');
    this.timer = setTimeout(() => this.connect(), backOff(this.failures));
    this.failures += 1;
  }

  private drop(): void {
    const wasOpen = this.currentState() === 'open';
    clearTimeout(this.timer);
    this.heartbeat.stop();
    const socket = this.socket;
    this.socket = null; // first: a close may take minutes to complete, and nobody waits for it
    socket?.close();
    if (wasOpen) this.onlost();
  }

  /** The network, or the page, came back or went: ask at once instead of waiting for a timer. */
  private wake(): void {
    if (this.currentState() === 'open') this.heartbeat.ask();
    if (this.currentState() === 'retrying') this.connect();
  }
}

function parse(data: unknown): ServerEvent | null {
  try {
    const value: unknown = JSON.parse(String(data));
    return isServerEvent(value) ? value : null;
  } catch {
    return null;
  }
}
