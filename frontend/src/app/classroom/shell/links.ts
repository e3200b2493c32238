import { DOCUMENT, Injectable, inject } from '@angular/core';

import { pageAddress } from '../../wire/addresses';

/** The links that are handed round: the learners' has the code, an instructor's has a key. */
@Injectable({ providedIn: 'root' })
export class Links {
  private readonly base = inject(DOCUMENT).baseURI;
  /** The server, as learners name it: `at="…"`. */
  readonly server = pageAddress(this.base, '.').replace(/\/$/, '');
  /** Where a class is joined and opened. */
  readonly landing = pageAddress(this.base, 'classroom/');

  learner(code: string): string {
    return `${this.landing}#${code}`;
  }

  instructor(key: string): string {
    return `${pageAddress(this.base, 'classroom/board/')}#key=${encodeURIComponent(key)}`;
  }
}
