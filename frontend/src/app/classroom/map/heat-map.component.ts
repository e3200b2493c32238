import {
  Component,
  DestroyRef,
  ElementRef,
  afterNextRender,
  computed,
  inject,
  input,
  linkedSignal,
  signal,
  viewChild,
} from '@angular/core';

import { ClassStore } from '../class/class-store';
import { CourseStore } from '../course/course-store';
import { LessonInView } from '../overview/lesson-in-view';
import { Selection } from '../panel/selection';
import { Clock } from '../time/clock';
import { Learner } from '../wire/class-event';
import { classCell } from './cells';
import { Column, columnsOf, headOf, titleOf } from './columns';
import { ACTIVE_CELL, LearnerRowComponent } from './learner-row.component';
import { LegendComponent } from './legend.component';
import { Ordering, held, ordered } from './ordering';
import { windowOf } from './window';

/** Rows of the map that are no learner: the heads, and the class as a whole. */
const OWN_ROWS = 2;
/** Rows that Page Up and Page Down go. */
const PAGE = 10;

/** A place in the map: rows are `head`, `class` and learners' ids, columns `name` and their ids. */
interface Place {
  readonly row: string;
  readonly column: string;
}

/** What the rows are made of. */
interface Sought {
  readonly learners: readonly Learner[];
  readonly by: Ordering;
  /** When the order was looked at: between, rows stay where they are. */
  readonly at: number;
  readonly positions: ReadonlyMap<string, number>;
}

/**
 * Learners × lessons, with the lesson in view opened into its steps and exercises.
 *
 * A grid as the keyboard knows it: one stop for Tab, arrows within. The focus stays on the map
 * itself and a mark moves over the cells, so that rows may come, go and move below it.
 */
@Component({
  selector: 'app-heat-map',
  templateUrl: './heat-map.component.html',
  styleUrls: ['./cell.css', './heat-map.component.css'],
  imports: [LearnerRowComponent, LegendComponent],
})
export class HeatMapComponent {
  /** For the room: no names, the order is that of progress, and nobody is opened. */
  readonly anonymous = input(false);

  private readonly store = inject(ClassStore);
  private readonly plan = inject(CourseStore);
  private readonly view = inject(LessonInView);
  private readonly selection = inject(Selection);
  private readonly clock = inject(Clock);
  private readonly grid = viewChild.required<ElementRef<HTMLElement>>('grid');

  protected readonly wanted = signal<Ordering>('name');
  /** Somebody points at a row, or reads one: the order has to wait. */
  protected readonly inUse = signal(false);
  protected readonly columns = computed(() =>
    columnsOf(this.plan.course(), this.view.lesson()?.id),
  );
  protected readonly heads = computed(() =>
    this.columns().map((column) => ({
      ...column,
      head: headOf(column),
      title: titleOf(column),
      ...classCell(this.store.here(), column),
    })),
  );
  protected readonly here = computed(() => this.store.here().length);
  protected readonly planMissing = this.plan.missing;

  private readonly ordering = computed(() => (this.anonymous() ? 'progress' : this.wanted()));
  /** The order is looked at every few seconds, and not while somebody is in the map. */
  private readonly orderedAt = linkedSignal<{ now: number; inUse: boolean }, number>({
    source: () => ({ now: this.clock.now(), inUse: this.inUse() }),
    computation: ({ now, inUse }, before) => (inUse && before ? before.value : now),
  });
  private readonly sought = computed<Sought>(() => ({
    learners: this.store.learners(),
    by: this.ordering(),
    at: this.orderedAt(),
    positions: this.plan.positions(),
  }));
  protected readonly rows = linkedSignal<Sought, readonly Learner[]>({
    source: this.sought,
    computation: ({ learners, by, at, positions }, before) =>
      by !== 'name' && before?.source.by === by && before.source.at === at
        ? held(before.value, learners)
        : ordered(learners, by, positions),
  });

  /** How the map is scrolled, and how high a row is: what is out of sight is not in the page. */
  private readonly scrolled = signal({ top: 0, height: 0, row: 0 });
  protected readonly window = computed(() => {
    const { top, height, row } = this.scrolled();
    return windowOf(this.rows().length, top, height, row);
  });
  protected readonly inPage = computed(() => {
    const { first, last } = this.window();
    return this.rows()
      .slice(first, last)
      .map((learner, index) => ({ learner, index: first + index }));
  });
  protected readonly above = computed(() => this.window().first * this.scrolled().row);
  protected readonly below = computed(
    () => (this.rows().length - this.window().last) * this.scrolled().row,
  );

  private readonly place = signal<Place>({ row: 'head', column: 'name' });
  /** The place of the keyboard; if its row or its column is gone, the beginning. */
  protected readonly active = computed<Place>(() => {
    const { row, column } = this.place();
    return {
      row: this.rowNames().includes(row) ? row : 'head',
      column: this.columnNames().includes(column) ? column : 'name',
    };
  });
  protected readonly activeCell = ACTIVE_CELL;
  private readonly rowNames = computed(() => [
    'head',
    'class',
    ...this.rows().map(({ id }) => String(id)),
  ]);
  private readonly columnNames = computed(() => ['name', ...this.columns().map(({ id }) => id)]);

  constructor() {
    const sizes = new ResizeObserver(() => this.look());
    afterNextRender(() => sizes.observe(this.grid().nativeElement));
    inject(DestroyRef).onDestroy(() => sizes.disconnect());
  }

  /** Sees how the map is scrolled; nothing is drawn anew before the next rows are needed. */
  protected look(): void {
    const grid = this.grid().nativeElement;
    const row = grid.querySelector<HTMLElement>('.heads')?.offsetHeight ?? 0;
    this.scrolled.set({ top: grid.scrollTop, height: grid.clientHeight, row });
  }

  protected labelOf(learner: Learner, index: number): string {
    return this.anonymous() ? String(index + 1) : learner.name;
  }

  protected order(field: EventTarget | null): void {
    this.wanted.set((field as HTMLSelectElement).value as Ordering);
  }

  protected key(event: KeyboardEvent): void {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.open(this.active());
      return;
    }
    const next = this.after(event);
    if (!next) return;
    event.preventDefault();
    this.place.set(next);
    this.bringIntoSight(this.rowNames().indexOf(next.row) - OWN_ROWS);
  }

  /** Scrolls to a row, which need not be in the page yet, and then to the cell. */
  private bringIntoSight(index: number): void {
    const grid = this.grid().nativeElement;
    const { first, last } = this.window();
    if (index >= 0 && (index < first || index >= last)) {
      grid.scrollTop = index * this.scrolled().row;
      this.look();
    }
    // When it is drawn: the mark has moved by then.
    requestAnimationFrame(() =>
      document.getElementById(ACTIVE_CELL)?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
    );
  }

  protected press({ target }: Event): void {
    const cell = (target as Element).closest<HTMLElement>('[data-column]');
    const row = cell?.closest<HTMLElement>('[data-row]')?.dataset['row'];
    const column = cell?.dataset['column'];
    if (!row || !column) return;
    this.place.set({ row, column });
    this.open({ row, column });
  }

  private after({ key, ctrlKey, metaKey }: KeyboardEvent): Place | null {
    const [rows, columns] = [this.rowNames(), this.columnNames()];
    const { row, column } = this.active();
    const [y, x] = [rows.indexOf(row), columns.indexOf(column)];
    const at = (newY: number, newX: number): Place => ({
      row: rows[Math.max(0, Math.min(rows.length - 1, newY))] ?? row,
      column: columns[Math.max(0, Math.min(columns.length - 1, newX))] ?? column,
    });
    const far = ctrlKey || metaKey;
    switch (key) {
      case 'ArrowUp':
        return at(y - 1, x);
      case 'ArrowDown':
        return at(y + 1, x);
      case 'ArrowLeft':
        return at(y, x - 1);
      case 'ArrowRight':
        return at(y, x + 1);
      case 'PageUp':
        return at(y - PAGE, x);
      case 'PageDown':
        return at(y + PAGE, x);
      case 'Home':
        return at(far ? 0 : y, 0);
      case 'End':
        return at(far ? Infinity : y, Infinity);
      default:
        return null;
    }
  }

  /** A column's head opens its lesson, or shows more of it; a row shows more of its learner. */
  private open({ row, column }: Place): void {
    this.grid().nativeElement.focus({ preventScroll: true });
    if (row === 'head' || row === 'class') this.openColumn(column);
    else if (!this.anonymous()) this.selection.choose({ kind: 'learner', id: Number(row) });
  }

  private openColumn(id: string): void {
    const column: Column | undefined = this.columns().find((each) => each.id === id);
    if (column?.kind === 'lesson') this.view.choose(column.open ? null : column.id);
    else if (column && !this.anonymous()) this.selection.choose({ kind: column.kind, id });
  }
}
