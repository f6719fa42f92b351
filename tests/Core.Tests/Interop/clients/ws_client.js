// Talks to an echo server and says what came of it, line by line.
'use strict';

const WebSocket = require('ws');

const socket = new WebSocket(process.argv[2], ['v1', 'v2']);
socket.on('open', () => {
  console.log(`protocol ${socket.protocol}`);
  socket.send('\u00e9\u{1d11e}');
});
socket.on('message', (data, isBinary) => {
  if (isBinary) {
    console.log(`binary ${data.length}`);
    socket.ping('p');
  } else {
    console.log(`text ${data}`);
    socket.send(Buffer.alloc(100000, 7));
  }
});
socket.on('pong', () => {
  console.log('pong');
  socket.close(4000, 'bye');
});
socket.on('close', (code) => console.log(`closed ${code}`));
