import { TEN, attempt, classState, learner, minute } from '../../../testing/classroom';
import { DiffEvent, Learner } from '../wire/class-event';
import { Picture, after, order } from './picture';

const ana = learner(7, 'ana', {
  steps: { '01/0': TEN },
  exercises: { '01.1': attempt({ tries: 1 }), '01.2': attempt() },
});
const begin = after(null, classState([ana], 41))!;
const diff = <Event extends object>(event: Event, version = 42) =>
  ({ type: 'class', version, ...event }) as unknown as DiffEvent;
const changed = (change: Partial<Learner>) => diff({ event: 'changed', learner: change });
const next = (event: DiffEvent): Picture => after(begin, event)!;

describe('the picture of a class', () => {
  it('is replaced by a state, also by one with a lower version', () => {
    const state = classState([learner(8, 'bob')], 3);
    expect(order(begin, state)).toBe('next');
    expect([...after(begin, state)!.learners.keys()]).toEqual([8]);
    expect(after(begin, state)!.version).toBe(3);
  });

  it('knows which event comes next, which was had, and where one is missing', () => {
    const event = { event: 'removed', learner: 7 };
    expect(order(begin, diff(event, 42))).toBe('next');
    expect(order(begin, diff(event, 41))).toBe('old');
    expect(order(begin, diff(event, 43))).toBe('gap');
    expect(order(null, diff(event, 1))).toBe('gap');
  });

  it('replaces what changed of a learner, and merges steps and exercises', () => {
    const solved = attempt({ tries: 2, solved: minute(9) });
    const { learners, version } = next(
      changed({ id: 7, step: '01/1', steps: { '01/1': minute(5) }, exercises: { '01.1': solved } }),
    );
    expect(version).toBe(42);
    expect(learners.get(7)).toEqual({
      ...ana,
      step: '01/1',
      steps: { '01/0': TEN, '01/1': minute(5) },
      exercises: { '01.1': solved, '01.2': attempt() },
    });
  });

  it('takes a hand down when it is null', () => {
    const up = after(begin, changed({ id: 7, stuck: { since: TEN, text: 'why' } }))!;
    expect(up.learners.get(7)?.stuck).toEqual({ since: TEN, text: 'why' });
    const down = { type: 'class', version: 43, event: 'changed', learner: { id: 7, stuck: null } };
    expect(after(up, down as DiffEvent)!.learners.get(7)?.stuck).toBeNull();
  });

  it('takes in whoever is new, and lets whoever is removed go with the cells they showed', () => {
    const both = next(changed(learner(8, 'bob')));
    expect([...both.learners.values()]).toEqual([ana, learner(8, 'bob')]);
    const cell = { learner: 7, step: null, source: '1', output: '', at: TEN };
    const shown = next(diff({ event: 'shown', shown: cell }));
    expect(shown.shown).toEqual([cell]);
    const gone = after(shown, diff({ event: 'removed', learner: 7 }, 43))!;
    expect([gone.learners.size, gone.shown]).toEqual([0, []]);
  });

  it('keeps the newest three cells of each learner, as the server does', () => {
    let picture = begin;
    for (let count = 1; count <= 5; count += 1) {
      const cell = { learner: 7, step: null, source: `${count}`, output: '', at: TEN };
      picture = after(picture, diff({ event: 'shown', shown: cell }))!;
    }
    const other = { learner: 8, step: null, source: 'b', output: '', at: TEN };
    picture = after(picture, diff({ event: 'shown', shown: other }))!;
    expect(picture.shown.map(({ source }) => source)).toEqual(['3', '4', '5', 'b']);
  });

  it('follows what is said of the class, and of its instructors', () => {
    const instructors = [{ name: 'Grace', here: true }];
    const now = next(diff({ event: 'class', class: { frozen: TEN, instructors } }));
    expect(now.info).toEqual({ ...begin.info, frozen: TEN });
    expect(now.instructors).toEqual(instructors);
    expect(next(diff({ event: 'class', class: { paused: true } })).instructors).toEqual(
      begin.instructors,
    );
  });

  it('keeps the notes in their order', () => {
    const note = { number: 1, kind: 'hint', text: 'look', at: TEN, to: 'all' };
    expect(next(diff({ event: 'noted', note })).notes).toEqual([note]);
  });

  it('is never changed in place', () => {
    next(changed({ id: 7, name: 'eve', steps: { '01/1': TEN } }));
    next(diff({ event: 'removed', learner: 7 }));
    expect([...begin.learners.values()]).toEqual([ana]);
    expect(begin.version).toBe(41);
  });
});
