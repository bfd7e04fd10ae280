"""The baseline: what one writes by hand with aiohttp, `await sleep; await write`, and a proxy as one writes it.

`python -m benchmarks.plain_aiohttp serve FILE [LOOP]` or `… proxy UPSTREAM [LOOP]`: prints its port once it listens.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import ClientSession, web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def player(file: Path) -> Handler:
    """Plays the [gap in s, event] pairs in `file` with relative sleeps."""
    events = [(gap, text.encode()) for gap, text in json.loads(file.read_text())]

    async def play(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for gap, event in events:
            await asyncio.sleep(gap)
            await response.write(event)
        await response.write_eof()
        return response

    return play


def proxy(upstream: str, session: ClientSession) -> Handler:
    """Forwards to `upstream` with aiohttp's client and passes on what `iter_any` gives."""

    async def forward(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with session.request(request.method, upstream + request.path_qs, data=body) as answer:
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
            await response.prepare(request)
            async for data in answer.content.iter_any():
                await response.write(data)
            await response.write_eof()
            return response

    return forward


async def main(what: str, argument: str) -> None:
    """Serves until it is killed."""
    async with ClientSession() as session:
        app = web.Application()
        handler = player(Path(argument)) if what == "serve" else proxy(argument, session)
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[3:] == ["uvloop"]:
        import uvloop

        uvloop.run(main(*sys.argv[1:3]))
    else:
        asyncio.run(main(*sys.argv[1:3]))
