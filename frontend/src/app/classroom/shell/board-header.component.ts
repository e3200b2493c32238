import { Component, computed, inject, viewChild } from '@angular/core';

import { NetworkState } from '../../connection/network-state';
import { ClockPipe } from '../../messages/clock.pipe';
import { BoardSocket } from '../class/board-socket';
import { ClassStore } from '../class/class-store';
import { Commands } from '../class/commands';
import { Session } from '../class/session';
import { DialogComponent } from '../dialogs/dialog.component';
import { NOT_LOGGED_IN, TOO_MANY_GUESSES } from '../wire/command';
import { Links } from './links';
import { ManageComponent } from './manage.component';
import { Projector } from './projector';

/** Which class this is, whether it is live, and what is done to all of it. */
@Component({
  selector: 'app-board-header',
  templateUrl: './board-header.component.html',
  styleUrl: './board-header.component.css',
  imports: [ClockPipe, DialogComponent, ManageComponent],
})
export class BoardHeaderComponent {
  private readonly socket = inject(BoardSocket);
  private readonly store = inject(ClassStore);
  private readonly commands = inject(Commands);
  private readonly session = inject(Session);

  protected readonly pausing = viewChild<DialogComponent>('pausing');
  protected readonly manage = viewChild(ManageComponent);
  protected readonly projector = inject(Projector);
  protected readonly landing = inject(Links).landing;
  protected readonly state = this.socket.state;
  protected readonly offline = inject(NetworkState).offline;
  protected readonly outcome = this.session.outcome;
  protected readonly lostAt = this.session.lostAt;
  protected readonly info = this.store.info;
  protected readonly you = this.store.you;
  protected readonly others = computed(() =>
    this.store
      .instructors()
      .filter(({ name, here }) => here && name !== this.store.you())
      .map(({ name }) => name),
  );
  protected readonly live = computed(() => this.state() === 'open');
  protected readonly strange = computed(() => this.socket.closeCode() === NOT_LOGGED_IN);
  protected readonly blocked = computed(() => this.socket.closeCode() === TOO_MANY_GUESSES);
  protected readonly frozenAt = computed(() => {
    const frozen = this.info()?.frozen;
    return frozen ? new Date(frozen) : null;
  });
  protected readonly pauseText = $localize`A short pause: please look up.`;

  protected retry(): void {
    this.socket.connect();
  }

  protected dismiss(): void {
    this.session.dismiss();
  }

  protected pause(text: string): void {
    const note = { type: 'note', kind: 'pause', text: text.trim(), to: 'all' } as const;
    void this.session.carryOut(this.commands.send(note), $localize`The class is paused`);
  }

  protected resume(): void {
    const text = $localize`The class goes on.`;
    const note = { type: 'note', kind: 'resume', text, to: 'all' } as const;
    void this.session.carryOut(this.commands.send(note), text);
  }

  protected freeze(on: boolean): void {
    void this.session.carryOut(this.commands.send({ type: 'freeze', on }));
  }
}
