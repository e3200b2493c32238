import { isOnlineUsers, isServerEvent } from './server-event';

const you = { user: 'ana', sid: 'specific.1' };

describe('isServerEvent', () => {
  it.each([
    { type: 'online', event: 'state', you, users: [{ user: 'ana', tabs: 2 }] },
    { type: 'online', event: 'state', you, users: [] },
    { type: 'online', event: 'state', you, users: [], history: { epoch: 'h3Kx', last: 0 } },
    { type: 'online', event: 'joined', user: 'bob' },
    { type: 'online', event: 'left', user: 'bob' },
    { type: 'online', event: 'off', message: 'chao-kakao' },
    { type: 'message', from: 'ana', text: 'hello', to: null },
    { type: 'message', from: 'ana', text: 'hello', to: 'bob' },
    { type: 'message', from: 'ana', text: 'hello', to: null, id: 8 },
    { type: 'missed', detail: 'Some are gone.', history: { epoch: 'h3Kx', last: 8 } },
    { type: 'pong', id: 7 },
    { type: 'pong', id: 'seven' },
    { type: 'error', code: 'rate_limited', detail: 'Too fast.' },
    { type: 'error', code: 'a_code_of_tomorrow', detail: 'Something new.' },
  ])('takes $type $event $id $code', (frame) => {
    expect(isServerEvent(frame)).toBe(true);
  });

  it.each([
    [null],
    ['online'],
    [[]],
    [{}],
    [{ type: 'online' }],
    [{ type: 'online', event: 'state', you, users: [{ user: 'ana', tabs: '2' }] }],
    [{ type: 'online', event: 'state', you, users: [{ user: 'ana', tabs: 1.5 }] }],
    [{ type: 'online', event: 'state', you: null, users: [] }],
    [{ type: 'online', event: 'state', users: [] }],
    [{ type: 'online', event: 'state', you, users: [], history: { epoch: 'h3Kx' } }],
    [{ type: 'online', event: 'joined', user: 7 }],
    [{ type: 'online', event: 'vanished', user: 'bob' }],
    [{ type: 'online', event: 'off' }],
    [{ type: 'message', from: 'ana', text: 'hello' }],
    [{ type: 'message', from: 'ana', text: null, to: null }],
    [{ type: 'message', from: 'ana', text: 'hello', to: null, id: '8' }],
    [{ type: 'missed', detail: 'Some are gone.' }],
    [{ type: 'pong', id: null }],
    [{ type: 'error', code: 'too_long' }],
    [{ type: 'toString' }],
  ])('refuses %j', (frame) => {
    expect(isServerEvent(frame)).toBe(false);
  });
});

describe('isOnlineUsers', () => {
  it('refuses the whole list for one bad entry', () => {
    expect(isOnlineUsers([{ user: 'ana', tabs: 1 }, { user: 'bob' }])).toBe(false);
  });
});
