import { TestBed } from '@angular/core/testing';

import {
  FakeWebSocket,
  STATE,
  useFakeWebSocket,
  useRealWebSocket,
} from '../testing/fake-web-socket';
import { AppComponent } from './app.component';

describe('AppComponent', () => {
  let page: HTMLElement;

  beforeEach(() => {
    useFakeWebSocket();
    vi.stubGlobal('fetch', vi.fn().mockResolvedValue(Response.json({ user: 'ana', guest: false })));
    page = TestBed.createComponent(AppComponent).nativeElement as HTMLElement;
    document.body.append(page);
  });
  afterEach(() => {
    page.remove();
    TestBed.resetTestingModule();
    useRealWebSocket();
  });

  const text = (selector: string) => {
    TestBed.tick();
    return page.querySelector(selector)?.textContent?.replace(/\s+/g, ' ').trim();
  };
  const people = () => {
    TestBed.tick();
    return [...page.querySelectorAll('.person .name')].map((name) => name.textContent);
  };
  const type = (words: string) => {
    const field = page.querySelector('textarea')!;
    field.value = words;
    field.dispatchEvent(new Event('input'));
  };
  const press = (key: KeyboardEventInit) =>
    page
      .querySelector('textarea')!
      .dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, ...key }));

  it('says that it is connecting, then as whom it is connected', () => {
    expect(text('[role=status]')).toBe('Connecting …');
    FakeWebSocket.last.says(STATE);
    expect(text('[role=status]')).toBe('Connected as ana');
  });

  it('shows who comes and who goes', () => {
    FakeWebSocket.last.says(STATE);
    FakeWebSocket.last.says({ type: 'online', event: 'joined', user: 'cem' });
    expect(people()).toEqual(['ana', 'bob', 'cem']);
    FakeWebSocket.last.says({ type: 'online', event: 'left', user: 'bob' });
    expect(people()).toEqual(['ana', 'cem']);
    expect(text('.change')).toContain('bob left');
  });

  it('says that something was missed', () => {
    FakeWebSocket.last.says(STATE);
    const history = { epoch: 'h3Kx', last: 9 };
    FakeWebSocket.last.says({ type: 'missed', detail: 'Some are gone.', history });
    expect(text('[role=log] .note')).toContain('Some are gone.');
  });

  it('shows names and texts as text, whatever is in them', () => {
    const evil = '<img src=x onerror=alert(1)>';
    FakeWebSocket.last.says({ ...STATE, users: [{ user: evil, tabs: 1 }] });
    FakeWebSocket.last.says({ type: 'message', from: evil, text: evil, to: evil });
    expect(people()).toEqual([evil]);
    expect(text('[role=log] .text')).toBe(evil);
    expect(page.querySelector('img')).toBeNull();
  });

  it('sends with Enter, and breaks the line with Shift + Enter', () => {
    FakeWebSocket.last.says(STATE);
    type('hello');
    press({ shiftKey: true });
    expect(FakeWebSocket.last.messages).toEqual([]);
    press({});
    expect(FakeWebSocket.last.messages).toEqual([{ type: 'message', text: 'hello' }]);
    TestBed.tick();
    expect(page.querySelector('textarea')!.value).toBe('');
  });

  it('leaves Enter to an input method that is composing a word', () => {
    FakeWebSocket.last.says(STATE);
    type('にほん');
    press({ isComposing: true });
    expect(FakeWebSocket.last.messages).toEqual([]);
  });

  it('keeps the one who is written to chosen after they left', () => {
    FakeWebSocket.last.says(STATE);
    TestBed.tick();
    const button = page.querySelector<HTMLButtonElement>('.write')!;
    expect(button.textContent).toContain('Write to bob');
    button.click();
    FakeWebSocket.last.says({ type: 'online', event: 'left', user: 'bob' });
    TestBed.tick();
    const select = page.querySelector('select')!;
    expect([select.value, select.selectedOptions[0]?.textContent]).toEqual([
      'bob',
      'bob (offline)',
    ]);
    type('are you there');
    press({});
    expect(FakeWebSocket.last.messages).toEqual([
      { type: 'message', text: 'are you there', to: 'bob' },
    ]);
  });

  it('sends nothing that is empty or too long', () => {
    FakeWebSocket.last.says(STATE);
    type('  ');
    press({});
    type('🙂'.repeat(2001));
    press({});
    expect(FakeWebSocket.last.messages).toEqual([]);
    expect(text('#text-help')).toBe('A message has at most 2000 characters: 1 too many.');
  });

  it('keeps the list as last known while the connection is lost', () => {
    FakeWebSocket.last.says(STATE);
    FakeWebSocket.last.breaks();
    expect(text('[role=status]')).toBe('Connection lost. Trying again …');
    expect(people()).toEqual(['ana', 'bob']);
    expect(text('.change')).toContain('Last known');
  });

  it('logs out with the token from the cookie', async () => {
    document.cookie = 'csrftoken=secret';
    await vi.waitFor(() => expect(text('app-account-menu')).toContain('Logged in as ana'));
    const form = page.querySelector('form[method=post]') as HTMLFormElement;
    form.addEventListener('submit', (event) => event.preventDefault());
    form.dispatchEvent(new Event('submit', { cancelable: true }));
    expect(new FormData(form).get('csrfmiddlewaretoken')).toBe('secret');
    expect(form.action).toBe(`${location.origin}/accounts/logout/`);
  });
});
