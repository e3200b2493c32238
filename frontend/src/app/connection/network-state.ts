import { DestroyRef, Injectable, inject, signal } from '@angular/core';

/**
 * Whether the device says that it has no network.
 *
 * Only a hint for the reader: a server on the same machine is reached without any network, so the
 * socket keeps trying all the same.
 */
@Injectable({ providedIn: 'root' })
export class NetworkState {
  private readonly without = signal(!navigator.onLine);
  readonly offline = this.without.asReadonly();

  constructor() {
    const look = (): void => this.without.set(!navigator.onLine);
    addEventListener('online', look);
    addEventListener('offline', look);
    inject(DestroyRef).onDestroy(() => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
    });
  }
}
