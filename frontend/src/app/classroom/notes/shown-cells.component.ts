import { Component, computed, inject, input } from '@angular/core';

import { ClockPipe } from '../../messages/clock.pipe';
import { ClassStore } from '../class/class-store';

/** Cells that learners chose to show, as text: of all, or of one learner. The newest first. */
@Component({
  selector: 'app-shown-cells',
  imports: [ClockPipe],
  styleUrl: './shown-cells.component.css',
  template: `
    @if (cells().length) {
      <section [class.card]="!learner()" aria-label="Cells shown to you" i18n-aria-label>
        <h2 i18n>Cells shown to you</h2>
        @for (cell of cells(); track $index) {
          <details>
            <summary>
              @if (!learner()) {
                <bdi>{{ cell.name }}</bdi> ·
              }
              {{ cell.step }} · {{ cell.when | clock }}
            </summary>
            <pre tabindex="0" aria-label="The cell" i18n-aria-label>{{ cell.source }}</pre>
            @if (cell.output) {
              <pre class="output" tabindex="0" aria-label="Its output" i18n-aria-label>{{
                cell.output
              }}</pre>
            }
          </details>
        }
      </section>
    }
  `,
})
export class ShownCellsComponent {
  /** Whose cells; without one, everybody's. */
  readonly learner = input<number | null>(null);

  private readonly store = inject(ClassStore);
  protected readonly cells = computed(() => {
    const whose = this.learner();
    return this.store
      .shown()
      .filter(({ learner }) => whose === null || learner === whose)
      .map((cell) => ({
        ...cell,
        when: new Date(cell.at),
        name: this.store.learner(cell.learner)?.name ?? '',
      }))
      .reverse();
  });
}
