import { lengthOf } from './client-event';

describe('lengthOf', () => {
  it('counts code points, as the server does', () => {
    expect(lengthOf('')).toBe(0);
    expect(lengthOf('ana')).toBe(3);
    expect(lengthOf('🙂🙂')).toBe(2);
  });
});
