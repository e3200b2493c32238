import { LiveAnnouncer } from '@angular/cdk/a11y';
import { DestroyRef, Injectable, inject } from '@angular/core';

/** News is collected for this long, so that one sentence does not cut off the other. */
const COLLECT = 1_000;
/** More of one kind than this in one go is counted, not read out. */
const READ_OUT = 2;

/** Tells screen readers what others see happen, at a pace at which it can be heard. */
@Injectable({ providedIn: 'root' })
export class Announcer {
  private readonly live = inject(LiveAnnouncer);
  private sentences: string[] = [];
  private messages: string[] = [];
  private changes: string[] = [];
  private timer?: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.timer));
  }

  /** A sentence that is heard in any case; said twice within a second, it is heard once. */
  say(sentence: string): void {
    if (!this.sentences.includes(sentence)) this.sentences.push(sentence);
    this.soon();
  }

  /** Somebody said something. */
  said(from: string, text: string): void {
    this.messages.push($localize`${from}:sender: says: ${text}:text:`);
    this.soon();
  }

  /** Somebody came online, or left. */
  changed(name: string, came: boolean): void {
    this.changes.push(came ? $localize`${name}:name: joined` : $localize`${name}:name: left`);
    this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => this.announce(), COLLECT);
  }

  private announce(): void {
    const { changes, messages } = this;
    const coming =
      changes.length > READ_OUT ? [$localize`${changes.length}:count: came or left`] : changes;
    const talk =
      messages.length > READ_OUT ? [$localize`${messages.length}:count: new messages`] : messages;
    void this.live.announce([...this.sentences, ...coming, ...talk].join('. '));
    this.sentences = [];
    this.changes = [];
    this.messages = [];
    this.timer = undefined;
  }
}
