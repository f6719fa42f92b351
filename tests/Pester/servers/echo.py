"""An echo server on the websockets library: prints its port, ends with its standard input.

Offers the subprotocol "v2". The text "close CODE REASON" makes it close; everything else comes back as it is.
"""

import asyncio
import sys

import websockets


async def talk(socket, path=None):
    try:
        async for message in socket:
            if isinstance(message, str) and message.startswith("close "):
                _, code, reason = message.split(" ", 2)
                await socket.close(int(code), reason)
                return
            await socket.send(message)
    except websockets.ConnectionClosedError:
        # So the library calls every close but 1000 and 1001.
        pass


async def main():
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)
    async with websockets.serve(talk, "127.0.0.1", 0, subprotocols=["v2"], max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await ended


asyncio.run(main())
