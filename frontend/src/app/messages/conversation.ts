import { ErrorEvent, MessageEvent } from '../wire/server-event';
import { reason } from './refusal';

/** What was said, in the order in which the server sent it. */
export interface Message {
  readonly kind: 'message';
  readonly id: number;
  readonly at: Date;
  readonly from: string;
  readonly text: string;
  readonly to: string | null;
  readonly own: boolean;
  /** Written in this very tab, and seen to come back. */
  readonly sent: boolean;
}

/** What the server told this one tab. */
export interface Note {
  readonly kind: 'note';
  readonly id: number;
  readonly at: Date;
  readonly text: string;
}

export type Line = Message | Note;

/**
 * How far an own message came: `waiting` for a connection or its turn, `sending`, `refused` by the
 * server, or `unconfirmed`, when it went out and nobody knows whether it arrived.
 */
export type Delivery =
  | { readonly state: 'waiting' | 'sending' | 'unconfirmed' }
  | { readonly state: 'refused'; readonly reason: string };

/** An own message that the server has not sent back yet. */
export interface Outgoing {
  readonly id: number;
  readonly text: string;
  readonly to: string | null;
  readonly delivery: Delivery;
}

export interface Conversation {
  readonly log: readonly Line[];
  readonly outbox: readonly Outgoing[];
  readonly nextId: number;
}

/** Lines kept: a page that stays open for a week must not grow for a week. */
export const LOG_LENGTH = 300;

export const EMPTY: Conversation = { log: [], outbox: [], nextId: 1 };

/** A message was written: it waits in the outbox. */
export function written(now: Conversation, text: string, to: string | null): Conversation {
  const outgoing: Outgoing = { id: now.nextId, text, to, delivery: { state: 'waiting' } };
  return { ...now, outbox: [...now.outbox, outgoing], nextId: now.nextId + 1 };
}

/**
 * The message to put on the wire next, or null while one is out.
 *
 * One at a time: the wire's errors do not say which message they answer, so only one can be meant.
 */
export function nextToSend({ outbox }: Conversation): Outgoing | null {
  if (inFlight(outbox)) return null;
  return outbox.find(({ delivery }) => delivery.state === 'waiting') ?? null;
}

/** The delivery of one message came further, or is tried again. */
export function delivery(now: Conversation, id: number, state: Delivery): Conversation {
  const changed = now.outbox.map((item) => (item.id === id ? { ...item, delivery: state } : item));
  return { ...now, outbox: changed };
}

/** A message is not wanted any more. */
export function discarded(now: Conversation, id: number): Conversation {
  return { ...now, outbox: now.outbox.filter((item) => item.id !== id) };
}

/** The server sent a message. An own one that comes back has arrived, and leaves the outbox. */
export function received(
  now: Conversation,
  { from, text, to }: MessageEvent,
  you: string | null,
  at: Date,
): Conversation {
  const own = from === you;
  const back = own ? now.outbox.find((item) => mayComeBack(item, text, to)) : undefined;
  const line: Message = {
    kind: 'message',
    id: back?.id ?? now.nextId,
    at,
    from,
    text,
    to,
    own,
    sent: back !== undefined,
  };
  return { ...added(now, line), outbox: now.outbox.filter((item) => item !== back) };
}

/** The server told this tab something. */
export function noted(now: Conversation, text: string, at: Date): Conversation {
  return added(now, { kind: 'note', id: now.nextId, at, text });
}

/** The server refused what was out; an error that answers no message becomes a note. */
export function refused(now: Conversation, error: ErrorEvent, at: Date): Conversation {
  const meant = inFlight(now.outbox);
  if (!meant) return noted(now, error.detail, at);
  return delivery(now, meant.id, { state: 'refused', reason: reason(error) });
}

/** The connection is gone: whether what was out arrived, nobody knows. */
export function interrupted(now: Conversation): Conversation {
  const meant = inFlight(now.outbox);
  return meant ? delivery(now, meant.id, { state: 'unconfirmed' }) : now;
}

export function inFlight(outbox: readonly Outgoing[]): Outgoing | undefined {
  return outbox.find(({ delivery }) => delivery.state === 'sending');
}

function mayComeBack(item: Outgoing, text: string, to: string | null): boolean {
  const out = item.delivery.state === 'sending' || item.delivery.state === 'unconfirmed';
  return out && item.text === text && item.to === to;
}

function added(now: Conversation, line: Line): Conversation {
  return { ...now, log: [...now.log, line].slice(-LOG_LENGTH), nextId: now.nextId + 1 };
}
