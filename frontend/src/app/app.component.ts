import { Component, inject } from '@angular/core';

import { AccountMenuComponent } from './account/account-menu.component';
import { ConnectionBarComponent } from './connection/connection-bar.component';
import { PresenceSocket } from './connection/presence-socket';
import { ComposerComponent } from './messages/composer.component';
import { MessageLogComponent } from './messages/message-log.component';
import { MessageStore } from './messages/message-store';
import { PeopleListComponent } from './people/people-list.component';
import { PeopleStore } from './people/people-store';

@Component({
  selector: 'app-root',
  templateUrl: './app.component.html',
  styleUrl: './app.component.css',
  imports: [
    AccountMenuComponent,
    ConnectionBarComponent,
    ComposerComponent,
    MessageLogComponent,
    PeopleListComponent,
  ],
})
export class AppComponent {
  private readonly socket = inject(PresenceSocket);
  private readonly people = inject(PeopleStore);
  private readonly messages = inject(MessageStore);

  constructor() {
    this.socket.onmessage = (message) => {
      if (message.type === 'online') {
        if (message.event === 'off') {
          this.messages.note(message.message);
        } else {
          this.people.apply(message);
          // After the state, what was written while there was no connection goes out.
          this.messages.sendNext();
        }
      } else if (message.type === 'message') {
        this.messages.receive(message);
      } else if (message.type === 'missed') {
        this.messages.note(message.detail);
      } else if (message.type === 'error') {
        this.messages.refuse(message);
      }
    };
    this.socket.onlost = () => this.messages.interrupt();
    this.socket.connect();
  }
}
