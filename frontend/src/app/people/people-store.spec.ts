import { TestBed } from '@angular/core/testing';

import { STATE } from '../../testing/fake-web-socket';
import { PeopleStore } from './people-store';

describe('PeopleStore', () => {
  it('knows nobody, not even you, before the state', () => {
    const store = TestBed.inject(PeopleStore);
    expect(store.you()).toBeNull();
    expect(store.list()).toEqual([]);
  });

  it('follows the state and the changes, and remembers the last one', () => {
    const store = TestBed.inject(PeopleStore);
    store.apply(STATE);
    expect(store.you()).toBe('ana');
    expect(store.lastChange()).toBeNull();
    store.apply({ type: 'online', event: 'joined', user: 'cem' });
    store.apply({ type: 'online', event: 'left', user: 'bob' });
    expect(store.names()).toEqual(['ana', 'cem']);
    expect(store.lastChange()).toMatchObject({ name: 'bob', came: false });
  });

  it('takes a new name from a new state: a guest may come back as another', () => {
    const store = TestBed.inject(PeopleStore);
    store.apply(STATE);
    store.apply({ ...STATE, you: { user: 'bob', sid: '2' } });
    expect(store.list().map(({ name, you }) => [name, you])).toEqual([
      ['bob', true],
      ['ana', false],
    ]);
  });
});
