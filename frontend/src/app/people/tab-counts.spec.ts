import { TestBed } from '@angular/core/testing';

import {
  FakeWebSocket,
  STATE,
  useFakeWebSocket,
  useRealWebSocket,
} from '../../testing/fake-web-socket';
import { PresenceSocket } from '../connection/presence-socket';
import { PeopleStore } from './people-store';
import { TabCounts } from './tab-counts';

describe('TabCounts', () => {
  const answer = vi.fn();

  beforeEach(() => {
    useFakeWebSocket();
    vi.stubGlobal('fetch', answer);
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible');
    TestBed.inject(TabCounts);
    TestBed.inject(PeopleStore).apply(STATE);
  });
  afterEach(() => {
    TestBed.resetTestingModule();
    answer.mockReset();
    useRealWebSocket();
  });

  function online(): void {
    TestBed.inject(PresenceSocket).connect();
    FakeWebSocket.last.says(STATE);
  }

  function tabsOfBob(): number | undefined {
    return TestBed.inject(PeopleStore)
      .list()
      .find(({ name }) => name === 'bob')?.tabs;
  }

  it('reads the numbers again when somebody looks at the page', async () => {
    answer.mockResolvedValue(Response.json({ users: [{ user: 'bob', tabs: 4 }] }));
    online();
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.waitFor(() => expect(tabsOfBob()).toBe(4));
    expect(answer.mock.calls[0]?.[0]).toBe(`${location.origin}/online/`);
  });

  it('asks nothing while there is no connection', () => {
    vi.advanceTimersByTime(60_000);
    expect(answer).not.toHaveBeenCalled();
  });

  it('keeps the numbers when the answer is none, or not the one expected', async () => {
    online();
    for (const reply of [Promise.reject(new Error('gone')), Response.json({ users: [{}] })]) {
      answer.mockReturnValueOnce(reply);
      document.dispatchEvent(new Event('visibilitychange'));
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(answer).toHaveBeenCalledTimes(2);
    expect(tabsOfBob()).toBe(2);
  });
});
