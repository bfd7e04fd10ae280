"""One server with a tape of each dialect, for all tests of cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cased import tapes_of_all
from wires import Tool, tool


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("cases")
    with tool(base, "serve", str(tapes_of_all(base / "tapes")), "--no-mark") as running:
        yield running
        assert "Traceback" not in running.said()
