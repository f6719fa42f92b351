"""Python websockets, driven by the Alternatives benchmarks: websockets_client.py receive|send|latency BASE COUNT SIZE"""

import asyncio
import json
import sys
import time

import websockets


def connect(base: str, target: str):
    return websockets.connect(base + target, compression=None, max_size=None, ping_interval=None)


async def receive(base: str, count: int, size: int) -> dict[str, float]:
    started = time.perf_counter()
    async with connect(base, f"flood?count={count}&size={size}&type=binary") as socket:
        for _ in range(count):
            await socket.recv()
        return {"seconds": time.perf_counter() - started}


async def send(base: str, count: int, size: int) -> dict[str, float]:
    payload = b"x" * size
    async with connect(base, "sink") as socket:
        started = time.perf_counter()
        for _ in range(count):
            await socket.send(payload)
        await socket.send("count")
        answer = json.loads(await socket.recv())
        seconds = time.perf_counter() - started
    if answer["messages"] != count:
        raise RuntimeError(f"the server counted {answer['messages']} of {count} messages")
    return {"seconds": seconds}


async def latency(base: str, count: int, size: int) -> dict[str, float]:
    payload = b"x" * size
    times = []
    async with connect(base, "echo") as socket:
        for _ in range(count):
            started = time.perf_counter()
            await socket.send(payload)
            await socket.recv()
            times.append((time.perf_counter() - started) * 1e6)
    times.sort()
    return {"median": times[int(count * 0.5)], "p99": times[int(count * 0.99)]}


async def main() -> None:
    mode, base, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    measure = {"receive": receive, "send": send, "latency": latency}[mode]
    await measure(base, max(1, count // 4), size)
    print(json.dumps(await measure(base, count, size)))


asyncio.run(main())
