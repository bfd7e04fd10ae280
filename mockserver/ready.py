"""The ready file: how a script learns that a server listens, and where. Written by rename, removed on exit.

Knows one file; no server, no event loop. Imports the standard library and `cassettes.model`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from cassettes.model import TokentapeError


class ReadyFileError(TokentapeError):
    """The ready file cannot be written."""


class ReadyFile:
    """`{"url": …, "pid": …}` at `path`, with TLS `"ca"` too, the PEM file of the CA to trust. What another live process
    wrote there stays until `write` replaces it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = False

    def forget_the_dead(self) -> None:
        """Removes what a killed server left, so that nobody who waits for the file takes its URL for ours."""
        if sys.platform == "win32" or not self.path.is_file():
            return
        try:
            os.kill(int(json.loads(self.path.read_bytes())["pid"]), 0)
        except ProcessLookupError:
            with contextlib.suppress(OSError):
                self.path.unlink()
        except (OSError, ValueError, TypeError, KeyError, OverflowError):
            return  # alive, another user's, or no ready file at all: not ours to remove

    def write(self, url: str, ca: Path | None = None) -> None:
        """Writes the file by rename: whoever waits for it never reads half of it. Raises ReadyFileError."""
        if self.path.exists() and not self.path.is_file():
            raise ReadyFileError(f"--ready-file {self.path}: it is no regular file; expected a path of its own")
        scratch: Path | None = None
        try:
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")
            scratch = Path(name)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                told = {"url": url, "pid": os.getpid()} | ({"ca": str(ca)} if ca is not None else {})
                file.write(json.dumps(told) + "\n")
            scratch.replace(self.path)
        except OSError as error:
            if scratch is not None:
                scratch.unlink(missing_ok=True)
            raise ReadyFileError(
                f"--ready-file {self.path}: it cannot be written ({error.strerror}); expected a path in a folder that "
                "exists and is writable"
            ) from None
        self._written = True

    def remove(self) -> None:
        """Removes the file if it is the one that was written here."""
        if not self._written:
            return
        self._written = False
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if json.loads(self.path.read_bytes())["pid"] == os.getpid():
                self.path.unlink()
