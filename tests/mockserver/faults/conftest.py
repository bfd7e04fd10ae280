"""Servers that fault tests share, one for each event loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faultwire import LOOPS, write_tapes
from wires import Tool, tools


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Tool]]:
    base = tmp_path_factory.mktemp("wire")
    tapes = base / "tapes"
    write_tapes(tapes)
    commands = [("serve", str(tapes), "--no-mark", "--loop", loop, "--seed", "5") for loop in LOOPS]
    with tools(base / "run", *commands) as running:
        yield dict(zip(LOOPS, running, strict=True))
        for one in running:
            assert "Traceback" not in one.said()


@pytest.fixture(scope="module")
def served(servers: dict[str, Tool]) -> Tool:
    return servers["asyncio"]


@pytest.fixture(params=LOOPS)
def each(request: pytest.FixtureRequest, servers: dict[str, Tool]) -> Tool:
    return servers[request.param]
