"""One run of the recorder as a command: settings from options and environment, the run, what it ended with.

The server is handed in as a module (`mockserver.forwarding`) by `tokentape.py`. Imports `cassettes` and this package.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from cassettes import providers
from cassettes.costs import cost
from cassettes.model import CassetteError, Interaction
from cassettes.normalise import Rules
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_env
from cassettes.store import FolderStore
from recorder.filing import Filing, RecordMode
from recorder.outgoing import upstreams_of
from recorder.printing import complain, say
from recorder.proxy import Clocks, Recorder, Settings
from recorder.spool import left_behind

PORT = 7358
NAMED = 4
"""Base-URL variables that are named when no request came."""
PLAYING: frozenset[RecordMode] = frozenset({"none", "once", "new_episodes"})
"""The modes in which tapes that were there at start answer."""


def wall() -> str:
    """The time as `recorded_at` holds it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tapes_of(place: Path) -> FolderStore:
    """The tapes in the folder, or of the file, `place`; it need not exist. Raises CassetteError for one that cannot be
    read: what is on it could neither be found nor kept."""
    store = FolderStore((place,))
    if place.exists() and (errors := store.refresh().errors):
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise CassetteError(f"{errors[0]}{more}; mend it or move it out of {place}")
    return store


def interactions_of(store: FolderStore) -> list[tuple[Path, Interaction]]:
    """Every interaction of a store with its file."""
    return [(tape.path, one) for tape in store.tapes for one in tape.cassette.interactions]


def record(
    options: Mapping[str, Any],
    command: tuple[str, ...] | None,
    server: ModuleType,
    environ: Mapping[str, str],
    identity: object = None,
) -> int:
    """Runs the recorder; returns the exit status. `identity` is what `server` made of the options for TLS."""
    mode: RecordMode = options["record_mode"]
    one_file: Path | None = options["one_file"]
    folder: Path = one_file.parent if one_file is not None else options["output"]
    mapped = dict(providers.parse_mapping(text) for text in options["mapped"])
    upstreams = upstreams_of(options["upstream"], environ if command else None, mapped)
    # Read whole before the start: what is recorded from now on does not answer in this run.
    store = tapes_of(one_file or folder)
    if mode == "none":
        store.load()  # says what is missing: there is nothing else to do in this mode
    if note := left_behind(folder):
        say(f"tokentape: note: {note}")
    redactor = Redactor(secrets_from_env(environ))
    rules = Rules(options["ignore"], options["normalize"])
    if mode in {"all", "rewrite"} and store.tapes:
        known = cost(one for _, one in interactions_of(store))
        say(f"tokentape: --record-mode {mode} replaces what is asked again, at most {known.told}")
    filing = Filing(folder, mode, one_file, interactions_of(store), rules)
    recorder = _recorder(options, environ, upstreams, filing, redactor)
    refuses = mode == "none" or (mode == "once" and one_file is not None and one_file.exists())
    status, answered = server.run_forwarding(
        {
            "host": options["host"],
            "port": options["port"] if options["port"] is not None else (0 if command else PORT),
            "ready_file": options["ready_file"],
            "command": command,
            "environ": environ,
            "mapped": mapped,
            "dummy_keys": mode == "none",
            "loop": options["loop"],
            "identity": identity,
        },
        store=store if mode in PLAYING else None,
        levels=("key",),
        rules=rules,
        repeat=mode != "new_episodes",
        upstreams=upstreams,
        forward=None if refuses else recorder.forward,
        redactor=redactor,
        ending_drain=options["ending_drain"] / 1000,
        listening=lambda url: _tell(
            f"{'playing' if refuses else 'recording to'} {one_file or folder} on {url}",
            "" if command else server.front(url, upstreams),
        ),
        drain=recorder.drain,
        closing=recorder.close,
        origins=options["cors"],
    )
    if command and not recorder.requests and not answered:
        complain(_nothing_came(command, mapped))
        return int(status) or 5
    return int(status) or (1 if recorder.failures else 0)


def _recorder(
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    upstreams: Mapping[str, str],
    filing: Filing,
    redactor: Redactor,
) -> Recorder:
    settings = Settings(
        upstreams=upstreams,
        environ=environ,
        idle_timeout=options["idle_timeout"] / 1000,
        leaving=options["leaving"],
        keep_encoding=options["keep_encoding"],
    )
    return Recorder(filing, settings, redactor, Clocks(time.monotonic, wall), lambda line: say(redactor.text(line)))


def _tell(doing: str, base_urls: str) -> None:
    say(f"tokentape: {doing}")
    for line in base_urls.splitlines():
        say(line)


def _nothing_came(command: tuple[str, ...], mapped: Mapping[str, str]) -> str:
    first = [row.base_url_variables[0] for row in providers.load().values() if row.base_url_variables]
    names = list(dict.fromkeys([*mapped, *first]))[: len(mapped) + NAMED]
    return (
        f"no request reached the recorder while {command[0]!r} ran; does it read {', '.join(names)} or the like? "
        "If it sets its base URL itself, point that at the recorder: --port N gives it an address that stays"
    )
