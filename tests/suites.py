"""Runs of pytest within a run: a project, what it is run with, what must not be left of it.

A plugin of those test files that name it. The inner runs are in this process, which has our packages already; where that
would matter they have their own.
"""

from __future__ import annotations

import os
import socket
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import wires

import recorder.settings
import recorder.standby
from mockserver import embed, lookup, pytest_options, rig, wishes
from mockserver.faults import table

KINDS = tuple(map(table.get, table.names()))
"""Of a fault that an inner run loads and takes along when it goes, two kinds would be about afterwards."""
LOADED = (recorder.settings, recorder.standby, embed, lookup, pytest_options, rig, wishes)
"""What an inner run would else import anew each time."""
ASK = '''
    import json, os, urllib.error, urllib.request

    def ask(base, text="Hello!", key="x"):
        """(status, body) of a chat request."""
        body = {"model": "gpt-5.1", "stream": True, "messages": [{"role": "user", "content": text}]}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"{base}/chat/completions", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
'''


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker's variables, no keys and no base URLs of whoever runs these tests."""
    for name in [name for name in os.environ if name.startswith(("PYTEST_XDIST", "TOKENTAPE_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")


class Suite:
    """A folder with `ask` in a module of its own, and pytest-asyncio strict."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        pytester.makepyfile(asking=textwrap.dedent(ASK))
        pytester.makeini(
            "[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n"
        )

    def written(self, text: str, name: str = "test_chat") -> Path:
        """A test file that has `ask`."""
        whole = "import pytest\nfrom asking import ask\n" + textwrap.dedent(text)
        return self.pytester.makepyfile(**{name: whole})

    def run(self, *options: str) -> pytest.RunResult:
        """An inner run without a cache; nothing of it may be left in the process."""
        current = os.environ.pop("PYTEST_CURRENT_TEST", "")
        environ, threads, connect = dict(os.environ), threading.active_count(), socket.socket.connect
        done = self.pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # pytest's own, left by a teardown that failed
        assert dict(os.environ) == environ
        assert threading.active_count() == threads
        assert socket.socket.connect is connect
        os.environ["PYTEST_CURRENT_TEST"] = current
        return done


@pytest.fixture
def project(plain_environment: None, pytester: pytest.Pytester) -> Suite:
    """A project whose tests are run."""
    return Suite(pytester)


@pytest.fixture
def live() -> Iterator[wires.ScriptedUpstream]:
    """An upstream whose every answer says `live`."""
    answer = [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event("live")) + b"0\r\n\r\n"), wires.Finish()]
    with wires.ScriptedUpstream(answer) as one:
        yield one
