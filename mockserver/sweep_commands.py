"""The command `sweep`: which places, how long it will take, what was found. click here.

Imports what it needs when it runs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from mockserver import options as option

if TYPE_CHECKING:
    from cassettes.model import Interaction
    from cassettes.store import FolderStore
    from mockserver.judgements import Judged, Ran
    from mockserver.sweep import Client, Swept

HELP = """\b
Examples:
  tokentape sweep tapes/hello.yaml -- python client.py
  tokentape sweep openai/hello --every byte --sample 50 --seed 7 -- node client.mjs
  tokentape sweep openai/hello --kind end-early --jobs 2 --json -- ./client

Run CMD once for each place at which a stream can be cut, and list where it took a cut stream for whole: it exited with
0 although the stream ended before its end. Exit status 1 if there is such a place, 0 if CMD noticed every cut.
CMD finds the server by the base-URL variables of the SDKs."""


@click.command("sweep", help=HELP)
@click.argument("tape", metavar="TAPE -- CMD...", shell_complete=option.tape_names)
@click.option(
    "--every",
    type=click.Choice(["event", "chunk", "byte"]),
    default="event",
    show_default=True,
    help="Where to cut: before and after every one of these.",
)
@click.option("--sample", type=click.IntRange(1), help="Only so many of the places, chosen by --seed.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of what --sample chooses.")
@click.option(
    "--kind",
    type=click.Choice(["cut", "reset", "end-early"]),
    default="cut",
    show_default=True,
    help="How the stream ends there: FIN inside the framing, RST, or a clean end.",
)
@click.option(
    "-n",
    "--number",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Which interaction to cut.",
)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Runs of CMD at a time.")
@click.option(
    "--timeout",
    type=option.DURATION,
    help="How long a run may take before it counts as hung. [default: 10 times the uncut run, 30s at least]",
)
@click.option(
    "--speed", type=option.FACTOR, default="max", show_default=True, help="Factor, or max for no waiting at all."
)
@option.mapped
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def sweep_command(ctx: click.Context, /, **options: Any) -> None:
    """stdout gets the findings, stderr the estimate, the progress and the sum."""
    if ctx.obj["command"] is None:
        raise click.UsageError("sweep runs a command of yours: give it behind `--`, such as -- python client.py", ctx)
    ctx.exit(run(options, ctx.obj["command"], dict(os.environ)))


def run(options: Mapping[str, Any], command: tuple[str, ...], environ: Mapping[str, str]) -> int:
    """Sweeps and prints; returns the exit status. Raises CassetteError, UncutError, CommandError."""
    import asyncio

    from mockserver import judgements
    from mockserver.cuts import Cuts
    from mockserver.running import say
    from mockserver.sweep import StoppedError, sweep

    place, store, interaction = _tape(options["tape"], options["number"])
    kind = options["kind"]
    cuts = Cuts(interaction, kind)
    places = cuts.places(options["every"], options["sample"], options["seed"])
    client = _client(options, command, environ)
    results: list[Judged] = []
    progress = Progress(len(places))
    whole: list[Ran] = []

    def uncut(ran: Ran) -> None:
        whole.append(ran)
        chosen = f" (chosen by seed {options['seed']})" if options["sample"] else ""
        say(f"tokentape: {place}{chosen}: {estimate(len(places), ran.seconds, client.jobs)}")

    def told(one: Judged) -> None:
        results.append(one)
        progress.show(results)

    stopped: StoppedError | None = None
    try:
        asyncio.run(sweep(_chooser(store, options["number"], options["speed"]), client, places, uncut, told))
    except StoppedError as error:
        stopped = error
    finally:
        progress.clear()
    if stopped is not None and not whole:
        raise stopped
    results.sort(key=lambda one: one.cut.at)
    ranges = judgements.found(results)
    if options["as_json"]:
        asked = {key: options[key] for key in ("kind", "every", "sample", "seed", "jobs")}
        head = {"tape": place, **asked, "uncut_s": round(whole[0].seconds, 3)}
        click.echo(json.dumps(head | judgements.as_json(results, ranges, kind), indent=2))
    else:
        for line in judgements.lines(ranges, kind, len(cuts.ends)):
            click.echo(line)
    say(f"tokentape: {judgements.summary(results)}")
    if ranges and ranges[0].judgement in judgements.WRONG:
        fault = f"{kind}@{ranges[0].first.at}b"
        say(f"tokentape: the first again: tokentape serve {options['tape']} --match route --fault {fault} -- CMD")
    if stopped is not None:
        raise stopped
    return 1 if judgements.wrong(results) else 0


def _client(options: Mapping[str, Any], command: tuple[str, ...], environ: Mapping[str, str]) -> Client:
    from cassettes.providers import parse_mapping
    from mockserver.sweep import Client

    return Client(
        command=command,
        environ=environ,
        kind=options["kind"],
        mapped=dict(parse_mapping(text) for text in options["mapped"]),
        limit=options["timeout"] and options["timeout"] / 1000,
        jobs=options["jobs"],
    )


def estimate(runs: int, seconds: float, jobs: int) -> str:
    """How many runs, and about how long they will take."""
    from cassettes.printable import count

    total = seconds * -(-runs // jobs)
    shown = f"{total:.1f} s" if total < 100 else f"{total / 60:.0f} min" if total < 5400 else f"{total / 3600:.1f} h"
    less = ", less with --sample N or --jobs N" if total >= 100 else ""
    return f"{count(runs, 'run')} of {seconds:.2f} s, {count(jobs, 'job')}: about {shown}{less}"


def _tape(name: str, number: int) -> tuple[str, FolderStore, Interaction]:
    """`TAPE#N`, its store, and the interaction to take places of. Raises CassetteError."""
    from cassettes.model import CassetteError
    from cassettes.store import FolderStore, find_tape

    path = find_tape(name)
    if path.is_dir():
        raise CassetteError(
            f"this is a folder, expected one tape; `tokentape list {name}` lists those in it", str(path)
        )
    store = FolderStore([path])
    store.load()
    tape = store.tapes[0]
    interactions = tape.cassette.interactions
    if number > len(interactions):
        have = f"#1 to #{len(interactions)}" if interactions else "none at all"
        raise CassetteError(f"there is no interaction #{number}, expected one of those it has: {have}", str(path))
    interaction = interactions[number - 1]
    if not interaction.response.body:
        raise CassetteError(f"#{number} has no body, so that there is nothing to cut; expected a stream", str(path))
    return f"{name}#{number}", store, interaction


def _chooser(store: FolderStore, number: int, speed: float) -> Swept:
    """Any request of the tape's dialect is answered: what a client asks is not what is looked at here."""
    from cassettes.matching import LADDER
    from cassettes.timing import Pace
    from mockserver.choose import Playing
    from mockserver.sweep import Swept
    from mockserver.tapes import index_of

    return Swept(index_of(store), Playing(levels=LADDER, pace=Pace(speed=speed)), f"{store.tapes[0].name}#{number}")


class Progress:
    """How far it is, on one line of a terminal; nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shows = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, results: list[Judged]) -> None:
        """The line for so many results."""
        if self._shows:
            from mockserver.judgements import wrong

            click.echo(f"\r\x1b[K{len(results)}/{self._total} runs, {wrong(results)} wrong", nl=False, err=True)

    def clear(self) -> None:
        """Takes the line away."""
        if self._shows:
            click.echo("\r\x1b[K", nl=False, err=True)
