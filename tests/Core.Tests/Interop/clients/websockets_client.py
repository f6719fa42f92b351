"""Talks to an echo server and says what came of it, line by line."""

import asyncio
import sys

import websockets


async def main():
    async with websockets.connect(sys.argv[1], subprotocols=["v1", "v2"]) as socket:
        print(f"protocol {socket.subprotocol}")
        await socket.send("\u00e9\U0001d11e")
        print(f"text {await socket.recv()}")
        await socket.send(bytes(100000))
        print(f"binary {len(await socket.recv())}")
        await (await socket.ping())
        print("pong")
        await socket.close(4000, "bye")
    print(f"closed {socket.close_code}")


sys.stdout.reconfigure(encoding="utf-8")
asyncio.run(main())
