import { Component, inject } from '@angular/core';

import { PeopleStore } from '../people/people-store';
import { NetworkState } from './network-state';
import { PresenceSocket } from './presence-socket';
import { RoundTripComponent } from './round-trip.component';

@Component({
  selector: 'app-connection-bar',
  templateUrl: './connection-bar.component.html',
  styleUrl: './connection-bar.component.css',
  imports: [RoundTripComponent],
})
export class ConnectionBarComponent {
  private readonly socket = inject(PresenceSocket);
  protected readonly state = this.socket.state;
  protected readonly offline = inject(NetworkState).offline;
  protected readonly you = inject(PeopleStore).you;

  protected press(): void {
    if (this.state() === 'open' || this.state() === 'connecting') this.socket.close();
    else this.socket.connect();
  }
}
