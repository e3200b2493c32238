import { points } from './sparkline';

describe('points', () => {
  it('draws from zero at the bottom to the largest sample at the top', () => {
    expect(points([0, 5, 10])).toBe('2,18 40,10 78,2');
  });

  it('needs two samples for a line', () => {
    expect(points([3])).toBe('2,2');
    expect(points([])).toBe('');
  });

  it('survives round trips of no measurable length', () => {
    expect(points([0, 0])).toBe('2,18 78,18');
  });
});
