import { DOCUMENT, Injectable, inject } from '@angular/core';

import { Account } from '../../account/account';
import { pageAddress } from '../../wire/addresses';
import { isRecord } from '../../wire/server-event';
import { NotDone } from '../class/commands';
import { KnownClass } from '../keys/key-ring';
import { detailOf } from '../shell/export';

const ANSWER_WITHIN = 10_000;

/** Opens a class, over HTTP. */
@Injectable({ providedIn: 'root' })
export class ClassOpener {
  private readonly base = inject(DOCUMENT).baseURI;
  private readonly account = inject(Account);

  /** Asks the server for a new class; rejects with `NotDone`, a sentence for people. */
  async open(title: string, name: string): Promise<KnownClass> {
    const response = await this.post({ title, name });
    if (response.status === 403) {
      const detail = await detailOf(response);
      throw new NotDone($localize`A class cannot be opened from here. ${detail}:reason:`);
    }
    if (!response.ok) throw new NotDone(await detailOf(response));
    const answer: unknown = await response.json();
    if (!isRecord(answer)) throw new NotDone($localize`The server did not answer with a class.`);
    const [key, code] = [answer['key'], answer['code']];
    if (typeof key !== 'string' || typeof code !== 'string') {
      throw new NotDone($localize`The server did not answer with a class.`);
    }
    return { key, code, title };
  }

  private async post(body: object): Promise<Response> {
    try {
      return await fetch(pageAddress(this.base, 'classroom/open/'), {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'X-CSRFToken': this.account.csrfToken(),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
    } catch {
      throw new NotDone($localize`The server does not answer. Try again.`);
    }
  }
}
