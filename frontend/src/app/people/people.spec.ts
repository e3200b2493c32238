import { after, lines, recounted } from './people';

const people = new Map([
  ['ana', 1],
  ['bob', 2],
]);
const change = (event: 'joined' | 'left', user: string) =>
  ({ type: 'online', event, user }) as const;

describe('people', () => {
  it('are replaced by a state', () => {
    const state = {
      type: 'online',
      event: 'state',
      you: { user: 'cem', sid: '1' },
      users: [{ user: 'cem', tabs: 3 }],
    } as const;
    expect([...after(people, state)]).toEqual([['cem', 3]]);
  });

  it('grow by who joined and shrink by who left', () => {
    expect([...after(people, change('joined', 'cem')).keys()]).toEqual(['ana', 'bob', 'cem']);
    expect([...after(people, change('left', 'ana')).keys()]).toEqual(['bob']);
  });

  it('keep the tabs of somebody who is said to join again, and survive a stranger leaving', () => {
    expect(after(people, change('joined', 'bob')).get('bob')).toBe(2);
    expect(after(people, change('left', 'eve'))).toEqual(people);
  });

  it('are never changed in place', () => {
    after(people, change('joined', 'cem'));
    after(people, change('left', 'ana'));
    recounted(people, [{ user: 'ana', tabs: 9 }]);
    expect([...people]).toEqual([
      ['ana', 1],
      ['bob', 2],
    ]);
  });

  it('are recounted without anybody coming or going by it', () => {
    const users = [
      { user: 'bob', tabs: 5 },
      { user: 'eve', tabs: 1 },
    ];
    expect([...recounted(people, users)]).toEqual([
      ['ana', 1],
      ['bob', 5],
    ]);
  });

  it('stay the same object when no number changed', () => {
    expect(recounted(people, [{ user: 'bob', tabs: 2 }])).toBe(people);
  });

  it('are listed with you first, then users, then guests', () => {
    const all = new Map([
      ['guest-10', 1],
      ['guest-7', 1],
      ['zoe', 1],
      ['ana', 1],
      ['guest-you', 2],
    ]);
    expect(lines(all, 'guest-you').map(({ name }) => name)).toEqual([
      'guest-you',
      'ana',
      'zoe',
      'guest-7',
      'guest-10',
    ]);
    expect(lines(all, 'guest-you')[0]).toEqual({
      name: 'guest-you',
      tabs: 2,
      you: true,
      guest: true,
    });
  });
});
