import { Component, DOCUMENT, computed, effect, inject, untracked } from '@angular/core';
import { Title } from '@angular/platform-browser';

import { BoardSocket } from '../class/board-socket';
import { ClassStore } from '../class/class-store';
import { Session } from '../class/session';
import { HelpQueueComponent } from '../help/help-queue.component';
import { KeyRing } from '../keys/key-ring';
import { KnownClassesComponent } from '../keys/known-classes.component';
import { HeatMapComponent } from '../map/heat-map.component';
import { NoteComposerComponent } from '../notes/composer.component';
import { NoteLogComponent } from '../notes/note-log.component';
import { ShownCellsComponent } from '../notes/shown-cells.component';
import { OverviewComponent } from '../overview/overview.component';
import { PulseComponent } from '../overview/pulse.component';
import { PanelComponent } from '../panel/panel.component';
import { CLASS_DELETED } from '../wire/command';
import { BoardHeaderComponent } from './board-header.component';
import { Links } from './links';
import { NameFormComponent } from './name-form.component';
import { Projector, fragment } from './projector';

/** The page `classroom/board/`: the class as its instructor sees it, or as the room does. */
@Component({
  selector: 'app-root',
  templateUrl: './board.component.html',
  styleUrls: ['./palette.css', './board.component.css'],
  imports: [
    BoardHeaderComponent,
    HeatMapComponent,
    HelpQueueComponent,
    KnownClassesComponent,
    NameFormComponent,
    NoteComposerComponent,
    NoteLogComponent,
    OverviewComponent,
    PanelComponent,
    PulseComponent,
    ShownCellsComponent,
  ],
  host: { '[class.room]': 'projector()', '(window:hashchange)': 'follow()' },
})
export class BoardComponent {
  private readonly location = inject(DOCUMENT).location;
  private readonly keys = inject(KeyRing);
  private readonly session = inject(Session);
  private readonly socket = inject(BoardSocket);
  private readonly store = inject(ClassStore);
  private readonly title = inject(Title);

  protected readonly landing = inject(Links).landing;
  protected readonly projector = inject(Projector).on;
  protected readonly info = this.store.info;
  protected readonly hasKey = this.keys.current !== null || fragment(this.location).has('key');
  /** The server has ended it for good. */
  protected readonly over = computed(
    () => this.socket.state() === 'closed' && this.socket.closeCode() !== null,
  );
  protected readonly deleted = computed(() => this.socket.closeCode() === CLASS_DELETED);
  protected readonly live = computed(() => this.socket.state() === 'open');
  protected readonly nameless = computed(() => this.live() && this.store.you() === '');
  private readonly hands = computed(
    () => this.store.learners().filter(({ stuck }) => stuck !== null).length,
  );

  constructor() {
    this.takeKey();
    const key = this.keys.current;
    if (key !== null) this.session.open(key);
    effect(() => {
      const info = this.info();
      if (!info || key === null) return;
      const known = { key, title: info.title, code: info.code };
      untracked(() => this.keys.keep(known));
    });
    effect(() => {
      // A class that is not there may be there tomorrow: another server stands at this address now.
      if (this.over() && this.deleted() && key !== null) untracked(() => this.keys.forget(key));
    });
    effect(() => this.title.setTitle(this.caption()));
  }

  /** A link to another class, opened in this tab, is a fragment: by itself nothing is loaded. */
  protected follow(): void {
    if (fragment(this.location).has('key')) this.location.reload();
  }

  /** Moves the key from the address, which the room may see, to where only this tab does. */
  private takeKey(): void {
    const given = fragment(this.location);
    const key = given.get('key');
    if (key === null || !this.keys.use(key)) return;
    given.delete('key');
    const rest = given.has('projector') ? '#projector' : '';
    history.replaceState(null, '', this.location.pathname + rest);
  }

  /** The tab's title says how many ask for help, also while another tab is in front. */
  private caption(): string {
    const title = this.info()?.title ?? $localize`Classroom`;
    const hands = this.hands();
    return hands ? `(${hands}) ${title}` : title;
  }
}
