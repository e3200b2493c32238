import { Component, computed, inject, input } from '@angular/core';

import { ClockPipe } from '../../messages/clock.pipe';
import { Commands } from '../class/commands';
import { Session } from '../class/session';
import { CourseStore } from '../course/course-store';
import { DialogComponent } from '../dialogs/dialog.component';
import { NoteDraft } from '../notes/note-draft';
import { ShownCellsComponent } from '../notes/shown-cells.component';
import { spell, stopwatch } from '../time/age';
import { AgePipe } from '../time/age.pipe';
import { Clock } from '../time/clock';
import { Attempt, Learner } from '../wire/class-event';
import { Selection } from './selection';

/** One learner: where, since when, how far with each exercise, and what can be done. */
@Component({
  selector: 'app-learner-panel',
  templateUrl: './learner-panel.component.html',
  styleUrl: './details.css',
  imports: [AgePipe, ClockPipe, DialogComponent, ShownCellsComponent],
})
export class LearnerPanelComponent {
  readonly learner = input.required<Learner>();

  private readonly plan = inject(CourseStore);
  private readonly commands = inject(Commands);
  private readonly session = inject(Session);
  private readonly draft = inject(NoteDraft);
  private readonly selection = inject(Selection);

  protected readonly now = inject(Clock).now;
  protected readonly joined = computed(() => new Date(this.learner().joined_at));
  protected readonly stepTitle = computed(() => {
    const { step } = this.learner();
    const steps = this.plan.course().lessons.flatMap((lesson) => lesson.steps);
    return steps.find(({ id }) => id === step)?.title ?? '';
  });
  /** Exercises that were begun, the newest lesson first. */
  protected readonly attempts = computed(() =>
    Object.entries(this.learner().exercises)
      .map(([id, attempt]) => ({ id, ...attempt, took: this.took(attempt) }))
      .sort((a, b) => (a.id < b.id ? 1 : -1)),
  );

  protected write(): void {
    this.draft.begin({ learner: this.learner().id });
  }

  protected handDown(): void {
    const { id } = this.learner();
    void this.session.carryOut(this.commands.send({ type: 'hand_down', learner: id }));
  }

  protected async remove(): Promise<void> {
    const { id, name } = this.learner();
    const done = $localize`${name}:learner: was removed`;
    if (await this.session.carryOut(this.commands.send({ type: 'remove', learner: id }), done)) {
      this.selection.close();
    }
  }

  private took({ begun, solved }: Attempt): string {
    if (begun === null) return '';
    const since = Date.parse(begun);
    return solved ? stopwatch(Date.parse(solved) - since) : spell(this.now() - since);
  }
}
