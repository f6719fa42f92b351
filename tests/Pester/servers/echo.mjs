// An echo server on the ws package: prints its port, ends with its standard input.
// Offers the subprotocol "v2" and compression. The text "close CODE REASON" makes it close; everything else comes back as it is.

import { createRequire } from 'node:module';

// WS_FROM names the folder whose node_modules has ws, which need not be above this file.
const require = createRequire(process.env.WS_FROM ?? import.meta.url);
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: true,
  maxPayload: 0,
  handleProtocols: (offered) => (offered.has('v2') ? 'v2' : false),
});

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? '' : data.toString();
    if (text.startsWith('close ')) {
      const [, code, ...reason] = text.split(' ');
      socket.close(Number(code), reason.join(' '));
      return;
    }
    socket.send(data, { binary: isBinary });
  });
});

server.on('listening', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
