import { DOCUMENT, Injectable, computed, inject, resource } from '@angular/core';

import { boardPath, pageAddress } from '../wire/addresses';
import { isRecord } from '../wire/server-event';

const ANSWER_WITHIN = 5_000;

/** Who the session belongs to, over HTTP: logging in and out are Django's own pages. */
@Injectable({ providedIn: 'root' })
export class Account {
  private readonly document = inject(DOCUMENT);
  private readonly base = this.document.baseURI;
  private readonly me = resource({ loader: () => fetchMe(pageAddress(this.base, 'me/')) });

  /** The name of the user who is logged in; null for a guest, and while nobody knows. */
  readonly user = computed(() => (this.me.hasValue() ? this.me.value() : null));
  /** Where both pages lead back to: this board, also behind a proxy's prefix. */
  readonly next = boardPath(this.base);
  readonly logoutAddress = pageAddress(this.base, 'accounts/logout/');
  readonly loginAddress = this.pageWithNext('accounts/login/');

  /** Django's CSRF token: it takes the cookie's value back in a form, and trusts no other site. */
  csrfToken(): string {
    const cookie = this.document.cookie.split('; ').find((one) => one.startsWith('csrftoken='));
    return cookie?.slice('csrftoken='.length) ?? '';
  }

  private pageWithNext(path: string): string {
    const address = new URL(pageAddress(this.base, path));
    address.searchParams.set('next', this.next);
    return address.href;
  }
}

/** `{"user": "ana", "guest": false}` → "ana"; null for a guest. */
async function fetchMe(address: string): Promise<string | null> {
  const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_WITHIN) });
  const me: unknown = await response.json();
  return isRecord(me) && me['guest'] === false && typeof me['user'] === 'string'
    ? me['user']
    : null;
}
