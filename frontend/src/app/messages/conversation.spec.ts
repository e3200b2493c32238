import {
  Conversation,
  EMPTY,
  LOG_LENGTH,
  delivery,
  discarded,
  interrupted,
  nextToSend,
  noted,
  received,
  refused,
  written,
} from './conversation';

const AT = new Date(0);
const message = (from: string, text: string, to: string | null = null) =>
  ({ type: 'message', from, text, to }) as const;
const error = { type: 'error', code: 'unknown_user', detail: 'bob is not online' } as const;

/** A conversation in which the given texts were written to all, the first of them on its way. */
function sending(...texts: string[]): Conversation {
  const all = texts.reduce((now, text) => written(now, text, null), EMPTY);
  return delivery(all, 1, { state: 'sending' });
}

describe('conversation', () => {
  it('sends one message at a time, in the order of writing', () => {
    const now = sending('one', 'two');
    expect(nextToSend(now)).toBeNull();
    expect(nextToSend(received(now, message('ana', 'one'), 'ana', AT))?.text).toBe('two');
  });

  it('moves an own message from the outbox to the log when its copy comes back', () => {
    const now = received(sending('hello'), message('ana', 'hello'), 'ana', AT);
    expect(now.outbox).toEqual([]);
    expect(now.log).toEqual([
      {
        kind: 'message',
        id: 1,
        at: AT,
        from: 'ana',
        text: 'hello',
        to: null,
        own: true,
        sent: true,
      },
    ]);
  });

  it('does not take for sent what another tab, or somebody else, said in the same words', () => {
    expect(received(sending('hello'), message('bob', 'hello'), 'ana', AT).outbox).toHaveLength(1);
    const fromOtherTab = received(EMPTY, message('ana', 'hello'), 'ana', AT);
    expect(fromOtherTab.log[0]).toMatchObject({ own: true, sent: false });
  });

  it('tells a message to all from the same words to one', () => {
    const now = received(sending('hello'), message('ana', 'hello', 'bob'), 'ana', AT);
    expect(now.outbox).toHaveLength(1);
  });

  it('does not take for sent what was never on the wire', () => {
    const now = received(written(EMPTY, 'hello', null), message('ana', 'hello'), 'ana', AT);
    expect(now.outbox).toHaveLength(1);
  });

  it('does not know whether a message arrived when the connection was lost', () => {
    const now = interrupted(sending('one', 'two'));
    expect(now.outbox.map((item) => item.delivery.state)).toEqual(['unconfirmed', 'waiting']);
    expect(received(now, message('ana', 'one'), 'ana', AT).outbox).toHaveLength(1);
    expect(interrupted(EMPTY)).toBe(EMPTY);
  });

  it('marks what was out as refused, with the reason, and goes on', () => {
    const now = refused(sending('one', 'two'), error, AT);
    expect(now.outbox[0]?.delivery).toEqual({
      state: 'refused',
      reason: 'this person is not online now.',
    });
    expect(now.log).toEqual([]);
    expect(nextToSend(now)?.text).toBe('two');
  });

  it('notes an error that answers no message', () => {
    expect(refused(EMPTY, error, AT).log).toEqual([
      { kind: 'note', id: 1, at: AT, text: 'bob is not online' },
    ]);
  });

  it('forgets what is discarded', () => {
    expect(discarded(sending('one'), 1).outbox).toEqual([]);
  });

  it('keeps a bounded log of lines with ids of their own', () => {
    let now = EMPTY;
    for (let count = 0; count < LOG_LENGTH + 5; count += 1) now = noted(now, `${count}`, AT);
    expect(now.log).toHaveLength(LOG_LENGTH);
    expect(now.log.at(-1)).toMatchObject({ text: `${LOG_LENGTH + 4}` });
    expect(new Set(now.log.map(({ id }) => id)).size).toBe(LOG_LENGTH);
  });
});
