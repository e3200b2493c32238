import { windowOf } from './window';

describe('the rows that are in the page', () => {
  it('are all of a class of thirty, so that the search of the browser finds everybody', () => {
    expect(windowOf(80, 500, 600, 28)).toEqual({ first: 0, last: 80 });
    expect(windowOf(0, 0, 600, 28)).toEqual({ first: 0, last: 0 });
  });

  it('are those in sight, with some to spare', () => {
    expect(windowOf(300, 0, 600, 28)).toEqual({ first: 0, last: 42 });
    expect(windowOf(300, 100 * 28, 600, 28)).toEqual({ first: 90, last: 142 });
    expect(windowOf(300, 278 * 28, 600, 28)).toEqual({ first: 260, last: 300 });
  });

  it('stay the same while somebody scrolls by a line', () => {
    expect(windowOf(300, 109 * 28, 600, 28)).toEqual(windowOf(300, 100 * 28, 600, 28));
  });

  it('always have those in sight among them', () => {
    for (let top = 0; top <= 280 * 28; top += 7) {
      const { first, last } = windowOf(300, top, 560, 28);
      expect(first).toBeLessThanOrEqual(Math.floor(top / 28));
      expect(last).toBeGreaterThanOrEqual(Math.min(300, Math.ceil((top + 560) / 28)));
    }
  });

  it('are few before anybody knows how high a row is', () => {
    expect(windowOf(300, 0, 0, 0)).toEqual({ first: 0, last: 80 });
  });
});
