// What `npm start` passes on to a running board: all that is not the app itself.
const target = process.env.BOARD_URL ?? 'http://127.0.0.1:8080';
const passed = { target };
const socket = { target, ws: true };
// A page of the app has the same address as its WebSocket: only that is passed on.
const pageAndSocket = {
  ...socket,
  bypass: ({ headers }) => (headers.upgrade ? undefined : '/index.html'),
};

export default {
  '/online': socket,
  '/me': passed,
  '/accounts': passed,
  '/admin': passed,
  '/static': passed,
  '/classroom/board': pageAndSocket,
  '/classroom/learner': socket,
  '/classroom/course': passed,
  '/classroom/open': passed,
  '/classroom/export': passed,
};
