import { COURSE, TEN, attempt, learner, minute } from '../../../testing/classroom';
import { positions } from '../course/course';
import { hasFinished, lessonInQuestion, medianStep, quantile, share, timesOf } from './standing';

const [first, second] = COURSE.lessons as [never, never];
const solved = attempt({ tries: 1, solved: minute(3) });
const at = (step: string | null, id = 1) => learner(id, `learner ${id}`, { step });

describe('the standing of a learner', () => {
  it('is finished with a lesson when every exercise is solved, whatever was read of it', () => {
    const some = learner(1, 'ana', { exercises: { '01.1': solved, '01.2': attempt() } });
    const all = learner(1, 'ana', { exercises: { '01.1': solved, '01.2': solved } });
    expect([hasFinished(some, first), hasFinished(all, first)]).toEqual([false, true]);
  });

  it('is finished with a lesson that has no exercise when its last step is reached', () => {
    expect(hasFinished(learner(1, 'ana'), second)).toBe(false);
    expect(hasFinished(learner(1, 'ana', { steps: { '02/1': TEN } }), second)).toBe(true);
  });

  it('is the share of steps reached and exercises solved', () => {
    const ana = learner(1, 'ana', {
      steps: { '01/0': TEN, '01/1': TEN, '02/1': TEN },
      exercises: { '01.1': solved, '01.2': attempt({ tries: 3 }) },
    });
    expect(share(ana, first)).toBe(3 / 5);
    expect(share(learner(2, 'bob'), first)).toBe(0);
  });
});

describe('the median step', () => {
  const median = (...steps: (string | null)[]) =>
    medianStep(
      steps.map((step, index) => at(step, index)),
      positions(COURSE),
    );

  it('is where half have not come further, in the order of the course', () => {
    expect(median('02/1', '01/0', '01/2')).toBe('01/2');
    expect(median('02/1', '01/0')).toBe('01/0');
  });

  it('leaves out who has not begun, and steps that the plan does not know', () => {
    expect(median(null, null, '01/1', '99/9')).toBe('01/1');
    expect(median(null)).toBeNull();
    expect(median()).toBeNull();
  });

  it('says which lesson is in question; at first it is the first', () => {
    expect(lessonInQuestion(COURSE, '02/1')?.id).toBe('02');
    expect(lessonInQuestion(COURSE, null)?.id).toBe('01');
    expect(lessonInQuestion({ lessons: [] }, null)).toBeUndefined();
  });
});

describe('the times of an exercise', () => {
  const took = (minutes: number) =>
    learner(minutes, 'x', {
      exercises: { '01.1': attempt({ begun: TEN, solved: minute(minutes) }) },
    });

  it('are the median and the middle half of those who solved it', () => {
    const times = timesOf([8, 1, 4, 2, 6].map(took), '01.1');
    const minutes = (count: number) => count * 60_000;
    expect(times).toEqual({ count: 5, median: minutes(4), low: minutes(2), high: minutes(6) });
  });

  it('leave out who has not solved it, and what was solved before the class', () => {
    const open = learner(1, 'ana', { exercises: { '01.1': attempt({ tries: 9 }) } });
    expect(timesOf([open, took(0), learner(2, 'bob')], '01.1')).toBeNull();
  });

  it('lie between two values where there is none in the middle', () => {
    expect(quantile([1, 3], 0.5)).toBe(2);
    expect(quantile([5], 0.25)).toBe(5);
  });
});
