import { Component, inject } from '@angular/core';

import { Draft } from './draft';
import { MessageStore } from './message-store';

/** Own messages that the server has not confirmed, each with how far it came. */
@Component({
  selector: 'app-outbox',
  templateUrl: './outbox.component.html',
  styleUrl: './outbox.component.css',
})
export class OutboxComponent {
  private readonly messages = inject(MessageStore);
  private readonly draft = inject(Draft);
  protected readonly outbox = this.messages.outbox;

  protected tryAgain(id: number): void {
    this.messages.tryAgain(id);
    this.draft.focus(); // the pressed button is gone: without this, so is the reader's place
  }

  protected discard(id: number): void {
    this.messages.discard(id);
    this.draft.focus();
  }
}
