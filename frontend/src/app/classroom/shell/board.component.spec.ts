import { TestBed } from '@angular/core/testing';

import {
  TEN,
  attempt,
  classState,
  learner,
  minute,
  serveCourse,
  useFakeLayout,
} from '../../../testing/classroom';
import {
  FakeWebSocket,
  useFakeWebSocket,
  useRealWebSocket,
} from '../../../testing/fake-web-socket';
import { BoardComponent } from './board.component';

const KEY = 'k'.repeat(32);
const EVIL = '<img src=x onerror=alert(1)>';
const ana = learner(7, 'ana', {
  step: '01/1',
  step_since: TEN,
  steps: { '01/0': TEN, '01/1': TEN },
  exercises: { '01.1': attempt({ tries: 5, hints: 1 }) },
});
const bob = learner(8, 'bob', {
  step: '01/2',
  steps: { '01/0': TEN, '01/2': TEN },
  exercises: { '01.1': attempt({ tries: 1, solved: minute(4) }) },
  stuck: { since: minute(1), text: 'which file?' },
});

describe('BoardComponent', () => {
  let page: HTMLElement;

  beforeEach(() => {
    useFakeWebSocket();
    useFakeLayout();
    vi.setSystemTime(minute(5));
    localStorage.clear();
    serveCourse();
  });
  afterEach(() => {
    page.remove();
    TestBed.resetTestingModule();
    history.replaceState(null, '', '/');
    useRealWebSocket();
  });

  function board(fragment = `#key=${KEY}`): void {
    history.replaceState(null, '', `/${fragment}`);
    page = TestBed.createComponent(BoardComponent).nativeElement as HTMLElement;
    document.body.append(page);
    TestBed.tick();
  }
  async function live(...learners: (typeof ana)[]): Promise<FakeWebSocket> {
    board();
    FakeWebSocket.last.opens();
    FakeWebSocket.last.says(classState(learners));
    await vi.waitFor(() => {
      TestBed.tick();
      expect(page.querySelectorAll('.heads .cell').length).toBeGreaterThan(2);
    });
    return FakeWebSocket.last;
  }
  const all = (selector: string) => {
    vi.advanceTimersByTime(200); // changes are shown together
    TestBed.tick();
    return [...page.querySelectorAll<HTMLElement>(selector)];
  };
  const texts = (selector: string) =>
    all(selector).map((each) => each.textContent?.replace(/\s+/g, ' ').trim());
  const press = (name: string) => {
    const button = all('button').find((each) => each.textContent?.trim().startsWith(name));
    if (!button) throw new Error(`expected a button ${name}`);
    button.click();
    TestBed.tick();
  };
  const commands = (socket: FakeWebSocket) =>
    socket.sent
      .filter((frame) => 'id' in (frame as object))
      .filter((frame) => (frame as { type: string }).type !== 'ping');
  const key = (name: string) => {
    all('.map')[0]!.dispatchEvent(new KeyboardEvent('keydown', { key: name, cancelable: true }));
    TestBed.tick();
  };

  it('takes the key from the address at once, and keeps it for a reload', async () => {
    await live();
    expect(location.hash).toBe('');
    TestBed.resetTestingModule();
    page.remove();
    board('');
    FakeWebSocket.last.opens();
    expect(FakeWebSocket.last.sent[0]).toEqual({ type: 'open', key: KEY });
  });

  it('says so when it has no key, and lists the classes that this browser knows', async () => {
    await live();
    TestBed.resetTestingModule();
    page.remove();
    sessionStorage.clear();
    board('');
    expect(texts('h1')).toEqual(['No class is open here']);
    expect(texts('app-known-classes li a')).toEqual(['Channels']);
    expect(FakeWebSocket.opened).toHaveLength(1);
  });

  it('forgets a key that has ended', async () => {
    (await live()).breaks(4410);
    expect(texts('h1')).toEqual(['This board is closed']);
    expect(texts('app-known-classes li')).toEqual([]);
    expect(localStorage.getItem('classroom /')).toBe('[]');
  });

  it('keeps a key that opened a class and opens nothing now: the server may be another', async () => {
    (await live()).breaks(4404);
    expect(texts('h1')).toEqual(['There is no such class']);
    expect(texts('app-known-classes li a')).toEqual(['Channels']);
    expect(localStorage.getItem('classroom /')).toContain(KEY);
  });

  it('shows a row for each learner and what is the matter with them', async () => {
    await live(bob, ana, learner(9, 'cem', { here: false }));
    expect(texts('app-learner-row .name')).toEqual(['ana', 'bob hand up since 4 min', 'cem away']);
    expect(texts('app-learner-row[data-row="7"] .cell')).toEqual(['◔', '•', '▶', '5×', '', '', '']);
    expect(texts('.whole .cell')).toEqual(['0', '2', '1', '1', '1', '0', '0']);
  });

  it('says at a glance who is here, who asks, and where half of them are', async () => {
    await live(ana, bob, learner(9, 'cem', { here: false }));
    expect(texts('app-pulse dd')).toEqual([
      '2 of 3',
      '1 the longest for 4 min',
      '01/1',
      '0 of 2 0 %',
    ]);
    expect(document.title).toBe('(1) Channels');
  });

  it('says of each part of the lesson how far the class is', async () => {
    await live(ana, bob);
    expect(texts('app-overview li')[2]).toBe(
      '01.1 Taken for a page 1 of 2 solved 1 trying took 4:00 (4:00–4:00)',
    );
  });

  it('lists the hands and those who have not asked', async () => {
    const socket = await live(ana, bob);
    expect(texts('.raised .name')).toEqual(['bob']);
    expect(texts('.raised .age')).toEqual(['4 min']);
    expect(texts('.raised .text')).toEqual(['which file?']);
    expect(texts('.quiet-ones .name')).toEqual(['ana']);
    press('Hand down');
    expect(commands(socket)).toEqual([{ type: 'hand_down', learner: 8, id: 1 }]);
    const down = { type: 'class', event: 'changed', version: 2, learner: { id: 8, stuck: null } };
    socket.says(down);
    expect(texts('.raised .name')).toEqual([]);
    expect(document.activeElement?.id).toBe('help-title');
  });

  it('replies to one, and to nobody else', async () => {
    const socket = await live(ana, bob);
    press('Reply');
    const field = all('#note-text')[0] as HTMLTextAreaElement;
    expect(document.activeElement).toBe(field);
    field.value = 'this one';
    field.dispatchEvent(new Event('input'));
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true }));
    expect(commands(socket)).toEqual([
      { type: 'note', kind: 'reply', text: 'this one', to: { learner: 8 }, id: 1 },
    ]);
    socket.says({ type: 'done', id: 1 });
    await vi.waitFor(() => expect(texts('.outcome')).toEqual(['Sent to bob OK']));
    expect([field.value, texts('#note-to option:checked')]).toEqual(['', ['everybody']]);
  });

  it('sends a note once, however often it is asked to before the answer', async () => {
    const socket = await live(ana);
    const field = all('#note-text')[0] as HTMLTextAreaElement;
    field.value = 'look up';
    field.dispatchEvent(new Event('input'));
    press('Send');
    press('Send');
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true }));
    expect(commands(socket)).toHaveLength(1);
    socket.says({ type: 'error', code: 'unavailable', detail: 'later', id: 1 });
    await vi.waitFor(() => expect(texts('.outcome')[0]).toContain('Not done'));
    press('Send');
    expect(commands(socket)).toHaveLength(2);
  });

  it('keeps a text that could not be sent', async () => {
    const socket = await live(ana);
    socket.breaks();
    const field = all('#note-text')[0] as HTMLTextAreaElement;
    field.value = 'later';
    field.dispatchEvent(new Event('input'));
    expect(texts('#note-help')).toEqual(['Not connected: it cannot be sent now, and stays here.']);
    press('Send');
    await vi.waitFor(() => expect(texts('.outcome')[0]).toContain('Not sent'));
    expect([field.value, commands(socket)]).toEqual(['later', []]);
  });

  it('opens one learner with the keyboard, and gives the focus back', async () => {
    await live(ana, bob);
    const map = all('.map')[0]!;
    map.focus();
    for (const name of ['ArrowDown', 'ArrowDown', 'ArrowDown']) key(name);
    expect(all('#active-cell')[0]?.textContent).toContain('bob');
    key('Enter');
    TestBed.tick();
    expect(texts('app-panel h2')).toEqual(['bob', ...texts('app-panel h2').slice(1)]);
    expect(document.activeElement?.id).toBe('panel-title');
    document.activeElement!.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }),
    );
    expect(texts('app-panel h2')).toEqual([]);
    expect(document.activeElement).toBe(map);
  });

  it('moves over the map as a grid does, and not out of it', async () => {
    await live(ana);
    const place = () => {
      const cell = all('#active-cell')[0]!;
      return [cell.closest<HTMLElement>('[data-row]')!.dataset['row'], cell.dataset['column']];
    };
    expect(place()).toEqual(['head', 'name']);
    key('ArrowUp');
    key('ArrowLeft');
    expect(place()).toEqual(['head', 'name']);
    key('End');
    expect(place()).toEqual(['head', '02']);
    key('PageDown');
    expect(place()).toEqual(['7', '02']);
    expect(all('#active-cell')).toHaveLength(1);
  });

  it('opens another lesson, and follows the class again', async () => {
    await live(ana);
    all('.heads [data-column="02"]')[0]!.click();
    expect(texts('.heads .cell')).toEqual(['01', '02', '1']);
    expect(texts('app-overview h2')).toEqual(['Lesson 02: Creating an application']);
    all('.heads [data-column="02"]')[0]!.click();
    expect(texts('app-overview h2')).toEqual(['Lesson 01: Installing']);
  });

  it('shows who is how far with an exercise', async () => {
    await live(ana, bob);
    all('.heads [data-column="01.1"]')[0]!.click();
    expect(texts('app-panel h2')).toEqual(['01.1 Taken for a page']);
    expect(texts('app-panel h3')).toEqual(['Tried, not solved (1)', 'Solved (1)']);
    expect(texts('app-panel .names li')).toEqual(['ana', 'bob']);
    press('Write to those at');
    expect(texts('#note-to option:checked')).toEqual(['those at step 01/1']);
  });

  it('does not take the focus when a learner comes back while the panel is open', async () => {
    const socket = await live(ana, bob);
    all('app-learner-row[data-row="7"] .name')[0]!.click();
    TestBed.tick();
    const field = all('#note-text')[0]!;
    field.focus();
    socket.says(classState([bob], 2));
    TestBed.tick();
    expect(texts('app-panel h2')).toEqual([]);
    socket.says(classState([ana, bob], 3));
    TestBed.tick();
    expect(document.activeElement).toBe(field);
  });

  it('has no name of a person anywhere in front of a room', async () => {
    const shown = { learner: 7, step: '01/1', source: 'ana = 1', output: '', at: TEN };
    const note = {
      number: 1,
      kind: 'hint',
      text: 'to ana',
      at: TEN,
      to: { learner: 7 },
      by: 'Dr. Ada',
    };
    const socket = await live();
    socket.says({ ...classState([ana, bob], 2), notes: [note], shown: [shown] });
    press('Projector view');
    const markup = document.documentElement.outerHTML;
    for (const name of ['ana', 'bob', 'Ada', 'which file']) expect(markup).not.toContain(name);
    expect(location.hash).toBe('#projector');
    expect(texts('app-learner-row .name')[0]).toContain('1');
    press('Leave the projector view');
    expect(texts('.raised .name')).toEqual(['bob']);
  });

  it('opens in front of a room where the address says so', () => {
    board(`#key=${KEY}&projector`);
    expect(location.hash).toBe('#projector');
    FakeWebSocket.last.opens();
    FakeWebSocket.last.says(classState([ana]));
    expect(all('app-help-queue')).toEqual([]);
    press('Leave the projector view');
  });

  it('shows names, questions and cells as text, whatever is in them', async () => {
    const mallory = learner(7, EVIL, { stuck: { since: TEN, text: EVIL }, step: '01/1' });
    const socket = await live(mallory);
    const shown = { learner: 7, step: '01/1', source: EVIL, output: EVIL, at: TEN };
    socket.says({ type: 'class', event: 'shown', version: 2, shown });
    expect(texts('.raised .name')).toEqual([EVIL]);
    expect(texts('pre')).toEqual([EVIL, EVIL]);
    expect(page.querySelector('img')).toBeNull();
  });

  it('pauses with a word, and goes on', async () => {
    const socket = await live(ana);
    press('Pause …');
    press('Pause');
    const dialog = all('app-board-header > app-dialog button').at(-1)!;
    dialog.click();
    expect(commands(socket)).toEqual([
      {
        type: 'note',
        kind: 'pause',
        text: 'A short pause: please look up.',
        to: 'all',
        id: 1,
      },
    ]);
    socket.says({ type: 'class', event: 'class', version: 2, class: { paused: true } });
    expect(texts('.banner')[0]).toContain('The class is paused');
    press('Go on');
    expect(commands(socket)[1]).toMatchObject({ kind: 'resume', to: 'all' });
  });

  it('freezes, says since when, and thaws', async () => {
    const socket = await live(ana);
    press('Freeze');
    socket.says({ type: 'class', event: 'class', version: 2, class: { frozen: TEN } });
    expect(texts('.frozen')[0]).toContain('Frozen at');
    press('Thaw');
    expect(commands(socket)).toEqual([
      { type: 'freeze', on: true, id: 1 },
      { type: 'freeze', on: false, id: 2 },
    ]);
  });

  it('deletes only when the title was typed', async () => {
    const socket = await live(ana);
    press('The class …');
    press('Delete …');
    press('Delete everything');
    expect(commands(socket)).toEqual([]);
    const field = all('#typed-title')[0] as HTMLInputElement;
    field.value = 'Channels';
    field.dispatchEvent(new Event('input'));
    press('Delete everything');
    expect(commands(socket)).toEqual([{ type: 'delete', title: 'Channels', id: 1 }]);
    socket.says({ type: 'class', event: 'closed' });
    socket.breaks(4410);
    expect(texts('h1')).toEqual(['This board is closed']);
  });

  it('wants the title again each time that somebody thinks of deleting', async () => {
    const socket = await live(ana);
    press('The class …');
    press('Delete …');
    const field = () => all('#typed-title')[0] as HTMLInputElement;
    field().value = 'Channels';
    field().dispatchEvent(new Event('input'));
    const cancel = all('dialog[open] button').filter(
      (each) => each.textContent?.trim() === 'Cancel',
    );
    cancel.at(-1)!.click();
    press('Delete …');
    expect(field().value).toBe('');
    press('Delete everything');
    expect(commands(socket)).toEqual([]);
  });

  it('gives a second instructor a link of their own', async () => {
    const socket = await live(ana);
    press('The class …');
    press('A second instructor');
    socket.says({ type: 'done', id: 1, key: 'second' });
    await vi.waitFor(() => {
      const fields = all('input[readonly]') as HTMLInputElement[];
      expect(fields.map(({ value }) => value)).toContain(
        `${location.origin}/classroom/board/#key=second`,
      );
    });
  });

  it('asks an instructor without a name for one', async () => {
    board();
    FakeWebSocket.last.opens();
    FakeWebSocket.last.says({ ...classState([]), you: { name: '' } });
    const field = all('#instructor-name')[0] as HTMLInputElement;
    field.value = 'Grace';
    press('Take this name');
    FakeWebSocket.last.opens();
    expect(FakeWebSocket.last.sent).toEqual([{ type: 'open', key: KEY, name: 'Grace' }]);
  });
});
