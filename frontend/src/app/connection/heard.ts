import { HistoryPlace, ServerEvent } from '../wire/server-event';

/** How far a client has heard after an event: each message counts once, a gap is skipped. */
export function heardAfter(heard: HistoryPlace | null, event: ServerEvent): HistoryPlace | null {
  if (event.type === 'missed') return event.history;
  if (event.type === 'message' && event.id !== undefined && heard) {
    return { ...heard, last: event.id };
  }
  // After a pause, what was missed comes next: until then this client has heard no more.
  if (event.type === 'online' && event.event === 'state') return heard ?? event.history ?? null;
  return heard;
}

/** The query with which a client asks for the history: what it missed, if it was here before. */
export function historyQuery(heard: HistoryPlace | null): string {
  const asked = heard ? { epoch: heard.epoch, since: String(heard.last) } : { history: '1' };
  return `?${new URLSearchParams(asked)}`;
}
