import { AppComponent } from './app.component';
import { LandingComponent } from './classroom/landing/landing.component';
import { BoardComponent } from './classroom/shell/board.component';
import { pageAt } from './pages';

describe('the page at an address', () => {
  it.each([
    ['http://localhost:8080/', 'http://localhost:8080/', AppComponent],
    ['http://localhost:8080/classroom/#K7PM2QXR', 'http://localhost:8080/', LandingComponent],
    ['http://localhost:8080/classroom/board/', 'http://localhost:8080/', BoardComponent],
    ['http://hub/user/a/proxy/8080/', 'http://hub/user/a/proxy/8080/', AppComponent],
    ['http://hub/proxy/8080/classroom/board/?x#key=k', 'http://hub/proxy/8080/', BoardComponent],
    ['http://localhost:8080/toString', 'http://localhost:8080/', AppComponent],
  ])('%s', async (address, base, page) => {
    expect(await pageAt(address, base)).toBe(page);
  });
});
