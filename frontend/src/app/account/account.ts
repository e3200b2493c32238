import { DOCUMENT, Injectable, computed, inject, resource } from '@angular/core';

import { pageAddress } from '../wire/addresses';
import { isRecord } from '../wire/server-event';

const ANSWER_WITHIN = 5_000;

/** Who the session belongs to, over HTTP: logging in and out are Django's own pages. */
@Injectable({ providedIn: 'root' })
export class Account {
  private readonly document = inject(DOCUMENT);
  private readonly base = this.document.baseURI;
  private readonly me = resource({ loader: () => fetchMe(pageAddress(this.base, 'me/')) });

  /** Whether the server has answered, or will not: until then nobody is called a guest. */
  readonly known = computed(() => !this.me.isLoading());
  /** The name of the user who is logged in; null for a guest, and while nobody knows. */
  readonly user = computed(() => (this.me.hasValue() ? this.me.value() : null));
  readonly logoutAddress = pageAddress(this.base, 'accounts/logout/');
  readonly loginAddress = pageAddress(this.base, 'accounts/login/');

  /** Django's CSRF token: it takes the cookie's value back in a form, and trusts no other site. */
  csrfToken(): string {
    const cookie = this.document.cookie.split('; ').find((one) => one.startsWith('csrftoken='));
    return cookie?.slice('csrftoken='.length) ?? '';
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
