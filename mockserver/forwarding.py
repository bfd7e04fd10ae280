"""A server whose misses are forwarded: what `record` is made of. `forward` is the recorder's and is handed in.

Imports `cassettes` and this package; `tokentape.py` hands this module to the recorder's command.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from cassettes.matching import Index, Level
from cassettes.normalise import NO_RULES, Rules
from cassettes.redact import Redactor
from cassettes.store import FolderStore
from mockserver.app import Forward, Server, Settings
from mockserver.choose import Chooser, Playing
from mockserver.guards import TOKEN_VARIABLE, origins_of
from mockserver.mounts import extra_mounts
from mockserver.running import Hook, Hooks, Process, run, say
from mockserver.tapes import index_of
from mockserver.tls import Identity, identity_of


def run_forwarding(
    process: Mapping[str, Any],
    *,
    store: FolderStore | None,
    levels: tuple[Level, ...],
    rules: Rules = NO_RULES,
    repeat: bool,
    upstreams: Mapping[str, str],
    forward: Forward | None,
    redactor: Redactor,
    ending_drain: float,
    listening: Callable[[str], None],
    drain: Hook,
    closing: Hook,
    origins: Iterable[str] = (),
) -> tuple[int, int]:
    """Runs the server until it is ended; returns its exit status and how many requests it answered itself.

    `process` holds the fields of `Process`. `store`: the tapes that answer before `forward` is asked, as they were
    read, compared by `rules`; None for none. `repeat`: after the last interaction, it again. With no `forward` a miss
    is the 404. `drain` and `closing` are those of `Hooks`; `origins` are other pages than this machine's that may ask
    (`--cors`). Raises what `run` raises, and OriginError.
    """
    chooser = Chooser(
        index_of(store, rules=rules) if store else Index((), rules), Playing(levels=levels, repeat=repeat)
    )
    shown: Identity | None = process.get("identity")
    settings = Settings(
        extra=extra_mounts(upstreams),
        ending_drain=ending_drain,
        origins=origins_of(origins),
        token=process.get("environ", {}).get(TOKEN_VARIABLE, ""),
        tls=shown.context if shown else None,
    )
    server = Server(chooser, settings, redactor, say, forward)
    # No reload: what is recorded in this run does not answer in it, whenever its file appears.
    status = run(server, Process(**process), listening, Hooks(drain=drain, closing=closing))
    return status, server.played + server.misses


def identified(options: Mapping[str, Any]) -> AbstractContextManager[Identity | None]:
    """Who the server is by --tls, --cert, --key and --host: what `process` holds as `identity`. Raises TlsError."""
    return identity_of(options)


def front(url: str, upstreams: Collection[str] = ()) -> str:
    """The table of base URLs of a server at `url` that forwards to `upstreams`, by name."""
    from mockserver.answers import base_urls

    return base_urls(url, extra=upstreams)
