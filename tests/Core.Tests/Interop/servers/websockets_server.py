"""A server on Python's websockets library for the interop tests.

Prints its ports (the second one forbids context takeover) as a line of JSON, serves until standard input ends. Paths:
  /echo                      sends back what comes, of the same type
  /fragments                 one text message in three fragments, then echoes
  /close/CODE/REASON         closes at once
  /ping                      pings and reports the answered payload, then echoes
"""

import asyncio
import json
import logging
import sys
from urllib.parse import unquote

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

try:
    from websockets.asyncio.server import serve
except ImportError:
    from websockets.server import serve

def path_of(connection):
    request = getattr(connection, "request", None)
    return request.path if request is not None else connection.path


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def handle(connection, *_):
    path = path_of(connection)
    if path.startswith("/close/"):
        _, _, code, reason = path.split("/", 3)
        await connection.close(int(code), unquote(reason))
    elif path == "/fragments":
        await connection.send(["one ", "two ", "drei: ü"])
        await echo(connection)
    elif path == "/ping":
        pong = await connection.ping("from python")
        await pong
        await connection.send("pong came")
        await echo(connection)
    else:
        await echo(connection)


async def main():
    logging.disable(logging.CRITICAL)
    takeover = [ServerPerMessageDeflateFactory()]
    no_takeover = [ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)]
    options = {"ping_interval": None, "max_size": None, "compression": None}
    async with (
        serve(handle, "127.0.0.1", 0, extensions=takeover, **options) as with_takeover,
        serve(handle, "127.0.0.1", 0, extensions=no_takeover, **options) as without_takeover,
    ):
        def port(server):
            return next(iter(server.sockets)).getsockname()[1]

        print(json.dumps({"port": port(with_takeover), "noTakeoverPort": port(without_takeover)}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
