import { Component, computed, inject, signal, viewChild } from '@angular/core';

import { ClassStore } from '../class/class-store';
import { Commands } from '../class/commands';
import { Session } from '../class/session';
import { CopyFieldComponent } from '../dialogs/copy-field.component';
import { DialogComponent } from '../dialogs/dialog.component';
import { KeyRing } from '../keys/key-ring';
import { Export } from './export';
import { Links } from './links';

/** What is done with a class as a whole: links, files, a second instructor, the end. */
@Component({
  selector: 'app-manage',
  templateUrl: './manage.component.html',
  styleUrl: './manage.component.css',
  imports: [CopyFieldComponent, DialogComponent],
})
export class ManageComponent {
  private readonly store = inject(ClassStore);
  private readonly commands = inject(Commands);
  private readonly session = inject(Session);
  private readonly keys = inject(KeyRing);
  private readonly links = inject(Links);
  private readonly export = inject(Export);
  private readonly menu = viewChild.required<DialogComponent>('menu');
  private readonly handover = viewChild.required<DialogComponent>('handover');

  protected readonly info = this.store.info;
  protected readonly learnerLink = computed(() => this.links.learner(this.info()?.code ?? ''));
  protected readonly ownLink = computed(() => this.links.instructor(this.keys.current ?? ''));
  /** The link with the second instructor's key: the server gives it once. */
  protected readonly secondLink = signal('');
  protected readonly typed = signal('');
  protected readonly isTitle = computed(() => this.typed().trim() === this.info()?.title.trim());

  open(): void {
    this.menu().open();
  }

  protected type(field: EventTarget | null): void {
    this.typed.set((field as HTMLInputElement).value);
  }

  protected save(format: 'csv' | 'json'): void {
    this.menu().close();
    void this.session.carryOut(this.export.save(format), $localize`Saved`);
  }

  protected async handOver(): Promise<void> {
    this.menu().close();
    const answer = this.commands.send({ type: 'hand_over' });
    if (!(await this.session.carryOut(answer))) return;
    this.secondLink.set(this.links.instructor((await answer).key ?? ''));
    this.handover().open();
  }

  protected async reset(): Promise<void> {
    this.menu().close();
    const done = $localize`All begin anew`;
    await this.session.carryOut(this.commands.send({ type: 'reset' }), done);
  }

  protected async stepDown(): Promise<void> {
    this.menu().close();
    await this.session.carryOut(this.commands.send({ type: 'step_down' }));
  }

  protected async delete(): Promise<void> {
    this.menu().close();
    const title = this.info()?.title ?? '';
    await this.session.carryOut(this.commands.send({ type: 'delete', title }));
  }
}
