import { fieldOf, reason } from './refusal';

const error = (code: string) => ({ type: 'error', code, detail: 'the server says why' }) as const;

describe('a refusal', () => {
  it.each([
    ['unknown_user', 'to'],
    ['too_long', 'text'],
    ['rate_limited', 'text'],
    ['unavailable', null],
    ['toString', null],
    ['a_code_of_tomorrow', null],
  ])('%s belongs to the field %s', (code, field) => {
    expect(fieldOf(error(code))).toBe(field);
  });

  it('has words for people, or else the words of the server', () => {
    expect(reason(error('unknown_user'))).toBe('this person is not online now.');
    expect(reason(error('bad_event'))).toBe('the server says why');
  });
});
