import { DestroyRef, inject, signal } from '@angular/core';

import { backOff } from './back-off';
import { Heartbeat } from './heartbeat';

/** `open` once the server has spoken; `closed` because somebody wanted it, or for good. */
export type ConnectionState = 'connecting' | 'open' | 'retrying' | 'closed';

/** What differs between the sockets of the server: where, what is said first, what is understood. */
export interface Protocol<Event> {
  /** Where to connect; asked before each attempt. */
  address(): string;
  /** The first frame, where the server waits for one. */
  greeting?(): object;
  /** Whether a parsed frame is an event of this socket. */
  understands(value: unknown): value is Event;
  /** Whether an event says that the server has taken us in; without this, the first event does. */
  welcomes?(event: Event): boolean;
  /** Whether a close code is the last word: nobody tries again. */
  isFinal?(code: number): boolean;
  /** An event came. */
  received(event: Event): void;
  /** A connection that was open is gone. */
  lost(): void;
}

const OPEN_WITHIN = 10_000;
const KEPT_ROUND_TRIPS = 40;

/** The only file that knows `WebSocket`: it opens one, and another whenever that one is lost. */
export class LiveSocket<Event extends { readonly type: string }> {
  private readonly currentState = signal<ConnectionState>('closed');
  private readonly trips = signal<readonly number[]>([]);
  private readonly code = signal<number | null>(null);
  readonly state = this.currentState.asReadonly();
  /** The last round trips in milliseconds, oldest first. */
  readonly roundTrips = this.trips.asReadonly();
  /** With what code the server closed the last connection; null once another one is open. */
  readonly closeCode = this.code.asReadonly();

  private socket: WebSocket | null = null;
  private failures = 0;
  private timer?: ReturnType<typeof setTimeout>; // until the next attempt, or the end of this one
  private readonly heartbeat = new Heartbeat({
    ping: (id) => this.send({ type: 'ping', id }),
    measured: (time) => this.trips.update((trips) => [...trips, time].slice(-KEPT_ROUND_TRIPS)),
    silent: () => this.lose(),
  });

  /** Made where Angular injects: it ends with its owner. */
  constructor(private readonly protocol: Protocol<Event>) {
    const over = new AbortController();
    const listening = { signal: over.signal };
    addEventListener('online', () => this.wake(), listening);
    addEventListener('offline', () => this.wake(), listening);
    addEventListener('pageshow', () => this.wake(), listening);
    const seen = (): boolean => document.visibilityState === 'visible';
    document.addEventListener('visibilitychange', () => seen() && this.wake(), listening);
    inject(DestroyRef).onDestroy(() => {
      over.abort();
      this.currentState.set('closed'); // first: nobody is left who could hear that it is lost
      this.drop();
    });
  }

  /** Opens the connection now: also the answer to "try again" while it waits for its turn. */
  connect(): void {
    if (this.socket) return;
    clearTimeout(this.timer);
    if (this.failures === 0) this.currentState.set('connecting');
    const socket = new WebSocket(this.protocol.address());
    this.socket = socket;
    this.timer = setTimeout(() => this.lose(), OPEN_WITHIN);
    const greeting = this.protocol.greeting?.();
    if (greeting) socket.onopen = () => socket.send(JSON.stringify(greeting));
    // What a socket says that has been given up is no news any more.
    socket.onmessage = ({ data }) => socket === this.socket && this.take(data);
    socket.onclose = ({ code }) => socket === this.socket && this.ended(code);
  }

  /** Closes the connection, and does not try again. */
  close(): void {
    this.drop();
    this.failures = 0;
    this.currentState.set('closed');
  }

  /** Gives this connection up and opens another one: what came on it cannot be trusted. */
  renew(): void {
    this.lose();
  }

  /** Sends an event; false if there is no open connection to send it on. */
  send(event: object): boolean {
    if (this.currentState() !== 'open' || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(event));
    return true;
  }

  private take(data: unknown): void {
    const event = parse(data);
    if (!this.protocol.understands(event)) {
      console.warn('The server sent a frame that this client does not know:', data);
      return;
    }
    this.heartbeat.heard();
    if (this.currentState() !== 'open' && (this.protocol.welcomes?.(event) ?? true)) this.opened();
    if (isPong(event)) this.heartbeat.answered(event.id);
    this.protocol.received(event);
  }

  /** A first frame came. An open socket alone is not enough: a proxy opens one to nobody. */
  private opened(): void {
    clearTimeout(this.timer);
    this.failures = 0;
    this.code.set(null);
    this.currentState.set('open');
    this.heartbeat.start();
  }

  private ended(code: number): void {
    this.code.set(code);
    if (this.protocol.isFinal?.(code)) this.close();
    else this.lose();
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
    if (wasOpen) this.protocol.lost();
  }

  /** The network, or the page, came back or went: ask at once instead of waiting for a timer. */
  private wake(): void {
    if (this.currentState() === 'open') this.heartbeat.ask();
    if (this.currentState() === 'retrying') this.connect();
  }
}

function isPong(event: object): event is { readonly id: number | string } {
  return 'type' in event && event.type === 'pong';
}

function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}
