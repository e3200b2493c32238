import { TestBed } from '@angular/core/testing';

import { joinCell, shownCode } from './code';
import { LandingComponent } from './landing.component';
import { ClassOpener } from './open-class';

describe('a code', () => {
  it.each([
    ['K7PM-2QXR', 'K7PM-2QXR'],
    [' k7pm 2qxr ', 'K7PM-2QXR'],
    ['K7PM2QX', null],
    ['K7PM2QXR9', null],
    ['K7PM-2QX0', null],
    ['K7PM-2QXI', null],
    ['', null],
  ])('typed as %j is shown as %j', (typed, shown) => {
    expect(shownCode(typed)).toBe(shown);
  });
});

describe('the cell that joins', () => {
  it('has a name in it as text, whatever is in the name', () => {
    expect(joinCell('K7PM-2QXR', 'a"\\\n', 'http://192.168.1.20:8080')).toBe(
      'from channels_lab import classroom\n\n' +
        'await classroom.join("K7PM-2QXR", name="a\\"\\\\\\n", at="http://192.168.1.20:8080")',
    );
  });
});

describe('LandingComponent', () => {
  let page: HTMLElement;
  const answer = vi.fn<typeof fetch>();

  beforeEach(() => {
    localStorage.clear();
    vi.stubGlobal('fetch', answer);
    history.replaceState(null, '', '/#K7PM2QXR');
    page = TestBed.createComponent(LandingComponent).nativeElement as HTMLElement;
    document.body.append(page);
    TestBed.tick();
  });
  afterEach(() => {
    page.remove();
    TestBed.resetTestingModule();
    history.replaceState(null, '', '/');
    answer.mockReset();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  const field = (id: string) => page.querySelector<HTMLInputElement>(`#${id}`)!;
  const type = (id: string, text: string) => {
    field(id).value = text;
    field(id).dispatchEvent(new Event('input'));
    TestBed.tick();
  };
  const open = () => {
    type('title', 'Channels');
    type('by', 'Ada');
    page.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));
  };

  it('has the code of the link in the cell, and the name as it is typed', () => {
    expect(field('code').value).toBe('K7PM-2QXR');
    type('name', 'bob');
    expect(field('cell').value).toContain(`join("K7PM-2QXR", name="bob", at="${location.origin}")`);
  });

  it('says what is wrong with a code', () => {
    type('code', 'K7PM-OOOO');
    expect(page.querySelector('#code-help')?.textContent).toContain('never 0, 1, I, L or O');
    expect(field('code').getAttribute('aria-invalid')).toBe('true');
  });

  it('opens a class and keeps its key', async () => {
    document.cookie = 'csrftoken=secret';
    answer.mockResolvedValue(
      Response.json({ code: 'K7PM-2QXR', key: 'k', title: 'Channels' }, { status: 201 }),
    );
    const opened = await TestBed.inject(ClassOpener).open('Channels', 'Ada');
    expect(opened).toEqual({ code: 'K7PM-2QXR', key: 'k', title: 'Channels' });
    const [address, request] = answer.mock.calls.at(-1)!;
    expect(address).toBe(`${location.origin}/classroom/open/`);
    expect(request?.body).toBe('{"title":"Channels","name":"Ada"}');
    expect(new Headers(request?.headers).get('X-CSRFToken')).toBe('secret');
  });

  it.each([
    [403, { detail: 'Ask for it.' }, 'A class cannot be opened from here. Ask for it.'],
    [400, { detail: 'expected a title' }, 'expected a title'],
    [201, { code: 'K7PM-2QXR' }, 'The server did not answer with a class.'],
  ])('says why a class was not opened: %i', async (status, body, sentence) => {
    answer.mockImplementation(async () => Response.json(body, { status }));
    open();
    await vi.waitFor(() => {
      TestBed.tick();
      expect(page.querySelector('[role=status]')?.textContent).toBe(sentence);
    });
    expect(localStorage.length).toBe(0);
  });

  it('says so when the answer is a page, or none at all', async () => {
    answer.mockResolvedValue(new Response('<h1>Forbidden</h1>', { status: 403 }));
    await expect(TestBed.inject(ClassOpener).open('a', 'b')).rejects.toThrow('status 403');
    answer.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(TestBed.inject(ClassOpener).open('a', 'b')).rejects.toThrow('does not answer');
  });
});
