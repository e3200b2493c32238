import { isRecord } from '../../wire/server-event';
import { ServerEvent } from './class-event';

type Frame = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

/** Whether a parsed frame is an event that the board understands, down to its last field. */
export function isClassroomEvent(value: unknown): value is ServerEvent {
  if (!isRecord(value)) return false;
  switch (value['type']) {
    case 'class':
      return value['event'] === 'closed' || (isWhole(value['version']) && isPicture(value));
    case 'done':
      return isWhole(value['id']) && isMaybe(isText)(value['key']);
    case 'error':
      return isText(value['code']) && isText(value['detail']) && isMaybe(isWhole)(value['id']);
    case 'pong':
      return isWhole(value['id']);
    default:
      return false;
  }
}

function isPicture(frame: Frame): boolean {
  switch (frame['event']) {
    case 'state':
      return (
        hasAll(INFO)(frame['class']) &&
        hasAll({ name: isText })(frame['you']) &&
        isListOf(isInstructor)(frame['instructors']) &&
        isListOf(hasAll(LEARNER))(frame['learners']) &&
        isListOf(isNote)(frame['notes']) &&
        isListOf(isShownCell)(frame['shown'])
      );
    case 'changed':
      return hasSome(LEARNER)(frame['learner']) && isWhole((frame['learner'] as Frame)['id']);
    case 'removed':
      return isWhole(frame['learner']);
    case 'class':
      return hasSome({ ...INFO, instructors: isListOf(isInstructor) })(frame['class']);
    case 'noted':
      return isNote(frame['note']);
    case 'shown':
      return isShownCell(frame['shown']);
    default:
      return false;
  }
}

const isText: Test = (value) => typeof value === 'string';
const isFlag: Test = (value) => typeof value === 'boolean';
const isWhole: Test = (value) => Number.isInteger(value);
/** A moment that can be read: a clock that shows "NaN" helps nobody. */
const isMoment: Test = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));

const isMaybe =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);
const isOrNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
const isListOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const isRecordOf =
  (test: Test): Test =>
  (value) =>
    isRecord(value) && Object.values(value).every(test);
/** Whether each of these fields is there and passes its test. */
const hasAll =
  (tests: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isRecord(value) && Object.entries(tests).every(([name, test]) => test(value[name]));
/** Whether each of these fields passes its test if it is there. */
const hasSome =
  (tests: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isRecord(value) && Object.entries(tests).every(([name, test]) => isMaybe(test)(value[name]));

const INFO = {
  code: isText,
  title: isText,
  opened_at: isMoment,
  frozen: isOrNull(isMoment),
  paused: isFlag,
};

const isAttempt = hasAll({
  tries: isWhole,
  hints: isWhole,
  begun: isOrNull(isMoment),
  solved: isOrNull(isMoment),
});

const LEARNER = {
  id: isWhole,
  name: isText,
  here: isFlag,
  joined_at: isMoment,
  step: isOrNull(isText),
  step_since: isOrNull(isMoment),
  stuck: isOrNull(hasAll({ since: isMoment, text: isText })),
  idle_since: isOrNull(isMoment),
  steps: isRecordOf(isMoment),
  exercises: isRecordOf(isAttempt),
};

const isInstructor = hasAll({ name: isText, here: isFlag });

const isReceivers: Test = (value) =>
  value === 'all' ||
  (isRecord(value) &&
    (isText(value['step']) || isText(value['lesson']) || isWhole(value['learner'])));

const KINDS: readonly unknown[] = ['hint', 'pause', 'resume', 'reply'];

const isNote = hasAll({
  number: isWhole,
  kind: (value) => KINDS.includes(value),
  text: isText,
  at: isMoment,
  to: isReceivers,
  by: isMaybe(isText),
});

const isShownCell = hasAll({
  learner: isWhole,
  step: isOrNull(isText),
  source: isText,
  output: isText,
  at: isMoment,
});
