/** Stands in for the browser's WebSocket where a test has to decide when a server answers. */
export class FakeWebSocket {
  static readonly OPEN = 1;
  static opened: FakeWebSocket[] = [];

  static get last(): FakeWebSocket {
    const last = FakeWebSocket.opened.at(-1);
    if (!last) throw new Error('expected a WebSocket to have been opened, got none');
    return last;
  }

  onmessage: ((event: { data: unknown }) => void) | null = null;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readyState = FakeWebSocket.OPEN;
  readonly sent: unknown[] = [];
  closed = false;

  constructor(readonly url: string) {
    FakeWebSocket.opened.push(this);
  }

  send(frame: string): void {
    this.sent.push(JSON.parse(frame));
  }

  close(): void {
    this.closed = true;
  }

  /** The server takes the handshake. */
  opens(): void {
    this.onopen?.();
  }

  /** The server sends a frame. */
  says(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  /** The server, or the network, ends the connection. */
  breaks(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** What was sent, without the pings. */
  get messages(): unknown[] {
    return this.sent.filter((frame) => (frame as { type: string }).type === 'message');
  }
}

export const STATE = {
  type: 'online',
  event: 'state',
  you: { user: 'ana', sid: 'specific.1' },
  users: [
    { user: 'ana', tabs: 1 },
    { user: 'bob', tabs: 2 },
  ],
} as const;

/** Puts the fake in the browser's place, with fake timers; call it in `beforeEach`. */
export function useFakeWebSocket(): void {
  FakeWebSocket.opened = [];
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeWebSocket);
  sessionStorage.clear();
}

/** Gives the browser its own back; call it in `afterEach`. */
export function useRealWebSocket(): void {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  vi.restoreAllMocks();
}
