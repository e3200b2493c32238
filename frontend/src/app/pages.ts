import { Type } from '@angular/core';

import { AppComponent } from './app.component';

/**
 * The pages beside the board, each a component in the place of `<app-root>`, loaded when its page is.
 *
 * The server has an address for each, so that a table is enough: a router would cost whoever opens
 * the first page a third more to load, and would never change a page here.
 */
const PAGES: ReadonlyMap<string, () => Promise<Type<unknown>>> = new Map([
  [
    'classroom/',
    () => import('./classroom/landing/landing.component').then((page) => page.LandingComponent),
  ],
  [
    'classroom/board/',
    () => import('./classroom/shell/board.component').then((page) => page.BoardComponent),
  ],
]);

/** The component of the page that stands at an address, seen from the base of all pages. */
export async function pageAt(address: string, base: string): Promise<Type<unknown>> {
  const path = new URL(address).pathname.slice(new URL(base).pathname.length);
  return PAGES.get(path)?.() ?? AppComponent;
}
