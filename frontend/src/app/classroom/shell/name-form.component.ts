import { Component, inject } from '@angular/core';

import { Session } from '../class/session';
import { KeyRing } from '../keys/key-ring';

/** Asks an instructor whose key has no name yet for one: the others see it beside the notes. */
@Component({
  selector: 'app-name-form',
  styleUrl: './name-form.component.css',
  template: `
    <form class="card" (submit)="$event.preventDefault(); take(field.value)">
      <div class="field">
        <label for="instructor-name" i18n>Your name, as the other instructors see it</label>
        <input #field id="instructor-name" maxlength="40" autocomplete="name" />
      </div>
      <button i18n>Take this name</button>
    </form>
  `,
})
export class NameFormComponent {
  private readonly session = inject(Session);
  private readonly keys = inject(KeyRing);

  protected take(name: string): void {
    const key = this.keys.current;
    if (key !== null && name.trim()) this.session.open(key, name.trim());
  }
}
