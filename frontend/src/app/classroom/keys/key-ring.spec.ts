import { TestBed } from '@angular/core/testing';

import { KeyRing } from './key-ring';

const one = { key: 'one', title: 'First', code: 'K7PM-2QXR' };
const two = { key: 'two', title: 'Second', code: 'AAAA-2222' };

describe('KeyRing', () => {
  beforeEach(() => {
    localStorage.clear();
    sessionStorage.clear();
  });
  afterEach(() => vi.restoreAllMocks());

  const anew = (): KeyRing => {
    TestBed.resetTestingModule();
    return TestBed.inject(KeyRing);
  };

  it('keeps the classes for the next time, the one used last first, each once', () => {
    const ring = TestBed.inject(KeyRing);
    for (const known of [one, two, { ...one, title: 'Renamed' }]) ring.keep(known);
    expect(anew().known()).toEqual([{ ...one, title: 'Renamed' }, two]);
  });

  it('remembers the key of this tab over a reload', () => {
    expect(TestBed.inject(KeyRing).use('one')).toBe(true);
    expect(anew().current).toBe('one');
  });

  it('forgets a key altogether', () => {
    const ring = TestBed.inject(KeyRing);
    ring.keep(one);
    ring.use('one');
    ring.forget('one');
    expect([ring.current, ring.known()]).toEqual([null, []]);
    expect([anew().current, TestBed.inject(KeyRing).known()]).toEqual([null, []]);
  });

  it('works where nothing can be kept, and says that a reload would forget', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('blocked', 'SecurityError');
    });
    const ring = TestBed.inject(KeyRing);
    expect(ring.use('one')).toBe(false);
    expect(ring.current).toBe('one');
  });

  it('takes nothing for a key that is none', () => {
    localStorage.setItem('classroom /', '[{"key":"one"}, 7, null]');
    expect(anew().known()).toEqual([]);
    localStorage.setItem('classroom /', '{');
    expect(anew().known()).toEqual([]);
  });
});
