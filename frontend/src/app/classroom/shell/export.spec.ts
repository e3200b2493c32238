import { TestBed } from '@angular/core/testing';

import { KeyRing } from '../keys/key-ring';
import { Export } from './export';

describe('Export', () => {
  const answer = vi.fn<typeof fetch>();
  let saved: HTMLAnchorElement[];

  beforeEach(() => {
    saved = [];
    vi.stubGlobal('fetch', answer);
    Object.assign(URL, { createObjectURL: () => 'blob:file', revokeObjectURL: vi.fn() });
    vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      saved.push(this);
    });
    TestBed.inject(KeyRing).use('secret');
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    sessionStorage.clear();
  });

  it('fetches with the key in a header and saves under the name that the server gives', async () => {
    const headers = { 'Content-Disposition': 'attachment; filename="class.csv"' };
    answer.mockResolvedValue(new Response('a,b', { headers }));
    await TestBed.inject(Export).save('csv');
    const [address, request] = answer.mock.calls[0]!;
    expect(address).toBe(`${location.origin}/classroom/export.csv`);
    expect(new Headers(request?.headers).get('Authorization')).toBe('Bearer secret');
    expect(saved.map(({ href, download }) => [href, download])).toEqual([
      ['blob:file', 'class.csv'],
    ]);
  });

  it('saves nothing that is an error, and says why', async () => {
    answer.mockResolvedValue(Response.json({ detail: 'No class.' }, { status: 404 }));
    await expect(TestBed.inject(Export).save('json')).rejects.toThrow('No class.');
    answer.mockRejectedValue(new TypeError('Failed to fetch'));
    await expect(TestBed.inject(Export).save('json')).rejects.toThrow('does not answer');
    expect(saved).toEqual([]);
  });
});
