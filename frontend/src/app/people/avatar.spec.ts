import { hueOf, letterOf } from './avatar';

describe('an avatar', () => {
  it.each([
    ['ana', 'A'],
    ['guest-wkvgrq', 'W'],
    ['guest-', 'G'],
    ['🎉 party', '🎉'],
    ['ليلى', 'ل'],
    ['', ''],
  ])('of %s shows %s', (name, letter) => {
    expect(letterOf(name)).toBe(letter);
  });

  it('has one hue for a name, and other hues for others', () => {
    const names = ['ana', 'bob', 'cem', 'dora', 'admin', 'guest-1', 'guest-2'];
    const hues = names.map(hueOf);
    expect(names.map(hueOf)).toEqual(hues);
    expect(new Set(hues).size).toBe(names.length);
    expect(hues.every((hue) => hue >= 0 && hue < 360)).toBe(true);
  });
});
