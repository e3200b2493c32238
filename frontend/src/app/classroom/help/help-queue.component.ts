import { Component, computed, inject } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { Commands } from '../class/commands';
import { Session } from '../class/session';
import { NoteDraft } from '../notes/note-draft';
import { Selection } from '../panel/selection';
import { HandIconComponent } from '../shell/hand-icon.component';
import { AgePipe } from '../time/age.pipe';
import { Clock } from '../time/clock';
import { Learner } from '../wire/class-event';
import { raised, struggling } from './help';

/** Of those who have not asked, so many are named: more is a matter for the whole class. */
const NAMED = 6;

/** Who asks for help, the one who has waited longest first; then who may need it and has not asked. */
@Component({
  selector: 'app-help-queue',
  templateUrl: './help-queue.component.html',
  styleUrl: './help-queue.component.css',
  imports: [AgePipe, HandIconComponent],
})
export class HelpQueueComponent {
  private readonly store = inject(ClassStore);
  private readonly commands = inject(Commands);
  private readonly session = inject(Session);
  private readonly draft = inject(NoteDraft);
  private readonly selection = inject(Selection);

  protected readonly now = inject(Clock).now;
  protected readonly hands = computed(() => raised(this.store.learners()));
  private readonly strugglers = computed(() => struggling(this.store.learners(), this.now()));
  protected readonly quiet = computed(() => this.strugglers().slice(0, NAMED));
  protected readonly more = computed(() => this.strugglers().length - this.quiet().length);

  protected reply({ id }: Learner): void {
    this.draft.begin({ learner: id });
  }

  protected handDown({ id }: Learner, queue: HTMLElement): void {
    queue.focus(); // the pressed button goes with the hand; the reader's place must not
    void this.session.carryOut(this.commands.send({ type: 'hand_down', learner: id }));
  }

  protected show({ id }: Learner): void {
    this.selection.choose({ kind: 'learner', id });
  }
}
