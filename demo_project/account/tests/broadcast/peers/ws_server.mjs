// A server on Node's ws: what /publish says goes to all others, by the loop of ws' own README
// (https://github.com/websockets/ws#server-broadcast). Its argument is the folder of node_modules.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const { WebSocket, WebSocketServer } = createRequire(`${resolve(process.argv[2])}/`)('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('listening', () => {
  console.log(`Listening on TCP address 127.0.0.1:${server.address().port}`);
});
server.on('connection', (socket, request) => {
  socket.on('error', console.error);
  if (request.url !== '/publish') return;
  socket.on('message', (data, isBinary) => {
    server.clients.forEach((client) => {
      if (client !== socket && client.readyState === WebSocket.OPEN) {
        client.send(data, { binary: isBinary });
      }
    });
  });
});
