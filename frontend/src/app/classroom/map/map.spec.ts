import { COURSE, TEN, attempt, learner, minute } from '../../../testing/classroom';
import { positions } from '../course/course';
import { cellOf, classCell } from './cells';
import { Column, columnsOf, headOf } from './columns';
import { held, ordered } from './ordering';

const columns = columnsOf(COURSE, '01');
const column = (id: string): Column => columns.find((each) => each.id === id)!;
const solved = attempt({ tries: 2, hints: 1, solved: minute(3) });

describe('the columns of the map', () => {
  it('are the lessons, and what the opened one is made of', () => {
    expect(columns.map(headOf)).toEqual(['01', '0', '1', '✎1', '2', '✎2', '02']);
    expect(columnsOf(COURSE, undefined).map(headOf)).toEqual(['01', '02']);
    expect(columnsOf({ lessons: [] }, '01')).toEqual([]);
  });

  it('have a place for an exercise whose step nobody knows', () => {
    const [lesson] = COURSE.lessons;
    const odd = { ...lesson!, exercises: [{ id: '01.9', title: 'Odd', step: '01/7' }] };
    expect(columnsOf({ lessons: [odd] }, '01').map(headOf)).toEqual(['01', '0', '1', '2', '✎9']);
  });
});

describe('a field of the map', () => {
  const ana = learner(1, 'ana', {
    step: '01/1',
    steps: { '01/0': TEN, '01/1': TEN },
    exercises: { '01.1': solved, '01.2': attempt({ tries: 3, hints: 1 }) },
  });

  it.each([
    ['01/0', '•', 2, 'reached'],
    ['01/1', '▶', 4, 'is here'],
    ['01/2', '', 0, 'not reached'],
    ['01.1', '✔', 4, 'solved (tries: 2, hints: 1)'],
    ['01.2', '3×', 1, '3× tried, not solved (hints: 1)'],
    ['01', '◑', 2, '60 % done'],
    ['02', '', 0, 'not begun'],
  ])('%s is %s', (id, sign, level, label) => {
    expect(cellOf(ana, column(id))).toMatchObject({ sign, level, label });
  });

  it('tells an exercise that was begun from one that was tried', () => {
    const reading = learner(1, 'ana', { exercises: { '01.1': attempt() } });
    expect(cellOf(reading, column('01.1'))).toMatchObject({ sign: '…', open: false });
    const hinted = learner(1, 'ana', { exercises: { '01.1': attempt({ hints: 1 }) } });
    expect(cellOf(hinted, column('01.1'))).toMatchObject({ sign: '…', open: false, hinted: true });
  });

  it('says of a lesson that it is finished, and that the learner is in it', () => {
    const all = { '01.1': solved, '01.2': solved };
    const done = learner(1, 'ana', { step: '01/2', exercises: all });
    expect(cellOf(done, column('01'))).toMatchObject({ sign: '✔', level: 4, current: true });
    expect(cellOf(ana, column('02')).current).toBe(false);
  });

  it('counts the class, and is full only when all are there', () => {
    const bob = learner(2, 'bob', { steps: { '01/0': TEN } });
    expect(classCell([ana, bob], column('01/0'))).toMatchObject({
      sign: '2',
      level: 4,
      label: '2 of 2',
    });
    expect(classCell([ana, bob], column('01.1'))).toMatchObject({ sign: '1', level: 2 });
    expect(classCell([], column('01/0'))).toMatchObject({ sign: '0', level: 0 });
  });
});

describe('the order of the rows', () => {
  const ana = learner(1, 'ana', { step: '01/0', stuck: { since: minute(5), text: '' } });
  const bob = learner(2, 'bob', { step: '02/1' });
  const cem = learner(3, 'cem', { step: null, stuck: { since: minute(2), text: '' } });
  const dora = learner(4, 'dora', { step: '02/1', exercises: { '01.1': solved } });
  const all = [ana, bob, cem, dora];
  const names = (by: 'name' | 'progress' | 'help') =>
    ordered(all, by, positions(COURSE)).map(({ name }) => name);

  it('is by name, by progress, or by who needs help', () => {
    expect(names('name')).toEqual(['ana', 'bob', 'cem', 'dora']);
    expect(names('progress')).toEqual(['dora', 'bob', 'ana', 'cem']);
    expect(names('help')).toEqual(['cem', 'ana', 'bob', 'dora']);
  });

  it('waits while somebody is in the map: rows stay, news comes into them', () => {
    const moved = { ...ana, step: '02/1' };
    const eve = learner(5, 'eve');
    expect(held([dora, bob, ana], [moved, dora, eve])).toEqual([dora, moved, eve]);
  });
});
