import { TestBed } from '@angular/core/testing';

import { spell, stopwatch } from './age';
import { Clock } from './clock';

describe('a duration', () => {
  it.each([
    [-5_000, '< 1 min'],
    [59_999, '< 1 min'],
    [60_000, '1 min'],
    [59.9 * 60_000, '59 min'],
    [65 * 60_000, '1 h 5 min'],
  ])('of %i ms is spelled %s', (time, words) => {
    expect(spell(time)).toBe(words);
  });

  it.each([
    [0, '0:00'],
    [65_400, '1:05'],
    [3_600_000, '60:00'],
  ])('of %i ms is timed %s', (time, words) => {
    expect(stopwatch(time)).toBe(words);
  });
});

describe('Clock', () => {
  const NOON = Date.parse('2030-01-31T12:00:00Z');
  beforeEach(() => {
    vi.useFakeTimers();
    vi.setSystemTime(NOON);
  });
  afterEach(() => {
    TestBed.resetTestingModule();
    vi.useRealTimers();
  });

  it('goes on by itself, by the clock of the server', () => {
    const clock = TestBed.inject(Clock);
    clock.set('Thu, 31 Jan 2030 12:03:00 GMT');
    expect(clock.now()).toBe(NOON + 180_000);
    vi.advanceTimersByTime(5_000);
    expect(clock.now()).toBe(NOON + 185_000);
  });

  it.each(['Thu, 31 Jan 2030 12:00:01 GMT', 'yesterday', null])('ignores %s', (date) => {
    const clock = TestBed.inject(Clock);
    clock.set(date);
    expect(clock.now()).toBe(NOON);
  });

  it('leaves no timer behind', () => {
    TestBed.inject(Clock);
    TestBed.resetTestingModule();
    expect(vi.getTimerCount()).toBe(0);
  });
});
