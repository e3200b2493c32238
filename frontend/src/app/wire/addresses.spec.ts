import { pageAddress, socketAddress } from './addresses';

describe('addresses', () => {
  it.each([
    ['http://localhost:8080/', 'ws://localhost:8080/online/'],
    ['https://board.example/', 'wss://board.example/online/'],
    ['http://localhost:8888/proxy/8080/', 'ws://localhost:8888/proxy/8080/online/'],
    [
      'https://hub.example/user/ana/proxy/8080/?x=1#y',
      'wss://hub.example/user/ana/proxy/8080/online/',
    ],
  ])('of a page at %s lead to %s', (base, socket) => {
    expect(socketAddress(base)).toBe(socket);
  });

  it('stay behind the prefix', () => {
    const base = 'http://localhost:8888/proxy/8080/';
    expect(pageAddress(base, 'me/')).toBe('http://localhost:8888/proxy/8080/me/');
    expect(socketAddress(base, 'classroom/board/')).toBe(
      'ws://localhost:8888/proxy/8080/classroom/board/',
    );
  });
});
