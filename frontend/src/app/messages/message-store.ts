import { Injectable, computed, inject, signal } from '@angular/core';

import { PresenceSocket } from '../connection/presence-socket';
import { PeopleStore } from '../people/people-store';
import { Announcer } from '../speech/announcer';
import { ErrorEvent, MessageEvent } from '../wire/server-event';
import {
  Conversation,
  EMPTY,
  delivery,
  discarded,
  inFlight,
  interrupted,
  nextToSend,
  noted,
  received,
  refused,
  written,
} from './conversation';
import { Draft } from './draft';
import { reason } from './refusal';

/** A message whose copy has not come back after this time may be lost. */
const CONFIRM_WITHIN = 10_000;

/** What is said: the log as the server sent it, and the outbox of what it has not confirmed. */
@Injectable({ providedIn: 'root' })
export class MessageStore {
  private readonly socket = inject(PresenceSocket);
  private readonly people = inject(PeopleStore);
  private readonly draft = inject(Draft);
  private readonly announcer = inject(Announcer);
  private readonly conversation = signal<Conversation>(EMPTY);
  private patience?: ReturnType<typeof setTimeout>;

  readonly log = computed(() => this.conversation().log);
  readonly outbox = computed(() => this.conversation().outbox);

  /** Sends a message, or keeps it until that is possible. */
  write(text: string, to: string | null): void {
    this.change((now) => written(now, text, to));
    this.sendNext();
  }

  tryAgain(id: number): void {
    this.change((now) => delivery(now, id, { state: 'waiting' }));
    this.sendNext();
  }

  discard(id: number): void {
    this.change((now) => discarded(now, id));
    this.sendNext();
  }

  /** Puts the oldest waiting message on the wire, if none is out and a connection is open. */
  sendNext(): void {
    const next = nextToSend(this.conversation());
    if (!next) return;
    const { id, text, to } = next;
    const event = to === null ? { text } : { text, to };
    if (!this.socket.send({ type: 'message', ...event })) return;
    this.change((now) => delivery(now, id, { state: 'sending' }));
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.interrupt(), CONFIRM_WITHIN);
  }

  receive(message: MessageEvent): void {
    const you = this.people.you();
    this.change((now) => received(now, message, you, new Date()));
    const line = this.log().at(-1);
    if (line?.kind === 'message' && line.sent) this.announcer.say($localize`Sent`);
    else this.announcer.said(message.from, message.text);
    this.sendNext();
  }

  /** The server said no: its reason goes where the message is, and to the field it is about. */
  refuse(error: ErrorEvent): void {
    const meant = inFlight(this.outbox());
    this.change((now) => refused(now, error, new Date()));
    this.announcer.say($localize`Not sent: ${reason(error)}:reason:`);
    if (!meant) return;
    // Too long stays too long, however often it is tried: it goes back to where it can be cut.
    if (error.code === 'too_long') {
      this.change((now) => discarded(now, meant.id));
      this.draft.putBack(meant.text, meant.to);
    }
    this.draft.refuse(error);
    this.sendNext();
  }

  note(text: string): void {
    this.change((now) => noted(now, text, new Date()));
    this.announcer.say(text);
  }

  /** The connection is gone, or the server is silent about what was sent. */
  interrupt(): void {
    clearTimeout(this.patience);
    this.change(interrupted);
    this.sendNext();
  }

  private change(step: (now: Conversation) => Conversation): void {
    this.conversation.update(step);
  }
}
