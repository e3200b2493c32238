/** What codes are made of: no 0, 1, I, L or O, which a room confuses. */
const LETTERS = /^[2-9A-HJKMNP-Z]{8}$/;

/** A code as people type it, as it is shown, K7PM-2QXR; null if it is none. */
export function shownCode(typed: string): string | null {
  const letters = typed.toUpperCase().replace(/[\s-]/g, '');
  return LETTERS.test(letters) ? `${letters.slice(0, 4)}-${letters.slice(4)}` : null;
}

/** The cell that joins a class. A name is text in it, whatever is in the name. */
export function joinCell(code: string, name: string, server: string): string {
  // A JSON string is a string of Python too, quotes and backslashes included.
  const [codeText, nameText, at] = [code, name, server].map((text) => JSON.stringify(text));
  return `from channels_lab import classroom\n\nawait classroom.join(${codeText}, name=${nameText}, at=${at})`;
}
