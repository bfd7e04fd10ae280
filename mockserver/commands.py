"""`tokentape serve`: options in, a running server out. click here, aiohttp only once the command runs.

Composes the package for the command; what the options are is `options`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver import options as option

if TYPE_CHECKING:
    from cassettes.matching import Level
    from mockserver.choose import Playing
    from mockserver.running import Process

PORT = 7357
HELP = """\b
Examples:
  tokentape serve                            the shipped tapes on http://127.0.0.1:7357
  tokentape serve tests/cassettes --speed max
  tokentape serve openai/hello               one shipped tape, by its name
  tokentape serve tapes -- pytest tests/     a port of its own, base URLs set, the command's status

Play tapes from a local server. TAPES are files, folders or names of shipped tapes; none: the shipped library.
CMD runs with the base-URL variables of the SDKs set; its exit status is passed on."""


@click.command("serve", help=HELP)
@option.tapes
@option.host
@option.port
@option.ready_file
@option.match
@option.after_last
@option.factor
@option.ttft
@option.tps
@option.max_gap
@option.jitter
@option.seed
@option.upstream
@option.mapped
@option.ending_drain
@option.no_mark
@option.loop
@click.pass_context
def serve_command(ctx: click.Context, /, **options: Any) -> None:
    """Runs the server; the exit status is the wrapped command's, or 0."""
    ctx.exit(serve(options, ctx.obj["command"] if ctx.obj else None, dict(os.environ)))


def serve(options: Mapping[str, Any], command: tuple[str, ...] | None, environ: Mapping[str, str]) -> int:
    """Loads the tapes and serves them until a signal or the end of `command`; returns the exit status."""
    from cassettes import providers
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from cassettes.store import FolderStore, find_tape, shipped_root
    from mockserver.app import Server, Settings, extra_mounts
    from mockserver.choose import Chooser
    from mockserver.running import Hooks, run, say
    from mockserver.tapes import Reload, index_of

    given: tuple[Path, ...] = options["tapes"]
    upstreams = dict(providers.parse_upstream(text) for text in options["upstream"])
    process = process_of(options, command, environ)
    store = FolderStore([find_tape(path) for path in given] or (shipped_root(),))
    store.load()
    for tape in store.tapes:
        for note in tape.cassette.notes:
            say(f"tokentape: note: {note}")
    chooser = Chooser(index_of(store), playing_of(options))
    settings = Settings(extra=extra_mounts(upstreams), ending_drain=options["ending_drain"] / 1000)
    server = Server(chooser, settings, Redactor(secrets_from_env(environ)), say)
    hooks = Hooks(reload=Reload(store, chooser, say))
    return run(server, process, lambda url: _tell(url, len(chooser.index.entries), wraps=command is not None), hooks)


def process_of(options: Mapping[str, Any], command: tuple[str, ...] | None, environ: Mapping[str, str]) -> Process:
    """How the server runs as a process: a port of its own with a command, PORT without."""
    from cassettes import providers
    from mockserver.running import Process

    port: int | None = options["port"]
    return Process(
        host=options["host"],
        port=port if port is not None else (0 if command else PORT),
        ready_file=options["ready_file"],
        command=command,
        environ=environ,
        mapped=dict(providers.parse_mapping(text) for text in options["mapped"]),
        dummy_keys=True,
        loop=options["loop"],
    )


def playing_of(options: Mapping[str, Any]) -> Playing:
    """How tapes are chosen and played."""
    from cassettes.timing import Pace
    from mockserver.choose import Playing

    pace = Pace(
        speed=options["speed"],
        ttft_ms=options["ttft"],
        tps=options["tps"],
        max_gap_ms=options["max_gap"],
        jitter_ms=options["jitter"],
    )
    return Playing(
        levels=levels(options["match"], bool(options["tapes"])),
        repeat=options["after_last"] == "repeat",
        pace=pace,
        seed=options["seed"],
        mark=not options["no_mark"],
    )


def levels(match: str | None, given: bool) -> tuple[Level, ...]:
    """The levels to try in order: up to the named one; by default order with tapes of one's own, route without."""
    ladder: dict[str | None, tuple[Level, ...]] = {
        "exact": ("exact",),
        "order": ("exact", "order"),
        "route": ("exact", "route"),
        None: ("exact", "order") if given else ("exact", "route"),
    }
    return ladder[match]


def _tell(url: str, interactions: int, *, wraps: bool) -> None:
    """What is served and where; a wrapped command has the base URLs in its variables."""
    from cassettes.printable import count
    from mockserver.answers import base_urls
    from mockserver.running import say

    say(f"tokentape: serving {count(interactions, 'interaction')} on {url}")
    for line in () if wraps else base_urls(url).splitlines():
        say(line)
