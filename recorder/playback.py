"""A mock server or recorder as a child process, for `verify` and the demo: started, waited for, ended.

A process of its own, so that the client that measures does not share its event loop with what it measures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cassettes.model import TokentapeError

READY_WITHIN = 20.0
"""Seconds a child may take until it listens."""


class ChildError(TokentapeError):
    """The child process ended before it listened: says what it said."""


@contextmanager
def child(arguments: Sequence[str]) -> Iterator[str]:
    """Runs `tokentape ARGUMENTS --port 0` and yields its URL; ends it afterwards. No proxy is asked: what it serves and
    whom it asks is on this machine. No configuration counts: it does what the arguments say. Raises ChildError."""
    with tempfile.TemporaryDirectory(prefix="tokentape-") as folder:
        ready, log = Path(folder) / "ready.json", Path(folder) / "log"
        with log.open("wb") as said:
            command = [sys.executable, "-m", "tokentape", *arguments, "--port", "0", "--ready-file", str(ready)]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=_environment(),
            )
        try:
            yield _url(process, ready, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOKENTAPE_")}
    return {**kept, "NO_PROXY": "*", "no_proxy": "*", "TOKENTAPE_CONFIG": ""}


def _url(process: subprocess.Popen[bytes], ready: Path, log: Path) -> str:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if ready.exists():
            return str(json.loads(ready.read_text())["url"])
        if process.poll() is not None:
            break
        time.sleep(0.01)
    said = log.read_text(errors="replace").strip().splitlines()
    raise ChildError(f"the server did not start: {said[-1] if said else 'it said nothing'}")
