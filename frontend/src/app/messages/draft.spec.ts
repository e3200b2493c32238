import { TestBed } from '@angular/core/testing';

import { Draft } from './draft';

const tooLong = { type: 'error', code: 'too_long', detail: 'Too long.' } as const;

describe('Draft', () => {
  beforeEach(() => sessionStorage.clear());
  afterEach(() => vi.restoreAllMocks());

  it('survives leaving the page, as logging in does', () => {
    TestBed.inject(Draft).write('half a sent');
    TestBed.tick();
    TestBed.resetTestingModule();
    expect(TestBed.inject(Draft).text()).toBe('half a sent');
  });

  it('takes a refused text back without losing what was written meanwhile', () => {
    const draft = TestBed.inject(Draft);
    draft.write('new');
    draft.putBack('old', 'bob');
    expect(draft.text()).toBe('old\nnew');
    expect(draft.to()).toBe('bob');
  });

  it('shows a refusal until something is changed about it', () => {
    const draft = TestBed.inject(Draft);
    draft.refuse(tooLong);
    expect(draft.refusal()).toBe(tooLong);
    draft.write('shorter');
    expect(draft.refusal()).toBeNull();
    draft.refuse(tooLong);
    draft.address('bob');
    expect(draft.refusal()).toBeNull();
  });

  it('works where the browser keeps nothing', () => {
    const denied = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(denied);
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(denied);
    const draft = TestBed.inject(Draft);
    draft.write('kept in memory');
    TestBed.tick();
    expect(draft.text()).toBe('kept in memory');
  });
});
