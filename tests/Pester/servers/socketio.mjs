// A Socket.IO server: prints its port, ends with its standard input.
// The event "add" acknowledges with the sum of its numbers, behind an event "working"; "pong" as soon as the client has answered a ping.
// A client connects to its namespace a moment after it asked to, and not at all with ?token=wrong.

import { createRequire } from 'node:module';

// MODULES_FROM names the folder whose node_modules has the packages, which need not be above this file.
const require = createRequire(process.env.MODULES_FROM ?? import.meta.url);
const { createServer } = require('node:http');
const { Server } = require('socket.io');

const http = createServer();
const io = new Server(http, { pingInterval: 200, pingTimeout: 60000 });
io.use((socket, next) => setTimeout(() => next(socket.handshake.query.token === 'wrong' ? new Error('not welcome') : undefined), 20));
io.on('connection', (socket) => {
  socket.on('add', (...rest) => {
    const answer = rest.pop();
    socket.emit('working', 'add');
    answer(rest.reduce((sum, number) => sum + number, 0));
  });
  socket.on('pong', (answer) => {
    const look = (packet) => {
      if (packet.type === 'pong') {
        socket.conn.off('packet', look);
        answer({ pong: true });
      }
    };
    socket.conn.on('packet', look);
  });
});

http.listen(0, '127.0.0.1', () => console.log(http.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
