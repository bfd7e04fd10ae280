"""`tokentape serve`: options in, a running server out. click here, aiohttp only once the command runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cassettes.durations import duration, speed

if TYPE_CHECKING:
    from cassettes.matching import Level

EXAMPLES = """\b
Examples:
  tokentape serve                            the shipped tapes on http://127.0.0.1:7357
  tokentape serve tests/cassettes --speed max
  tokentape serve tapes -- pytest tests/     a port of its own, base URLs set, the command's status
"""


@click.command(
    "serve", help=f"{EXAMPLES}\nPlay tapes from a local server. TAPES are files or folders; none: the shipped library."
)
@click.argument("tapes", nargs=-1, type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=None,
    type=click.IntRange(0, 65535),
    help="Port; 0 lets the kernel choose. [default: 7357; 0 with -- CMD]",
)
@click.option("--ready-file", type=click.Path(path_type=Path), help='Written once listening: {"url": …, "pid": …}.')
@click.option(
    "--match",
    type=click.Choice(["exact", "order", "route"]),
    help="How far to go to find a tape. [default: order with TAPES, else route]",
)
@click.option(
    "--after-last",
    type=click.Choice(["repeat", "error"]),
    default="repeat",
    show_default=True,
    help="When every matching interaction was played.",
)
@click.option("--speed", type=speed, default="1", show_default=True, help="Factor, or max for no waiting at all.")
@click.option("--ttft", type=duration, help="Time to the first body byte, e.g. 300ms.")
@click.option("--tps", type=click.FloatRange(0, min_open=True), help="Events carrying text per second.")
@click.option("--max-gap", type=duration, help="No wait longer than this.")
@click.option("--jitter", type=duration, default="0ms", help="Move every offset by up to this much; never reorders.")
@click.option("--seed", default=0, show_default=True, help="Seed of everything random.")
@click.option(
    "--upstream", multiple=True, metavar="NAME=URL", help="Mount /NAME (dialect raw) for tapes recorded that way."
)
@click.option(
    "--ending-drain",
    type=duration,
    default="30s",
    show_default=True,
    help="How long an RST waits for the client to take what was sent.",
)
@click.option("--no-mark", is_flag=True, help="Leave the x-tokentape header out.")
@click.option(
    "--loop", type=click.Choice(["auto", "asyncio", "uvloop"]), default="auto", show_default=True, help="Event loop."
)
@click.pass_context
def serve_command(ctx: click.Context, /, **options: object) -> None:
    """Runs the server; the exit status is the wrapped command's, or 0."""
    status = serve(options, ctx.obj["command"] if ctx.obj else None)
    ctx.exit(status)


def serve(options: dict[str, object], command: tuple[str, ...] | None) -> int:
    """Loads the tapes and serves them until a signal or the end of `command`."""
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from cassettes.store import FolderStore, shipped_root

    from cassettes import providers
    from cassettes.timing import Pace
    from mockserver.app import Server, Settings, extra_mounts
    from mockserver.choose import Chooser, Playing
    from mockserver.running import Process, run, say
    from mockserver.tapes import Reload, index_of

    given: tuple[Path, ...] = options["tapes"]  # type: ignore[assignment]
    store = FolderStore(given or (shipped_root(),))
    store.load()
    pace = Pace(
        speed=options["speed"],  # type: ignore[arg-type]
        ttft_ms=options["ttft"],  # type: ignore[arg-type]
        tps=options["tps"],  # type: ignore[arg-type]
        max_gap_ms=options["max_gap"],  # type: ignore[arg-type]
        jitter_ms=options["jitter"],  # type: ignore[arg-type]
    )
    playing = Playing(
        levels=levels(options["match"], bool(given)),
        repeat=options["after_last"] == "repeat",
        pace=pace,
        seed=options["seed"],  # type: ignore[arg-type]
        mark=not options["no_mark"],
    )
    upstreams = dict(providers.parse_upstream(text) for text in options["upstream"])  # type: ignore[attr-defined]
    chooser = Chooser(index_of(store), playing)
    settings = Settings(extra=extra_mounts(upstreams), ending_drain=options["ending_drain"] / 1000)  # type: ignore[operator]
    server = Server(chooser, settings, Redactor(secrets_from_env(os.environ)), say)
    port = options["port"]
    process = Process(
        host=str(options["host"]),
        port=int(port) if isinstance(port, int) else (0 if command else 7357),
        ready_file=options["ready_file"],  # type: ignore[arg-type]
        command=command,
        environ=dict(os.environ),
        loop=str(options["loop"]),
    )
    for tape in store.tapes:
        for note in tape.cassette.notes:
            say(f"tokentape: note: {note}")
    return run(server, process, lambda url: _table(url, len(chooser.index.entries)), reload=Reload(store, chooser, say))


def levels(match: object, given: bool) -> tuple[Level, ...]:
    """The levels to try in order: up to the named one; by default order with tapes of one's own, route without."""
    ladder: dict[object, tuple[Level, ...]] = {
        "exact": ("exact",),
        "order": ("exact", "order"),
        "route": ("exact", "route"),
        None: ("exact", "order") if given else ("exact", "route"),
    }
    return ladder[match]


def _table(url: str, interactions: int) -> None:
    from mockserver.answers import base_urls
    from mockserver.running import say

    say(f"tokentape: serving {interactions} interactions on {url}")
    say(base_urls(url))
