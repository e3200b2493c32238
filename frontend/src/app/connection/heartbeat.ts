const BEAT = 5_000;
const ANSWER_WITHIN = 10_000;

export interface Pulse {
  /** Sends a ping with that id. */
  ping(id: number): void;
  /** A ping came back after that many milliseconds. */
  measured(milliseconds: number): void;
  /** Nothing was heard for too long. */
  silent(): void;
}

/**
 * Asks every 5 seconds whether the server is still there, and how far away it is.
 *
 * A WebSocket whose network is gone stays "open" for minutes: only silence after a question tells.
 */
export class Heartbeat {
  private lastId = 0;
  private asked: { readonly id: number; readonly at: number } | null = null;
  private beat?: ReturnType<typeof setInterval>;
  private patience?: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly pulse: Pulse) {}

  start(): void {
    this.stop();
    this.beat = setInterval(() => this.ask(), BEAT);
    this.ask();
  }

  stop(): void {
    clearInterval(this.beat);
    this.heard();
    this.asked = null;
  }

  /** Asks now, unless a question is out already: after a night's sleep, or a change of network. */
  ask(): void {
    if (this.patience !== undefined) return;
    this.lastId += 1;
    this.asked = { id: this.lastId, at: performance.now() };
    this.patience = setTimeout(() => this.pulse.silent(), ANSWER_WITHIN);
    this.pulse.ping(this.lastId);
  }

  /** Something arrived: whatever it is, the server is there. */
  heard(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
  }

  /** A pong arrived; one to an older ping measures nothing. */
  answered(id: number | string): void {
    if (this.asked?.id !== id) return;
    this.pulse.measured(performance.now() - this.asked.at);
    this.asked = null;
  }
}
