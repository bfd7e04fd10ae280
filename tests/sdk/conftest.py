"""What the SDK tests share: the servers and what the programs found, each worked out once for each worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sdk import environments
from sdk.collection import players
from wires import Tool

Findings = Callable[[str, str], dict[str, dict[str, Any]]]
LONG = {"old", "litellm"}
"""Environments of the long run."""


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Tool]]:
    """A server for each kind of answer (`answers.ANSWERS`)."""
    with players(tmp_path_factory.mktemp("sdk")) as running:
        yield running


@pytest.fixture(scope="session")
def node_bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Node programs and what they import."""
    return environments.bench(tmp_path_factory.mktemp("node") / "bench")


@pytest.fixture(scope="session")
def findings(servers: dict[str, Tool], request: pytest.FixtureRequest) -> Findings:
    """What a program of an environment (of Python, or `node`) finds on the servers: way -> kind of answer -> what it
    says. An interpreter with an SDK starts slowly, so that a program goes all its ways in one run."""
    known: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    roots = {kind: server.url for kind, server in servers.items()}

    def found(which: str, program: str) -> dict[str, dict[str, Any]]:
        if (which, program) not in known:
            known[which, program] = (
                environments.run_node(request.getfixturevalue("node_bench"), program, roots)
                if which == "node"
                else environments.run(which, program, roots)
            )
        return known[which, program]

    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The majors before the current ones, and what stands on an SDK, are asked in the long run only."""
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if Path(__file__).parent in item.path.parents and LONG.intersection(map(str, params.values())):
            item.add_marker(pytest.mark.slow)
