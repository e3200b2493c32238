import { TestBed } from '@angular/core/testing';

import {
  FakeWebSocket,
  STATE,
  useFakeWebSocket,
  useRealWebSocket,
} from '../../testing/fake-web-socket';
import { AppComponent } from '../app.component';
import { Draft } from './draft';
import { MessageStore } from './message-store';

/** The store with everything around it that a message passes, up to the (fake) socket. */
describe('MessageStore', () => {
  let store: MessageStore;

  beforeEach(() => {
    useFakeWebSocket();
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new Error('no server')));
    TestBed.createComponent(AppComponent);
    store = TestBed.inject(MessageStore);
  });
  afterEach(() => {
    TestBed.resetTestingModule();
    useRealWebSocket();
  });

  const copy = (text: string, to: string | null = null) => ({
    type: 'message',
    from: 'ana',
    text,
    to,
  });
  const deliveries = () => store.outbox().map(({ delivery }) => delivery.state);

  it('keeps what is written before there is a connection, and sends it when there is', () => {
    store.write('early', null);
    expect(deliveries()).toEqual(['waiting']);
    FakeWebSocket.last.says(STATE);
    expect(FakeWebSocket.last.messages).toEqual([{ type: 'message', text: 'early' }]);
    expect(deliveries()).toEqual(['sending']);
    FakeWebSocket.last.says(copy('early'));
    expect(deliveries()).toEqual([]);
    expect(store.log()[0]).toMatchObject({ text: 'early', sent: true });
  });

  it('sends to one person', () => {
    FakeWebSocket.last.says(STATE);
    store.write('psst', 'bob');
    expect(FakeWebSocket.last.messages).toEqual([{ type: 'message', text: 'psst', to: 'bob' }]);
    FakeWebSocket.last.says(copy('psst', 'bob'));
    expect(store.log()[0]).toMatchObject({ to: 'bob', sent: true });
  });

  it('waits for each copy before it sends the next message', () => {
    FakeWebSocket.last.says(STATE);
    for (const text of ['one', 'two', 'three']) store.write(text, null);
    expect(FakeWebSocket.last.messages).toHaveLength(1);
    FakeWebSocket.last.says(copy('one'));
    FakeWebSocket.last.says(copy('two'));
    FakeWebSocket.last.says(copy('three'));
    expect(store.log().map((line) => line.text)).toEqual(['one', 'two', 'three']);
  });

  it('sends nothing twice by itself: what was out when the connection broke, you decide', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    FakeWebSocket.last.says(STATE);
    store.write('out', null);
    store.write('waiting', null);
    FakeWebSocket.last.breaks();
    expect(deliveries()).toEqual(['unconfirmed', 'waiting']);
    vi.advanceTimersByTime(1);
    FakeWebSocket.last.says(STATE);
    expect(FakeWebSocket.last.messages).toEqual([{ type: 'message', text: 'waiting' }]);
    FakeWebSocket.last.says(copy('waiting'));
    store.tryAgain(1);
    expect(FakeWebSocket.last.messages).toHaveLength(2);
    FakeWebSocket.last.says(copy('out'));
    expect(deliveries()).toEqual([]);
  });

  it('gives up waiting for a copy after ten seconds, and takes it all the same when it comes', () => {
    FakeWebSocket.last.says(STATE);
    store.write('slow', null);
    FakeWebSocket.last.says({ type: 'pong', id: 1 });
    vi.advanceTimersByTime(5_000);
    FakeWebSocket.last.says({ type: 'pong', id: 2 });
    vi.advanceTimersByTime(5_000);
    expect(deliveries()).toEqual(['unconfirmed']);
    FakeWebSocket.last.says(copy('slow'));
    expect(deliveries()).toEqual([]);
    expect(store.log()).toHaveLength(1);
  });

  it('shows an error at the message and at the field, and sends the next one', () => {
    FakeWebSocket.last.says(STATE);
    store.write('hello', 'nobody');
    store.write('next', null);
    FakeWebSocket.last.says({ type: 'error', code: 'unknown_user', detail: 'not online' });
    expect(deliveries()).toEqual(['refused', 'sending']);
    expect(TestBed.inject(Draft).refusal()?.code).toBe('unknown_user');
    expect(FakeWebSocket.last.messages).toHaveLength(2);
  });

  it('puts a text that is too long back into the field', () => {
    FakeWebSocket.last.says(STATE);
    store.write('long', 'bob');
    FakeWebSocket.last.says({ type: 'error', code: 'too_long', detail: 'too long' });
    expect(deliveries()).toEqual([]);
    expect(TestBed.inject(Draft).text()).toBe('long');
    expect(TestBed.inject(Draft).to()).toBe('bob');
  });

  it('notes what another process says to this connection', () => {
    FakeWebSocket.last.says(STATE);
    FakeWebSocket.last.says({ type: 'online', event: 'off', message: 'chao-kakao' });
    expect(store.log()).toMatchObject([{ kind: 'note', text: 'chao-kakao' }]);
  });

  it('discards what is not wanted any more', () => {
    store.write('never mind', null);
    store.discard(store.outbox()[0]?.id ?? 0);
    FakeWebSocket.last.says(STATE);
    expect(FakeWebSocket.last.messages).toEqual([]);
  });
});
