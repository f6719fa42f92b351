// npm ws, driven by the Alternatives benchmarks: node ws.mjs MODULES receive|send|latency BASE COUNT SIZE
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import path from 'node:path';

const [modules, mode, base, countText, sizeText] = process.argv.slice(2);
const WebSocket = createRequire(path.join(modules, 'package.json'))('ws');
const total = Number(countText);
const size = Number(sizeText);
const payload = Buffer.alloc(size, 'x');
// A write buffer of this size is full; the same limit as the library's.
const highWater = 1024 * 1024;

function connect(target) {
    return new WebSocket(new URL(target, base), { perMessageDeflate: false });
}

function opened(socket) {
    return new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
    });
}

function closed(socket) {
    return new Promise((resolve) => {
        socket.once('close', resolve);
        socket.close();
    });
}

async function receive(count) {
    const started = performance.now();
    const socket = connect(`flood?count=${count}&size=${size}&type=binary`);
    await new Promise((resolve, reject) => {
        let received = 0;
        socket.on('message', () => {
            if (++received === count) {
                resolve();
            }
        });
        socket.once('error', reject);
        socket.once('close', () => reject(new Error(`closed after ${received} of ${count} messages`)));
    });
    const seconds = (performance.now() - started) / 1000;
    await closed(socket);
    return { seconds };
}

async function send(count) {
    const socket = connect('sink');
    await opened(socket);
    const started = performance.now();
    for (let sent = 0; sent < count; sent++) {
        if (socket.bufferedAmount < highWater) {
            socket.send(payload);
        } else {
            await new Promise((resolve, reject) => socket.send(payload, (error) => (error ? reject(error) : resolve())));
        }
    }
    const answer = await new Promise((resolve) => {
        socket.once('message', resolve);
        socket.send('count');
    });
    const seconds = (performance.now() - started) / 1000;
    await closed(socket);
    const { messages } = JSON.parse(answer.toString());
    if (messages !== count) {
        throw new Error(`the server counted ${messages} of ${count} messages`);
    }
    return { seconds };
}

async function latency(count) {
    const socket = connect('echo');
    await opened(socket);
    const times = new Float64Array(count);
    await new Promise((resolve, reject) => {
        let index = 0;
        let started = 0;
        const next = () => {
            started = performance.now();
            socket.send(payload);
        };
        socket.on('message', () => {
            times[index++] = (performance.now() - started) * 1000;
            if (index === count) {
                resolve();
            } else {
                next();
            }
        });
        socket.once('error', reject);
        next();
    });
    await closed(socket);
    times.sort();
    return { median: times[Math.floor(count * 0.5)], p99: times[Math.floor(count * 0.99)] };
}

const measure = { receive, send, latency }[mode];
await measure(Math.max(1, Math.floor(total / 4)));
console.log(JSON.stringify(await measure(total)));
