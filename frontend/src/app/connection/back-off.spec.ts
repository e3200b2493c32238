import { backOff } from './back-off';

describe('backOff', () => {
  it('doubles its ceiling with each failure, up to 15 seconds', () => {
    const ceilings = [0, 1, 2, 3, 4, 5, 6, 1_000].map((failures) => backOff(failures, () => 1));
    expect(ceilings).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  it('spreads the attempts from nothing to the ceiling', () => {
    expect(backOff(3, () => 0)).toBe(0);
    expect(backOff(3, () => 0.5)).toBe(2000);
  });
});
