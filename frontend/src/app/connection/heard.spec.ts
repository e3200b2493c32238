import { STATE } from '../../testing/fake-web-socket';
import { ServerEvent } from '../wire/server-event';
import { heardAfter, historyQuery } from './heard';

const place = (last: number, epoch = 'h3Kx') => ({ epoch, last });
const message = (id?: number): ServerEvent => {
  const said = { type: 'message', from: 'bob', text: 'hi', to: null } as const;
  return id === undefined ? said : { ...said, id };
};

describe('heardAfter', () => {
  it('begins where the history is when the client comes first', () => {
    expect(heardAfter(null, { ...STATE, history: place(7) })).toEqual(place(7));
  });

  it('counts each message to everybody, and none to one person', () => {
    expect(heardAfter(place(7), message(8))).toEqual(place(8));
    expect(heardAfter(place(7), message())).toEqual(place(7));
  });

  it('stays where it was when the client comes back: what it missed comes next', () => {
    expect(heardAfter(place(7), { ...STATE, history: place(9) })).toEqual(place(7));
  });

  it('goes on after a gap, also in another epoch', () => {
    const missed = { type: 'missed', detail: 'Some are gone.', history: place(3, 'p0Wq') } as const;
    expect(heardAfter(place(7), missed)).toEqual(place(3, 'p0Wq'));
  });

  it('knows no place where the server keeps no history', () => {
    expect(heardAfter(null, STATE)).toBeNull();
    expect(heardAfter(null, message(8))).toBeNull();
  });
});

describe('historyQuery', () => {
  it('asks for the numbers at first, later for what came since', () => {
    expect(historyQuery(null)).toBe('?history=1');
    expect(historyQuery(place(812, 'h&3'))).toBe('?epoch=h%263&since=812');
  });
});
