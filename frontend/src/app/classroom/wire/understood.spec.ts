import { TEN, attempt, classState, learner } from '../../../testing/classroom';
import { isClassroomEvent } from './understood';

const ana = learner(7, 'ana', {
  step: '03/2',
  step_since: TEN,
  stuck: { since: TEN, text: '' },
  steps: { '03/2': TEN },
  exercises: { '03.1': attempt({ solved: TEN }) },
});
const note = { number: 5, kind: 'hint', text: 'look', at: TEN, to: 'all', by: 'Dr. Ada' };
const cell = { learner: 7, step: '03/2', source: '1', output: '', at: TEN };
const diff = { type: 'class', version: 2 };

describe('isClassroomEvent', () => {
  it.each([
    [classState([])],
    [classState([ana])],
    [{ ...classState([ana]), notes: [note], shown: [cell] }],
    [{ ...diff, event: 'changed', learner: ana }],
    [{ ...diff, event: 'changed', learner: { id: 7, stuck: null } }],
    [{ ...diff, event: 'removed', learner: 7 }],
    [{ ...diff, event: 'class', class: { frozen: TEN } }],
    [{ ...diff, event: 'class', class: { instructors: [{ name: '', here: true }] } }],
    [{ ...diff, event: 'noted', note }],
    [{ ...diff, event: 'noted', note: { ...note, to: { step: '03/2' } } }],
    [{ ...diff, event: 'noted', note: { ...note, to: { lesson: '03' } } }],
    [{ ...diff, event: 'noted', note: { ...note, to: { learner: 7 }, by: undefined } }],
    [{ ...diff, event: 'shown', shown: cell }],
    [{ type: 'class', event: 'closed' }],
    [{ type: 'done', id: 3 }],
    [{ type: 'done', id: 3, key: 'secret' }],
    [{ type: 'error', code: 'not_allowed', detail: 'no', id: 3 }],
    [{ type: 'error', code: 'a_code_of_tomorrow', detail: 'no' }],
    [{ type: 'pong', id: 1 }],
  ])('takes %j', (frame) => {
    expect(isClassroomEvent(JSON.parse(JSON.stringify(frame)))).toBe(true);
  });

  it.each([
    [null],
    ['class'],
    [{ ...classState([]), version: undefined }],
    [{ ...classState([]), you: null }],
    [{ ...classState([]), class: { title: 'Channels' } }],
    [classState([{ ...ana, here: 'yes' } as never])],
    [classState([{ ...ana, steps: { '03/2': 'yesterday' } }])],
    [classState([{ ...ana, exercises: { '03.1': { tries: 1 } } } as never])],
    [{ ...diff, event: 'changed', learner: { name: 'ana' } }],
    [{ ...diff, event: 'changed', learner: { id: 7, stuck: { since: 'now', text: '' } } }],
    [{ ...diff, event: 'removed' }],
    [{ ...diff, event: 'noted', note: { ...note, kind: 'shout' } }],
    [{ ...diff, event: 'noted', note: { ...note, to: 'nobody' } }],
    [{ ...diff, event: 'shown', shown: { ...cell, source: 1 } }],
    [{ ...diff, event: 'vanished' }],
    [{ type: 'done' }],
    [{ type: 'error', code: 'too_long' }],
    [{ type: 'online', event: 'joined', user: 'ana' }],
  ])('refuses %j', (frame) => {
    expect(isClassroomEvent(JSON.parse(JSON.stringify(frame)))).toBe(false);
  });
});
