/**
 * Where things are, seen from the page. No address is ever typed: all come from the page's own base
 * (`document.baseURI`), so the client works at `/` as well as behind a prefix like `/proxy/8080/`.
 */

/** A WebSocket of the server: `ws:` for a page over http, `wss:` for one over https. */
export function socketAddress(base: string, path = 'online/'): string {
  const address = new URL(path, base);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

/** A page or a resource of the server: `pageAddress(base, 'me/')`. */
export function pageAddress(base: string, path: string): string {
  return new URL(path, base).href;
}
