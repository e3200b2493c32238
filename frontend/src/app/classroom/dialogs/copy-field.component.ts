import { Component, inject, input } from '@angular/core';

import { Announcer } from '../../speech/announcer';

let fields = 0;

/** Something to take along: a field to copy from, and a button that does it. */
@Component({
  selector: 'app-copy-field',
  styleUrl: './copy-field.component.css',
  template: `
    <div class="field">
      <label [for]="id">{{ label() }}</label>
      <div class="row">
        <input #field [id]="id" readonly [value]="value()" (focus)="field.select()" />
        <button type="button" class="quiet" (click)="copy(field)">
          <ng-container i18n>Copy</ng-container><span class="visually-hidden"> {{ label() }}</span>
        </button>
      </div>
    </div>
  `,
})
export class CopyFieldComponent {
  readonly label = input.required<string>();
  readonly value = input.required<string>();

  private readonly announcer = inject(Announcer);
  protected readonly id = `copy-${(fields += 1)}`;

  protected async copy(field: HTMLInputElement | HTMLTextAreaElement): Promise<void> {
    if (await copied(field)) this.announcer.say($localize`Copied`);
  }
}

/**
 * Copies what a field holds.
 *
 * Browsers give the clipboard only to pages of https and of this machine. In a class the address is
 * http://192.168.…, and there the old way still works: what is selected is copied.
 */
export async function copied(field: HTMLInputElement | HTMLTextAreaElement): Promise<boolean> {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand('copy');
  }
}
