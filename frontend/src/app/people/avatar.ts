const GUEST = /^guest-(?=.)/;
// Neighbours on the colour wheel look alike; steps of the golden angle keep names apart.
const GOLDEN_ANGLE = 137.508;

/** The letter that stands for a name: ana → A, guest-wkvgrq → W. */
export function letterOf(name: string): string {
  const [first = ''] = name.replace(GUEST, '');
  return first.toLocaleUpperCase();
}

/** The hue of a name, from 0 up to 360: the same on every page, and another for most other names. */
export function hueOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)!) % 65_521;
  return (sum * GOLDEN_ANGLE) % 360;
}
