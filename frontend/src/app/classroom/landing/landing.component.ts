import { Component, DOCUMENT, computed, inject, signal } from '@angular/core';
import { Title } from '@angular/platform-browser';

import { Announcer } from '../../speech/announcer';
import { NotDone } from '../class/commands';
import { copied } from '../dialogs/copy-field.component';
import { KeyRing } from '../keys/key-ring';
import { KnownClassesComponent } from '../keys/known-classes.component';
import { Links } from '../shell/links';
import { joinCell, shownCode } from './code';
import { ClassOpener } from './open-class';

/** The page `classroom/`: how to join a class, what it is told of you, and how to open one. */
@Component({
  selector: 'app-root',
  templateUrl: './landing.component.html',
  styleUrl: './landing.component.css',
  imports: [KnownClassesComponent],
  host: { '(window:hashchange)': 'takeCode()' },
})
export class LandingComponent {
  private readonly location = inject(DOCUMENT).location;
  private readonly links = inject(Links);
  private readonly keys = inject(KeyRing);
  private readonly opener = inject(ClassOpener);
  private readonly announcer = inject(Announcer);

  protected readonly typed = signal('');
  protected readonly name = signal('');
  protected readonly code = computed(() => shownCode(this.typed()));
  protected readonly wrong = computed(() => this.typed().trim() !== '' && this.code() === null);
  protected readonly cell = computed(() =>
    joinCell(this.code() ?? 'K7PM-2QXR', this.name().trim() || 'ana', this.links.server),
  );
  protected readonly opening = signal(false);
  protected readonly refusal = signal('');

  constructor() {
    inject(Title).setTitle($localize`Classroom`);
    this.takeCode();
  }

  protected takeCode(): void {
    const code = this.location.hash.slice(1);
    if (code) this.typed.set(shownCode(decoded(code)) ?? decoded(code));
  }

  protected async copy(field: HTMLTextAreaElement): Promise<void> {
    if (await copied(field)) this.announcer.say($localize`Copied`);
  }

  protected async open(title: string, name: string): Promise<void> {
    if (this.opening()) return;
    this.opening.set(true);
    this.refusal.set('');
    try {
      const known = await this.opener.open(title.trim(), name.trim());
      this.keys.keep(known);
      this.location.assign(this.links.instructor(known.key));
    } catch (error) {
      if (!(error instanceof NotDone)) throw error;
      this.refusal.set(error.message);
    } finally {
      this.opening.set(false);
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
