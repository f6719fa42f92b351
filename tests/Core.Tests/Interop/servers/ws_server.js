// A server on the npm package ws for the interop tests: the same paths as websockets_server.py.
// Prints its ports as a line of JSON, serves until standard input ends.
'use strict';

const { WebSocketServer } = require('ws');

function echo(socket) {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
}

function handle(socket, request) {
  const path = request.url;
  socket.on('error', () => {});
  if (path.startsWith('/close/')) {
    const [, , code, reason] = path.split('/');
    socket.close(Number(code), decodeURIComponent(reason));
  } else if (path === '/fragments') {
    socket.send('one ', { fin: false });
    socket.send('two ', { fin: false });
    socket.send('drei: ü', { fin: true });
    echo(socket);
  } else if (path === '/ping') {
    socket.on('pong', (data) => socket.send(data.toString() === 'from node' ? 'pong came' : `wrong pong ${data}`));
    socket.ping('from node');
    echo(socket);
  } else {
    echo(socket);
  }
}

function start(deflate) {
  return new Promise((resolve) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: deflate, maxPayload: 0 });
    server.on('connection', handle);
    server.on('listening', () => resolve(server));
  });
}

async function main() {
  const takeover = await start({ threshold: 0 });
  const noTakeover = await start({ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true });
  console.log(JSON.stringify({ port: takeover.address().port, noTakeoverPort: noTakeover.address().port }));
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

main();
