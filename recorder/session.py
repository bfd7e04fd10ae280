"""One run of the recorder as a command: settings from options and environment, the run, what it ended with.

The server is handed in as a module (`mockserver.forwarding`) by `tokentape.py`. Imports `cassettes` and this package.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_env
from cassettes.store import FolderStore

from cassettes import providers
from cassettes.matching import Level
from cassettes.model import Interaction, TokentapeError
from recorder.filing import Filing
from recorder.proxy import Clocks, Recorder, Settings
from recorder.spool import FOLDER, orphans, read


def say(line: str) -> None:
    """One line of talk on stderr."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - talk goes to stderr, data to stdout


def wall() -> str:
    """The time as `recorded_at` holds it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def upstreams_of(given: tuple[str, ...], environ: Mapping[str, str], *, adopt: bool) -> dict[str, str]:
    """Base URLs by mount: `--upstream` first, then, for a wrapped command, the variables that were already set."""
    upstreams: dict[str, str] = {}
    if adopt:
        for row in providers.load().values():
            value = next((environ[name] for name in row.base_url_variables if environ.get(name)), None)
            if value:
                upstreams[row.name] = value
    upstreams.update(providers.parse_upstream(text) for text in given)
    return upstreams


def tapes_of(folder: Path) -> FolderStore | None:
    """The tapes in `folder` (or the one file), None where there are none yet."""
    if not folder.exists() or (folder.is_dir() and not any(_cassettes(folder))):
        return None
    store = FolderStore((folder,))
    store.load()
    return store


def _cassettes(folder: Path) -> list[Path]:
    return [
        path
        for pattern in ("*.yaml", "*.yml", "*.yaml.gz")
        for path in folder.rglob(pattern)
        if FOLDER not in path.parts
    ]


def record(
    options: Mapping[str, Any], command: tuple[str, ...] | None, server: ModuleType, environ: dict[str, str]
) -> int:
    """Runs the recorder; returns the exit status."""
    one_file: Path | None = options["one_file"]
    folder: Path = one_file.parent if one_file else options["output"]
    mode = options["record_mode"]
    upstreams = upstreams_of(options["upstream"], environ, adopt=command is not None)
    store = tapes_of(one_file or folder)
    redactor = Redactor(secrets_from_env(environ))
    existing: list[tuple[Path, Interaction]] = (
        [(tape.path, one) for tape in store.tapes for one in tape.cassette.interactions] if store else []
    )
    filing = Filing(folder, mode, one_file, existing)
    settings = Settings(
        upstreams=upstreams,
        environ=environ,
        idle_timeout=options["idle_timeout"] / 1000,
        on_client_close=options["leaving"],
        keep_encoding=options["keep_encoding"],
    )
    recorder = Recorder(filing, settings, redactor, Clocks(time.monotonic, wall), say)
    refuses = mode == "none" or (mode == "once" and one_file is not None and store is not None)
    plays = mode in {"none", "once", "new_episodes"}
    levels: tuple[Level, ...] = ("key",)
    port = options["port"]
    status, answered = server.run_forwarding(
        {
            "host": options["host"],
            "port": port if port is not None else (0 if command else 7358),
            "ready_file": options["ready_file"],
            "command": command,
            "environ": environ,
            "loop": options["loop"],
        },
        store=store if plays else None,
        levels=levels,
        upstreams=upstreams,
        forward=None if refuses else recorder.forward,
        redactor=redactor,
        ending_drain=options["ending_drain"] / 1000,
        listening=lambda url: _told(url, folder, server),
        closing=recorder.close,
    )
    if status:
        return int(status)
    if command and not recorder.requests and not answered:
        return _nothing_came(command)
    return 1 if recorder.failures else 0


def _told(url: str, folder: Path, server: ModuleType) -> None:
    say(f"tokentape: recording to {folder} on {url}")
    say(server.front(url))


def _nothing_came(command: tuple[str, ...]) -> int:
    names = ", ".join(name for row in providers.load().values() for name in row.base_url_variables[:1])
    say(
        f"tokentape: error: no request reached the recorder while {command[0]!r} ran; does it read {names}? "
        "If it sets its base URL itself, point that at the recorder"
    )
    return 5


def recover(folder: Path, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Makes tapes of what the spool of `folder` holds; returns 1 when something could not be made a tape."""
    if not folder.is_dir():
        raise RecoverError(f"{folder} is no folder; expected the one that `tokentape record -o` was given")
    redactor = Redactor(secrets_from_env(environ))
    store = tapes_of(folder)
    existing = [(tape.path, one) for tape in store.tapes for one in tape.cassette.interactions] if store else []
    filing = Filing(folder, "new_episodes", None, existing)
    made, failed = 0, 0
    for path in orphans(folder):
        try:
            taken = read(path)
            target = folder / taken.meta.file
            interaction, _ = filing.save(taken, target, redactor)
        except (TokentapeError, OSError) as error:
            failed += 1
            say(f"tokentape: error: {path}: {error}")
            continue
        path.unlink()
        made += 1
        _recovered(target, interaction, as_json=as_json)
    if not made and not failed:
        say(f"tokentape: nothing to recover in {folder / FOLDER}")
    return 1 if failed else 0


def _recovered(path: Path, interaction: Interaction, *, as_json: bool) -> None:
    response = interaction.response
    ending = response.stream.end.type
    if as_json:
        fields = {
            "tape": str(path),
            "bytes": len(response.body),
            "chunks": len(response.stream.chunks),
            "ending": ending,
        }
        print(json.dumps(fields))  # noqa: T201 - data on stdout
    else:
        print(f"{path}: {len(response.body)} bytes in {len(response.stream.chunks)} chunks, {ending}")  # noqa: T201


class RecoverError(TokentapeError):
    """There is nothing that could hold a spool."""

    exit_code = 3
