import { Component } from '@angular/core';

/** A raised hand, drawn: not every machine has an emoji for it. */
@Component({
  selector: 'app-hand-icon',
  template: `
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path
        d="M8 12V5.5a1.4 1.4 0 0 1 2.8 0V11 3.9a1.4 1.4 0 0 1 2.8 0V11 5.3a1.4 1.4 0 0 1 2.8 0V12.5 8.4a1.4 1.4 0 0 1 2.8 0v6.1c0 4.2-2.7 7.1-6.6 7.1-3 0-4.7-1.2-6.2-3.8l-2.7-4.6c-.9-1.6 1.1-3.1 2.4-1.7z"
      />
    </svg>
  `,
  styles: `
    :host {
      display: inline-flex;
      vertical-align: -0.15em;
    }

    svg {
      width: 1.1em;
      height: 1.1em;
      fill: currentColor;
    }
  `,
})
export class HandIconComponent {}
