import { Component, computed, inject, input } from '@angular/core';

import { HandIconComponent } from '../shell/hand-icon.component';
import { AgePipe } from '../time/age.pipe';
import { Clock } from '../time/clock';
import { Learner } from '../wire/class-event';
import { cellOf } from './cells';
import { Column } from './columns';

/** The id of the cell that the keyboard is at; no other has one. */
export const ACTIVE_CELL = 'active-cell';

/** One learner in the map: a name, what is the matter, and a field for each column. */
@Component({
  selector: 'app-learner-row',
  templateUrl: './learner-row.component.html',
  styleUrls: ['./cell.css', './learner-row.component.css'],
  imports: [AgePipe, HandIconComponent],
  host: {
    role: 'row',
    '[attr.data-row]': 'learner().id',
    '[class.away]': '!learner().here',
    '[class.up]': 'learner().stuck',
  },
})
export class LearnerRowComponent {
  readonly learner = input.required<Learner>();
  readonly columns = input.required<readonly Column[]>();
  /** What stands in front: the name, or on a projector a number. */
  readonly label = input.required<string>();
  /** The column that the keyboard is at, if it is in this row. */
  readonly active = input<string | null>(null);

  protected readonly now = inject(Clock).now;
  protected readonly activeCell = ACTIVE_CELL;
  protected readonly cells = computed(() =>
    this.columns().map((column) => ({
      column: column.id,
      kind: column.kind,
      ...cellOf(this.learner(), column),
    })),
  );
}
