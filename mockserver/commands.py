"""`tokentape serve`: options in, a running server out. click here, aiohttp only once the command runs.

Composes the package for the command; what the options are is `options`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from mockserver import options as option

if TYPE_CHECKING:
    from cassettes.matching import Index, Level
    from cassettes.normalise import Rules
    from cassettes.redact import Redactor
    from cassettes.store import FolderStore
    from cassettes.synth.improvise import Improviser
    from mockserver.app import Forward
    from mockserver.choose import Chooser, Playing
    from mockserver.running import Process
    from mockserver.scenario_file import ScenarioFile
    from mockserver.tls import Identity

PORT = 7357
OLD_TOLD = 10
"""Tapes over `--max-age` that are told of one by one."""


class Standby(Protocol):
    """A recorder that takes the misses: made by the recorder's package, handed in by `tokentape.py`."""

    @property
    def folder(self) -> Path: ...
    @property
    def upstreams(self) -> Mapping[str, str]: ...
    @property
    def failures(self) -> int: ...
    @property
    def forward(self) -> Forward: ...
    async def drain(self) -> None: ...
    async def close(self) -> None: ...


class Composed(Protocol):
    """What of the recorder `serve` is handed: the module that makes a `Standby`, and tells of unfinished recordings."""

    @property
    def standby(self) -> Any: ...


HELP = """\b
Examples:
  tokentape serve                            the shipped tapes on http://127.0.0.1:7357
  tokentape serve tests/cassettes --speed max
  tokentape serve openai/hello               one shipped tape, by its name
  tokentape serve tapes --on-miss record     forward and record what is not on a tape
  tokentape serve tapes -- pytest tests/     a port of its own, base URLs set, the command's status

Play tapes from a local server. TAPES are files, folders or names of shipped tapes; none: the shipped library.
CMD runs with the base-URL variables of the SDKs set; its exit status is passed on."""


@click.command("serve", help=HELP)
@option.tapes
@option.host
@option.port
@option.ready_file
@option.match
@option.ignore
@option.normalize
@option.after_last
@option.strict
@option.max_age
@option.on_miss
@option.answer
@option.output
@option.factor
@option.ttft
@option.tps
@option.max_gap
@option.jitter
@option.seed
@option.fault
@option.scenario
@option.upstream
@option.providers_file
@option.mapped
@option.cors
@option.ending_drain
@option.tls
@option.cert
@option.key
@option.no_mark
@option.loop
@click.pass_context
def serve_command(ctx: click.Context, /, **options: Any) -> None:
    """Runs the server; the exit status is the wrapped command's, or 0, or 4 for a miss under --strict."""
    if options["on_miss"] != "record" and ctx.get_parameter_source("output") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("-o is where --on-miss record keeps tapes; give both or neither", ctx)
    if on_miss(options) != "synth" and ctx.get_parameter_source("answer") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--answer is what --on-miss synth says; give both or neither", ctx)
    breaks = "--fault" if options["faults"] else "--scenario" if options["scenario"] else None
    if options["on_miss"] == "record" and breaks:
        raise click.UsageError(f"{breaks} breaks tapes, and what --on-miss record forwards stays whole; give one", ctx)
    from mockserver.lean import load_aiohttp
    from mockserver.tls import identity_of

    load_aiohttp()
    with identity_of(options) as identity:
        status = serve(options, ctx.obj["command"], ctx.obj["compose"], dict(os.environ), identity)
    ctx.exit(status)


def serve(
    options: Mapping[str, Any],
    command: tuple[str, ...] | None,
    compose: Composed,
    environ: Mapping[str, str],
    identity: Identity | None,
) -> int:
    """Loads the tapes and serves them, over TLS as `identity`, until a signal or the end of `command`; returns the exit
    status."""
    from cassettes import providers
    from cassettes.normalise import Rules
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from cassettes.store import notes_of
    from mockserver import faulty
    from mockserver.app import Server, Settings
    from mockserver.choose import Chooser
    from mockserver.guards import TOKEN_VARIABLE, origins_of
    from mockserver.mounts import extra_mounts
    from mockserver.running import Hooks, run, say
    from mockserver.tapes import Reload, index_of

    process = process_of(options, command, environ, identity)
    redactor = Redactor(secrets_from_env(environ))
    rules = Rules(options["ignore"], options["normalize"])
    standby = _standby(options, command, compose, environ, redactor, rules)
    upstreams = standby.upstreams if standby else dict(providers.parse_upstream(text) for text in options["upstream"])
    store = _store(options["tapes"], standby.folder if standby else None, compose)
    for note in notes_of(store.tapes):
        say(f"tokentape: note: {note}")
    _expect_young(store, options)
    playing = playing_of(options)
    improviser = _improviser(options, environ, playing.seed)
    chooser = Chooser(index_of(store, rules=rules), playing, improviser=improviser)
    if chooser.playing.faults:
        faulty.check(chooser.playing.faults, chooser, tls=bool(options.get("tls")))
        say(f"tokentape: faults {'; '.join(chooser.playing.faults)} (seed {chooser.playing.seed})")
    settings = Settings(
        extra=extra_mounts(upstreams),
        ending_drain=options["ending_drain"] / 1000,
        origins=origins_of(options["cors"]),
        token=environ.get(TOKEN_VARIABLE, ""),
        tls=identity.context if identity else None,
    )
    server = Server(chooser, settings, redactor, say, standby.forward if standby else None)
    # What is recorded in this run does not answer in it: then nothing is read again.
    reload = Reload(store, chooser, say, rules)
    if (scenario := _scenario(options, chooser, settings.extra)) is not None:
        reload.follow(scenario, server)
    hooks = Hooks(drain=standby.drain, closing=standby.close) if standby else Hooks(reload=reload)
    status = run(
        server, process, lambda url: _tell(url, chooser.index, settings.extra, wraps=command is not None), hooks
    )
    if options["strict"] and server.misses:
        found = "1 request" if server.misses == 1 else f"{server.misses} requests"
        say(f"tokentape: error: {found} found no tape (--strict)")
        return status or 4
    return status or (1 if standby and standby.failures else 0)


def _improviser(options: Mapping[str, Any], environ: Mapping[str, str], seed: int) -> Improviser | None:
    """Who answers what no tape does: without TAPES, or with --on-miss synth. Raises RepliesError."""
    if on_miss(options) != "synth":
        return None
    from cassettes.synth.improvise import Improviser
    from cassettes.synth.replies import usual_of
    from mockserver.answer_table import rows
    from mockserver.running import say

    replies = replace(
        usual_of(options["answer"], lambda name: Path(name).read_text(encoding="utf-8")), rows=rows(environ)
    )
    return Improviser(replies, seed, lambda line: say(f"tokentape: note: {line}"))


def on_miss(options: Mapping[str, Any]) -> str:
    """What a miss gets: what was said, else an error; an answer that is made up where nobody said what tapes there are,
    how they are matched, or that a miss matters."""
    given: str | None = options["on_miss"]
    return given or ("error" if options["tapes"] or options["match"] or options["strict"] else "synth")


def _scenario(options: Mapping[str, Any], chooser: Chooser, extra: Collection[str]) -> ScenarioFile | None:
    """The scenario of `--scenario`, read and tried on the tapes; None without one. Raises ScenarioError."""
    if options["scenario"] is None:
        return None
    from mockserver.rehearsal import Rehearsal
    from mockserver.running import say
    from mockserver.scenario_file import ScenarioFile

    def known() -> Rehearsal:
        return Rehearsal(chooser, extra, tls=bool(options.get("tls")))

    file = ScenarioFile(options["scenario"], known, say, options["seed"])
    rules, seed = len(file.scenario.rules), file.scenario.seed
    say(
        f"tokentape: scenario {options['scenario']}, {rules} rule{'s' * (rules != 1)} "
        f"(seed {chooser.playing.seed if seed is None else seed})"
    )
    return file


def process_of(
    options: Mapping[str, Any],
    command: tuple[str, ...] | None,
    environ: Mapping[str, str],
    identity: Identity | None = None,
) -> Process:
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
        # A dummy would be sent to the upstream, and its refusal recorded.
        dummy_keys=options["on_miss"] != "record",
        loop=options["loop"],
        identity=identity,
    )


def playing_of(options: Mapping[str, Any]) -> Playing:
    """How tapes are chosen and played. With --on-miss record only what asks the same is answered, as `record` has it:
    whatever a looser rule finds would never be recorded."""
    from cassettes.timing import Pace
    from mockserver.choose import Playing
    from mockserver.faulty import texts

    records = options["on_miss"] == "record"
    pace = Pace(
        speed=options["speed"],
        ttft_ms=options["ttft"],
        tps=options["tps"],
        max_gap_ms=options["max_gap"],
        jitter_ms=options["jitter"],
    )
    return Playing(
        levels=("key",) if records and options["match"] is None else levels(options["match"], bool(options["tapes"])),
        repeat=(options["after_last"] or ("error" if options["strict"] else "repeat")) == "repeat",
        pace=pace,
        seed=options["seed"] or 0,
        mark=not options["no_mark"],
        faults=texts(options["faults"]),
    )


def levels(match: str | None, given: bool) -> tuple[Level, ...]:
    """The levels to try in order: up to the named one; by default normalized with tapes of one's own, last-user
    without."""
    from cassettes.matching import LADDER

    if match == "order":
        return ("exact", "order")
    last = match or ("normalized" if given else "last-user")
    return LADDER[: [str(level) for level in LADDER].index(last) + 1]


def _standby(
    options: Mapping[str, Any],
    command: tuple[str, ...] | None,
    compose: Composed,
    environ: Mapping[str, str],
    redactor: Redactor,
    rules: Rules,
) -> Standby | None:
    """The recorder for misses, None without `--on-miss record`. Raises click.UsageError when it has no folder."""
    if options["on_miss"] != "record":
        return None  # an output that is configured is meant for `record`
    folder = options["output"] or next((path for path in options["tapes"] if path.is_dir()), None)
    if folder is None:
        raise click.UsageError("--on-miss record needs a folder for its tapes: give one with -o DIR, or as TAPES")
    standby: Standby = compose.standby.stand_by(
        folder, options["upstream"], options["mapped"], environ, redactor, rules, wraps=command is not None
    )
    return standby


def _store(given: tuple[Path, ...], folder: Path | None, compose: Composed) -> FolderStore:
    """The tapes to play, loaded. `folder`, where misses are recorded, is one of them and may be new or empty."""
    from cassettes.model import CassetteError
    from cassettes.store import FolderStore, find_tape, shipped_root
    from mockserver.running import say

    roots = [find_tape(path) for path in given if folder is None or path.resolve() != folder.resolve()] or (
        [] if folder else [shipped_root()]
    )
    for place in [path for path in roots if path.is_dir()]:
        if note := compose.standby.left_behind(place):
            say(f"tokentape: note: {note}")
    store = FolderStore(roots if folder is None or not folder.exists() else [*roots, folder])
    if folder is None:
        store.load()
    elif errors := store.refresh().errors:
        raise CassetteError(errors[0] + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""))
    return store


def _expect_young(store: FolderStore, options: Mapping[str, Any]) -> None:
    """Tells of tapes that are older than `--max-age`. Raises CassetteError for one with `--strict`."""
    most: float | None = options["max_age"]
    if most is None:
        return
    from cassettes.ages import older
    from cassettes.model import CassetteError
    from mockserver.hub import Hub
    from mockserver.running import say

    numbered = ((tape.name, enumerate(tape.cassette.interactions, 1)) for tape in store.tapes)
    places = ((f"{name}#{number}", one) for name, interactions in numbered for number, one in interactions)
    old = older(places, Hub.wall_now(), most)
    if old and options["strict"]:
        more = f" (and {len(old) - 1} more)" if len(old) > 1 else ""
        raise CassetteError(f"{old[0].told(most)} days (--max-age){more}; record them again, or leave --strict out")
    for one in old[:OLD_TOLD]:
        say(f"tokentape: note: {one.told(most)} days (--max-age)")
    if len(old) > OLD_TOLD:
        say(f"tokentape: note: so were {len(old) - OLD_TOLD} more")


def _tell(url: str, index: Index, extra: Collection[str], *, wraps: bool) -> None:
    """What is served and where; a wrapped command has the base URLs in its variables."""
    from cassettes.printable import count
    from mockserver.answers import base_urls
    from mockserver.running import say

    say(f"tokentape: serving {count(len(index.entries), 'interaction')} on {url}")
    for line in () if wraps else base_urls(url, index.providers, extra).splitlines():
        say(line)
