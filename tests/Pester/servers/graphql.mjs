// A GraphQL server on the graphql-ws package, at /graphql: prints its port, ends with its standard input.
// PORT names the port. The subscription count(to) gives the numbers from 1 on, and run, which tells the servers apart.

import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';

// MODULES_FROM names the folder whose node_modules has the packages, which need not be above this file.
const require = createRequire(process.env.MODULES_FROM ?? import.meta.url);
const { WebSocketServer } = require('ws');
const { buildSchema } = require('graphql');
const { useServer } = require('graphql-ws/use/ws');

const run = randomUUID();
const schema = buildSchema(`
  type Count { number: Int, run: String }
  type Query { hello: String }
  type Subscription { count(to: Int!): Count }
`);

async function* count({ to }) {
  for (let number = 1; number <= to; number++) {
    yield { count: { number, run } };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 0), path: '/graphql' });
useServer({ schema, roots: { query: { hello: 'world' }, subscription: { count } } }, server);
server.on('listening', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
