import { TEN, attempt, learner, minute } from '../../../testing/classroom';
import { raised, struggling } from './help';

const names = (all: readonly { learner: { name: string } }[]) => all.map((one) => one.learner.name);

describe('the queue of raised hands', () => {
  it('begins with the one that has waited longest', () => {
    const hand = (minutes: number) => ({ stuck: { since: minute(minutes), text: '' } });
    const all = [learner(1, 'ana', hand(5)), learner(2, 'bob'), learner(3, 'cem', hand(2))];
    expect(names(raised(all))).toEqual(['cem', 'ana']);
  });

  it('keeps a hand of who is away: the question is still there', () => {
    const away = learner(1, 'ana', { here: false, stuck: { since: TEN, text: 'why' } });
    expect(raised([away])).toEqual([{ learner: away, hand: { since: TEN, text: 'why' } }]);
  });
});

describe('who may need help and has not asked', () => {
  const now = Date.parse(minute(20));
  const at = (exercise: string, more: object, also: object = {}) =>
    learner(1, 'ana', { step: '01/1', exercises: { [exercise]: attempt(more) }, ...also });

  it.each([
    ['four tries and no solution', at('01.1', { tries: 4, begun: minute(18) }), true],
    ['three tries in two minutes', at('01.1', { tries: 3, begun: minute(18) }), false],
    ['one try, and more than ten minutes', at('01.1', { tries: 1, begun: minute(9) }), true],
    ['no try in ten minutes: still reading', at('01.1', { tries: 0, begun: minute(9) }), false],
    ['solved after nine tries', at('01.1', { tries: 9, solved: minute(19) }), false],
    ['gone on to another lesson', at('01.1', { tries: 9 }, { step: '02/1' }), false],
    ['a hand is up', at('01.1', { tries: 9 }, { stuck: { since: TEN, text: '' } }), false],
    ['away', at('01.1', { tries: 9 }, { here: false }), false],
    ['idle', at('01.1', { tries: 9 }, { idle_since: TEN }), false],
  ])('%s', (_, one, is) => {
    expect(struggling([one], now).length).toBe(is ? 1 : 0);
  });

  it('looks at the exercise that was begun last', () => {
    const ana = learner(1, 'ana', {
      step: '01/2',
      exercises: {
        '01.1': attempt({ tries: 9, begun: TEN }),
        '01.2': attempt({ tries: 1, begun: minute(19) }),
      },
    });
    expect(struggling([ana], now)).toEqual([]);
  });

  it('names those with the most tries first', () => {
    const tried = (id: number, name: string, tries: number) =>
      learner(id, name, { exercises: { '01.1': attempt({ tries }) } });
    expect(names(struggling([tried(1, 'ana', 5), tried(2, 'bob', 8)], now))).toEqual([
      'bob',
      'ana',
    ]);
  });
});
