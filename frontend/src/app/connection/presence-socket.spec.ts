import { TestBed } from '@angular/core/testing';

import {
  FakeWebSocket,
  STATE,
  useFakeWebSocket,
  useRealWebSocket,
} from '../../testing/fake-web-socket';
import { PresenceSocket } from './presence-socket';

describe('PresenceSocket', () => {
  let socket: PresenceSocket;

  beforeEach(() => {
    useFakeWebSocket();
    vi.spyOn(Math, 'random').mockReturnValue(1); // the longest wait that the jitter allows
    socket = TestBed.inject(PresenceSocket);
  });
  afterEach(() => {
    TestBed.resetTestingModule();
    useRealWebSocket();
  });

  function open(): FakeWebSocket {
    socket.connect();
    FakeWebSocket.last.says(STATE);
    return FakeWebSocket.last;
  }

  it('is connecting until the server has spoken, then open', () => {
    expect(socket.state()).toBe('closed');
    socket.connect();
    expect(FakeWebSocket.last.url).toBe(`ws://${location.host}/online/?history=1`);
    expect(socket.state()).toBe('connecting');
    FakeWebSocket.last.says(STATE);
    expect(socket.state()).toBe('open');
  });

  it('hands each event on, and none that it does not understand', () => {
    const seen = vi.fn();
    const warned = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    socket.onmessage = seen;
    const server = open();
    for (const frame of ['{', '"text"', { type: 'message', from: 'bob' }]) server.says(frame);
    expect(seen.mock.calls).toEqual([[STATE]]);
    expect(warned).toHaveBeenCalledTimes(3);
    expect(socket.state()).toBe('open');
  });

  it('sends on an open connection, and says so when there is none', () => {
    expect(socket.send({ type: 'message', text: 'early' })).toBe(false);
    const server = open();
    expect(socket.send({ type: 'message', text: 'hello' })).toBe(true);
    expect(server.messages).toEqual([{ type: 'message', text: 'hello' }]);
    server.readyState = 2; // closing: the browser would drop the frame without a word
    expect(socket.send({ type: 'message', text: 'late' })).toBe(false);
  });

  it('comes back by itself, and waits longer after each failure', () => {
    const lost = vi.fn();
    socket.onlost = lost;
    open().breaks();
    expect(socket.state()).toBe('retrying');
    expect(lost).toHaveBeenCalledTimes(1);
    for (const wait of [500, 1000, 2000]) {
      const before = FakeWebSocket.opened.length;
      vi.advanceTimersByTime(wait - 1);
      expect(FakeWebSocket.opened).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(FakeWebSocket.opened).toHaveLength(before + 1);
      FakeWebSocket.last.breaks();
    }
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('says how far it has heard when it comes back', () => {
    const server = open();
    server.says({ ...STATE, history: { epoch: 'h3Kx', last: 7 } });
    server.says({ type: 'message', from: 'bob', text: 'hi', to: null, id: 8 });
    server.breaks();
    vi.advanceTimersByTime(500);
    expect(FakeWebSocket.last.url).toContain('?epoch=h3Kx&since=8');
  });

  it('forgets its failures only when the server has spoken again', () => {
    open().breaks();
    vi.advanceTimersByTime(500);
    FakeWebSocket.last.breaks();
    vi.advanceTimersByTime(1000);
    FakeWebSocket.last.says(STATE);
    FakeWebSocket.last.breaks();
    const before = FakeWebSocket.opened.length;
    vi.advanceTimersByTime(500);
    expect(FakeWebSocket.opened).toHaveLength(before + 1);
  });

  it('gives up an attempt that nobody answers', () => {
    socket.connect();
    const first = FakeWebSocket.last;
    vi.advanceTimersByTime(10_000);
    expect(first.closed).toBe(true);
    expect(socket.state()).toBe('retrying');
  });

  it('tries at once when the network is back, or somebody asks for it', () => {
    open().breaks();
    dispatchEvent(new Event('online'));
    expect(FakeWebSocket.opened).toHaveLength(2);
    FakeWebSocket.last.breaks();
    socket.connect();
    expect(FakeWebSocket.opened).toHaveLength(3);
    vi.advanceTimersByTime(9_999); // and the attempt that was due is not made on top of it
    expect(FakeWebSocket.opened).toHaveLength(3);
  });

  it('stays closed once closed, whatever happens', () => {
    open();
    socket.close();
    dispatchEvent(new Event('online'));
    vi.advanceTimersByTime(60_000);
    expect(socket.state()).toBe('closed');
    expect(FakeWebSocket.opened).toHaveLength(1);
    expect(FakeWebSocket.last.closed).toBe(true);
  });

  it('hears nothing more from a connection that it has given up', () => {
    const old = open();
    const seen = vi.fn();
    socket.onmessage = seen;
    socket.close();
    old.says({ type: 'online', event: 'joined', user: 'eve' });
    old.breaks();
    expect(seen).not.toHaveBeenCalled();
    expect(socket.state()).toBe('closed');
  });

  it('measures how long a ping takes', () => {
    const server = open();
    expect(server.sent).toEqual([{ type: 'ping', id: 1 }]);
    vi.advanceTimersByTime(12);
    server.says({ type: 'pong', id: 1 });
    vi.advanceTimersByTime(5_000 - 12);
    vi.advanceTimersByTime(30);
    server.says({ type: 'pong', id: 2 });
    expect(socket.roundTrips()).toEqual([12, 30]);
  });

  it('does not measure an answer to an older ping', () => {
    const server = open();
    server.says({ type: 'online', event: 'joined', user: 'eve' });
    vi.advanceTimersByTime(5_000);
    server.says({ type: 'pong', id: 1 });
    expect(socket.roundTrips()).toEqual([]);
  });

  it('takes ten seconds of silence after a ping for a lost connection', () => {
    const server = open();
    vi.advanceTimersByTime(9_999);
    expect(socket.state()).toBe('open');
    vi.advanceTimersByTime(1);
    expect(socket.state()).toBe('retrying');
    expect(server.closed).toBe(true);
  });

  it('takes anything that arrives for a sign of life', () => {
    const server = open();
    for (let second = 0; second < 30; second += 1) {
      vi.advanceTimersByTime(1_000);
      server.says({ type: 'message', from: 'bob', text: 'still here', to: null });
    }
    expect(socket.state()).toBe('open');
  });

  it('asks at once when the network changes', () => {
    const server = open();
    server.says({ type: 'pong', id: 1 });
    dispatchEvent(new Event('offline'));
    expect(server.sent.at(-1)).toEqual({ type: 'ping', id: 2 });
  });

  it('asks one question at a time, or nothing would ever be measured on a slow line', () => {
    const server = open();
    dispatchEvent(new Event('online'));
    vi.advanceTimersByTime(7_000);
    server.says({ type: 'pong', id: 1 });
    expect(socket.roundTrips()).toEqual([7_000]);
  });

  it('leaves no timer and no listener behind', () => {
    open();
    TestBed.resetTestingModule();
    expect(vi.getTimerCount()).toBe(0);
    dispatchEvent(new Event('online'));
    expect(FakeWebSocket.opened).toHaveLength(1);
  });
});
