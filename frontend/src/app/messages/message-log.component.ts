import { Component, ElementRef, computed, inject, signal, viewChild } from '@angular/core';

import { PresenceSocket } from '../connection/presence-socket';
import { AvatarComponent } from '../people/avatar.component';
import { ClockPipe } from './clock.pipe';
import { MessageStore } from './message-store';
import { OutboxComponent } from './outbox.component';

/** Pixels from the end of the log within which a reader is "at the end". */
const NEAR = 40;

@Component({
  selector: 'app-message-log',
  templateUrl: './message-log.component.html',
  styleUrl: './message-log.component.css',
  imports: [AvatarComponent, ClockPipe, OutboxComponent],
})
export class MessageLogComponent {
  private readonly messages = inject(MessageStore);
  private readonly socket = inject(PresenceSocket);
  private readonly scroller = viewChild.required<ElementRef<HTMLElement>>('scroller');

  protected readonly log = this.messages.log;
  protected readonly atEnd = signal(true);
  protected readonly open = computed(() => this.socket.state() === 'open');
  protected readonly empty = computed(() => !this.log().length && !this.messages.outbox().length);

  // The style sheet reverses the scroller: 0 is the end, and everything before it is negative.
  protected scrolled(): void {
    this.atEnd.set(this.scroller().nativeElement.scrollTop > -NEAR);
  }

  protected toEnd(): void {
    this.scroller().nativeElement.scrollTop = 0;
  }
}
