/** What the server says on the WebSocket: `demo_project/account/events.py` is the other half. */

export interface OnlineUser {
  readonly user: string;
  /** Open connections: a user with three browser tabs has three. */
  readonly tabs: number;
}

/** A place in the history of what was said to everybody: the number of a message in an epoch. */
export interface HistoryPlace {
  readonly epoch: string;
  readonly last: number;
}

/** Everything a client needs when it connects; it always comes before the changes. */
export interface StateEvent {
  readonly type: 'online';
  readonly event: 'state';
  readonly you: { readonly user: string; readonly sid: string };
  readonly users: readonly OnlineUser[];
  /** Where the history is now; for a client that follows it. */
  readonly history?: HistoryPlace;
}

/** A user's first tab opened, or the last one closed. */
export interface ChangeEvent {
  readonly type: 'online';
  readonly event: 'joined' | 'left';
  readonly user: string;
}

/** Another process tells this one connection something. */
export interface OffEvent {
  readonly type: 'online';
  readonly event: 'off';
  readonly message: string;
}

export interface MessageEvent {
  readonly type: 'message';
  readonly from: string;
  readonly text: string;
  /** null: to everybody. */
  readonly to: string | null;
  /** Its number in the history; what is said to one person has none. */
  readonly id?: number;
}

/** Some messages are gone for good; those that follow come after the gap. */
export interface MissedEvent {
  readonly type: 'missed';
  /** A sentence for people. */
  readonly detail: string;
  readonly history: HistoryPlace;
}

export interface PongEvent {
  readonly type: 'pong';
  readonly id: number | string;
}

export interface ErrorEvent {
  readonly type: 'error';
  /** `too_long`, `rate_limited`, `unknown_user` … A code that is new here is still an error. */
  readonly code: string;
  /** A sentence for people. */
  readonly detail: string;
}

export type OnlineEvent = StateEvent | ChangeEvent | OffEvent;
export type ServerEvent = OnlineEvent | MessageEvent | MissedEvent | PongEvent | ErrorEvent;

/** Whether a parsed frame is an event that this client understands, down to its last field. */
export function isServerEvent(value: unknown): value is ServerEvent {
  if (!isRecord(value)) return false;
  switch (value['type']) {
    case 'online':
      return isOnlineEvent(value);
    case 'message':
      return (
        isString(value['from']) &&
        isString(value['text']) &&
        isReceiver(value['to']) &&
        (value['id'] === undefined || Number.isInteger(value['id']))
      );
    case 'missed':
      return isString(value['detail']) && isHistoryPlace(value['history']);
    case 'pong':
      return isString(value['id']) || typeof value['id'] === 'number';
    case 'error':
      return isString(value['code']) && isString(value['detail']);
    default:
      return false;
  }
}

/** Whether a value is the list of people, as `state` and `GET online/` bring it. */
export function isOnlineUsers(value: unknown): value is readonly OnlineUser[] {
  return Array.isArray(value) && value.every(isOnlineUser);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isOnlineEvent(value: Readonly<Record<string, unknown>>): boolean {
  switch (value['event']) {
    case 'state': {
      const you = value['you'];
      const known = isRecord(you) && isString(you['user']) && isString(you['sid']);
      const history = value['history'];
      const follows = history === undefined || isHistoryPlace(history);
      return known && isOnlineUsers(value['users']) && follows;
    }
    case 'joined':
    case 'left':
      return isString(value['user']);
    case 'off':
      return isString(value['message']);
    default:
      return false;
  }
}

function isHistoryPlace(value: unknown): value is HistoryPlace {
  return isRecord(value) && isString(value['epoch']) && Number.isInteger(value['last']);
}

function isOnlineUser(value: unknown): boolean {
  return isRecord(value) && isString(value['user']) && Number.isInteger(value['tabs']);
}

function isReceiver(value: unknown): boolean {
  return value === null || isString(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}
