import { TestBed } from '@angular/core/testing';

import { TEN, classState, learner, serveCourse } from '../../../testing/classroom';
import {
  FakeWebSocket,
  useFakeWebSocket,
  useRealWebSocket,
} from '../../../testing/fake-web-socket';
import { CourseStore } from '../course/course-store';
import { Announcer } from '../../speech/announcer';
import { Projector } from '../shell/projector';
import { BoardSocket } from './board-socket';
import { ClassStore } from './class-store';
import { Commands, NotDone } from './commands';
import { Session } from './session';

const KEY = 'k'.repeat(32);
const removed = (version: number, id = 7) => ({
  type: 'class',
  event: 'removed',
  version,
  learner: id,
});

/** The board's conversation as a whole, down to the (fake) socket. */
describe('Session', () => {
  let session: Session;
  let store: ClassStore;

  beforeEach(() => {
    useFakeWebSocket();
    serveCourse();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    session = TestBed.inject(Session);
    store = TestBed.inject(ClassStore);
    session.open(KEY);
  });
  afterEach(() => {
    TestBed.resetTestingModule();
    useRealWebSocket();
  });

  function open(): FakeWebSocket {
    FakeWebSocket.last.opens();
    FakeWebSocket.last.says(classState([learner(7, 'ana'), learner(8, 'bob')], 41));
    return FakeWebSocket.last;
  }
  const state = () => TestBed.inject(BoardSocket).state();
  const commands = () => TestBed.inject(Commands);

  it('says its key in the first frame, and never in the address', () => {
    const socket = FakeWebSocket.last;
    expect(socket.url).toBe(`ws://${location.host}/classroom/board/`);
    expect(socket.sent).toEqual([]);
    socket.opens();
    expect(socket.sent).toEqual([{ type: 'open', key: KEY }]);
  });

  it('is open with the state: an error before it is no welcome', () => {
    FakeWebSocket.last.opens();
    FakeWebSocket.last.says({ type: 'error', code: 'unavailable', detail: 'Soon.' });
    expect(state()).toBe('connecting');
    expect(session.outcome()).toEqual({ text: 'Soon.', bad: true });
    open();
    expect(state()).toBe('open');
    expect(session.outcome()).toBeNull();
    expect(store.learners().map(({ name }) => name)).toEqual(['ana', 'bob']);
  });

  it('follows the changes, and drops what it had already', () => {
    const socket = open();
    vi.advanceTimersByTime(200);
    socket.says(removed(41));
    expect(store.learners()).toHaveLength(2);
    socket.says(removed(42));
    expect(store.learners()).toHaveLength(1);
    expect(store.picture()?.version).toBe(42);
  });

  it('shows the first change at once, and those right after it together', () => {
    const socket = open();
    vi.advanceTimersByTime(200);
    for (const version of [42, 43, 44]) socket.says(removed(version, version));
    expect(store.picture()?.version).toBe(42);
    vi.advanceTimersByTime(199);
    expect(store.picture()?.version).toBe(42);
    vi.advanceTimersByTime(1);
    expect(store.picture()?.version).toBe(44);
    socket.says(classState([], 50));
    expect(store.picture()?.version).toBe(50);
  });

  it('opens another connection where a change is missing, and takes its state', () => {
    const socket = open();
    socket.says(removed(43));
    expect(store.learners()).toHaveLength(2);
    expect([socket.closed, state()]).toEqual([true, 'retrying']);
    vi.advanceTimersByTime(500);
    FakeWebSocket.last.opens();
    FakeWebSocket.last.says(classState([learner(8, 'bob')], 43));
    expect(store.learners().map(({ name }) => name)).toEqual(['bob']);
  });

  it('keeps what it knows while the connection is lost, and says since when', () => {
    open().breaks();
    expect(state()).toBe('retrying');
    expect(store.learners()).toHaveLength(2);
    expect(session.lostAt()).toEqual(new Date());
    vi.advanceTimersByTime(500);
    open();
    expect(session.lostAt()).toBeNull();
  });

  it.each([4404, 4410])('does not come back after %i', (code) => {
    open().breaks(code);
    vi.advanceTimersByTime(60_000);
    expect([state(), FakeWebSocket.opened.length]).toEqual(['closed', 1]);
    expect(TestBed.inject(BoardSocket).closeCode()).toBe(code);
  });

  it('waits longer each time that it is turned away for wrong guesses', () => {
    for (const wait of [500, 1000, 2000]) {
      FakeWebSocket.last.opens();
      FakeWebSocket.last.breaks(4429);
      const before = FakeWebSocket.opened.length;
      vi.advanceTimersByTime(wait - 1);
      expect(FakeWebSocket.opened).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(FakeWebSocket.opened).toHaveLength(before + 1);
    }
  });

  it('asks for the plan of the course again with each state, until it has it', async () => {
    const plan = TestBed.inject(CourseStore);
    const answer = vi.mocked(fetch);
    answer.mockRejectedValueOnce(new Error('gone'));
    TestBed.tick();
    await vi.waitFor(() => expect(plan.missing()).toBe(true));
    open();
    await vi.waitFor(() => expect(plan.course().lessons).toHaveLength(2));
    expect(plan.missing()).toBe(false);
  });

  describe('a command', () => {
    const FREEZE = { type: 'freeze', on: true } as const;

    it('goes out with a number, and is done when its answer has come', async () => {
      const socket = open();
      const [first, second] = [commands().send(FREEZE), commands().send({ type: 'hand_over' })];
      const sent = socket.sent.filter((frame) => (frame as { type: string }).type !== 'ping');
      expect(sent).toEqual([
        { type: 'open', key: KEY },
        { ...FREEZE, id: 1 },
        { type: 'hand_over', id: 2 },
      ]);
      socket.says({ type: 'done', id: 2, key: 'second' });
      socket.says({ type: 'done', id: 1 });
      expect((await second).key).toBe('second');
      expect(await first).toEqual({ type: 'done', id: 1 });
    });

    it('is not sent while there is no connection', async () => {
      await expect(commands().send(FREEZE)).rejects.toThrow('Not sent');
      open();
      expect(FakeWebSocket.last.sent).not.toContainEqual({ ...FREEZE, id: 1 });
    });

    it('is refused with the reason', async () => {
      const socket = open();
      const answer = session.carryOut(commands().send(FREEZE));
      socket.says({ type: 'error', code: 'not_allowed', detail: 'expected two', id: 1 });
      expect(await answer).toBe(false);
      expect(session.outcome()).toEqual({ text: 'Not done: expected two', bad: true });
    });

    it('is in doubt when the connection breaks, or no answer comes, and is never sent again', async () => {
      const broken = commands().send(FREEZE);
      await expect(broken).rejects.toBeInstanceOf(NotDone);
      const socket = open();
      const out = commands().send(FREEZE);
      socket.breaks();
      await expect(out).rejects.toThrow('Perhaps not done');
      vi.advanceTimersByTime(500);
      const again = open();
      expect(again.sent).not.toContainEqual(expect.objectContaining(FREEZE));
      const slow = commands().send(FREEZE);
      again.says({ type: 'pong', id: 2 });
      vi.advanceTimersByTime(10_000);
      await expect(slow).rejects.toThrow('Perhaps not done');
    });
  });

  describe('a raised hand', () => {
    const up = (version: number) => ({
      type: 'class',
      event: 'changed',
      version,
      learner: { id: 7, stuck: { since: TEN, text: 'why?' } },
    });

    it('is said aloud once', () => {
      const say = vi.spyOn(TestBed.inject(Announcer), 'say');
      const socket = open();
      socket.says(up(42));
      socket.says(up(43));
      expect(say.mock.calls).toEqual([['ana raised a hand. why?']]);
    });

    it('is said without a name in front of a room', () => {
      TestBed.inject(Projector).show(true);
      const say = vi.spyOn(TestBed.inject(Announcer), 'say');
      open().says(up(42));
      expect(say.mock.calls).toEqual([['A hand is up']]);
      TestBed.inject(Projector).show(false);
    });
  });
});
