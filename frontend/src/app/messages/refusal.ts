import { ErrorEvent } from '../wire/server-event';

/** Which part of the form a refusal is about; null where neither field can be blamed. */
export type Field = 'to' | 'text' | null;

const FIELDS: ReadonlyMap<string, Field> = new Map([
  ['unknown_user', 'to'],
  ['too_long', 'text'],
  ['rate_limited', 'text'],
]);

/** The field that an error of the server belongs to. */
export function fieldOf({ code }: ErrorEvent): Field {
  return FIELDS.get(code) ?? null;
}

/** Why a message was refused, for people. A code without words here keeps the server's sentence. */
export function reason({ code, detail }: ErrorEvent): string {
  switch (code) {
    case 'unknown_user':
      return $localize`this person is not online now.`;
    case 'too_long':
      return $localize`the text is too long for this server.`;
    case 'rate_limited':
      return $localize`too many messages in a short time. Wait a moment, then try again.`;
    case 'unavailable':
      return $localize`the server could not pass it on to everybody. Try again.`;
    default:
      return detail;
  }
}
