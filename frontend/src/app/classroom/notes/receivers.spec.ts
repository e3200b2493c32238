import { learner } from '../../../testing/classroom';
import { inWords, isSame, reaches } from './receivers';

describe('the receivers of a note', () => {
  const ana = learner(7, 'ana', { step: '03/2' });

  it.each([
    ['all', true, 'everybody'],
    [{ step: '03/2' }, true, 'those at step 03/2'],
    [{ step: '03/1' }, false, 'those at step 03/1'],
    [{ lesson: '03' }, true, 'those in lesson 03'],
    [{ lesson: '04' }, false, 'those in lesson 04'],
    [{ learner: 7 }, true, 'ana'],
    [{ learner: 8 }, false, 'somebody who left'],
  ] as const)('%j', (to, reached, words) => {
    expect(reaches(to, ana)).toBe(reached);
    expect(inWords(to, (id) => (id === 7 ? 'ana' : undefined))).toBe(words);
  });

  it('are not those at a step before somebody has begun', () => {
    expect(reaches({ lesson: '03' }, learner(7, 'ana'))).toBe(false);
    expect(reaches('all', learner(7, 'ana'))).toBe(true);
  });

  it('are the same when they say the same', () => {
    expect(isSame({ learner: 7 }, { learner: 7 })).toBe(true);
    expect(isSame({ learner: 7 }, { learner: 8 })).toBe(false);
    expect(isSame('all', { lesson: '03' })).toBe(false);
  });
});
