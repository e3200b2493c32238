import { LiveAnnouncer } from '@angular/cdk/a11y';
import { TestBed } from '@angular/core/testing';

import { Announcer } from './announcer';

describe('Announcer', () => {
  const heard = vi.fn();
  let announcer: Announcer;

  beforeEach(() => {
    vi.useFakeTimers();
    TestBed.configureTestingModule({
      providers: [{ provide: LiveAnnouncer, useValue: { announce: heard } }],
    });
    announcer = TestBed.inject(Announcer);
  });
  afterEach(() => {
    heard.mockReset();
    vi.useRealTimers();
  });

  it('says together what happens together', () => {
    announcer.say('Sent');
    announcer.say('Sent');
    announcer.changed('bob', true);
    announcer.said('bob', 'hello');
    expect(heard).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(heard.mock.calls).toEqual([['Sent. bob joined. bob says: hello']]);
  });

  it('counts a crowd instead of reading it out', () => {
    for (const name of ['ana', 'bob', 'cem']) {
      announcer.changed(name, false);
      announcer.said(name, 'bye');
    }
    vi.advanceTimersByTime(1_000);
    expect(heard.mock.calls).toEqual([['3 came or left. 3 new messages']]);
  });

  it('starts anew after each announcement', () => {
    announcer.say('one');
    vi.advanceTimersByTime(1_000);
    announcer.say('two');
    vi.advanceTimersByTime(1_000);
    expect(heard.mock.calls).toEqual([['one'], ['two']]);
  });
});
