import { Component, inject } from '@angular/core';

import { Links } from '../shell/links';
import { KeyRing } from './key-ring';

/** The classes that this browser has the keys of. */
@Component({
  selector: 'app-known-classes',
  styleUrl: './known-classes.component.css',
  template: `
    @if (known().length) {
      <section aria-labelledby="known-title">
        <h2 id="known-title" i18n>Your classes in this browser</h2>
        <ul>
          @for (one of known(); track one.key) {
            <li>
              <a [href]="links.instructor(one.key)"
                ><bdi>{{ one.title }}</bdi></a
              >
              <span class="code">{{ one.code }}</span>
              <button type="button" class="quiet" (click)="keys.forget(one.key)">
                <ng-container i18n>Forget</ng-container
                ><span class="visually-hidden"> {{ one.title }}</span>
              </button>
            </li>
          }
        </ul>
      </section>
    }
  `,
})
export class KnownClassesComponent {
  protected readonly keys = inject(KeyRing);
  protected readonly links = inject(Links);
  protected readonly known = this.keys.known;
}
