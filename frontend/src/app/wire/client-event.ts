/** What this client says: a message to all (`to` absent) or to one user, and pings. */
export type ClientEvent =
  | { readonly type: 'message'; readonly text: string; readonly to?: string }
  | { readonly type: 'ping'; readonly id: number };

/** Characters that the server takes in one message, counted as it counts them. */
export const MAX_TEXT = 2_000;

/** The length of a text in code points: an emoji counts once, as in Python. */
export function lengthOf(text: string): number {
  return [...text].length;
}
