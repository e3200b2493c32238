import { DOCUMENT, Injectable, inject } from '@angular/core';

import { pageAddress } from '../../wire/addresses';
import { isRecord } from '../../wire/server-event';
import { NotDone } from '../class/commands';
import { KeyRing } from '../keys/key-ring';

const ANSWER_WITHIN = 30_000;

/** Saves what the class did as a file. The key goes in a header: in an address, a log would keep it. */
@Injectable({ providedIn: 'root' })
export class Export {
  private readonly document = inject(DOCUMENT);
  private readonly keys = inject(KeyRing);

  /** Fetches the file and lets the browser save it; rejects with `NotDone`. */
  async save(format: 'csv' | 'json'): Promise<void> {
    const name = `export.${format}`;
    const response = await this.fetch(pageAddress(this.document.baseURI, `classroom/${name}`));
    if (!response.ok) throw new NotDone(await detailOf(response));
    const address = URL.createObjectURL(await response.blob());
    const link = this.document.createElement('a');
    link.href = address;
    link.download = nameIn(response.headers.get('Content-Disposition')) ?? `classroom.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address)); // when the browser has taken it
  }

  private async fetch(address: string): Promise<Response> {
    try {
      return await fetch(address, {
        headers: { Authorization: `Bearer ${this.keys.current ?? ''}` },
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
    } catch {
      throw new NotDone($localize`Not saved: the server does not answer.`);
    }
  }
}

/** The sentence of an answer that is an error. */
export async function detailOf(response: Response): Promise<string> {
  try {
    const answer: unknown = await response.json();
    if (isRecord(answer) && typeof answer['detail'] === 'string') return answer['detail'];
  } catch {
    // A page, and no JSON: then the status has to do.
  }
  return $localize`The server answered with status ${response.status}:status:.`;
}

/** The file name that the server suggests. */
function nameIn(disposition: string | null): string | undefined {
  return /filename="([^"/\\]+)"/.exec(disposition ?? '')?.[1];
}
