"""`tokentape record`, `call` and `recover`: options in, tapes out. click here; the work is in the modules beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassettes.durations import duration

if TYPE_CHECKING:
    from recorder.proxy import OnClientClose

RECORD_EXAMPLES = """\b
Examples:
  tokentape record -o tapes -- pytest tests/       base URLs set, the command run, its answers kept
  tokentape record -o tapes --port 7358            point your client at http://127.0.0.1:7358/openai/v1
  tokentape record -o tapes --upstream bot=https://bot.example/api
"""
CALL_EXAMPLES = """\b
Examples:
  tokentape call openai "Say hello"
  tokentape call anthropic "Say hello" --model claude-sonnet-4-5 -o hello.yaml
"""
RECOVER_EXAMPLES = """\b
Examples:
  tokentape recover tapes          makes tapes of what a killed recorder left in tapes/.tokentape-spool
"""


def on_client_close(text: str) -> OnClientClose:
    """`drain[:DURATION]`, `stop` or `finish`."""
    from cassettes.durations import DurationError

    what, _, rest = text.partition(":")
    if what == "drain":
        return "drain", (duration(rest) if rest else 10_000.0) / 1000
    if what == "stop" and not rest:
        return "stop", 0.0
    if what == "finish" and not rest:
        return "finish", 0.0
    raise DurationError(f"--on-client-close {text!r}: expected drain:10s, stop or finish")


@click.command("record", help=f"{RECORD_EXAMPLES}\nForward requests to the providers and keep every answer as a tape.")
@click.option(
    "-o", "--output", default="tapes", show_default=True, type=click.Path(path_type=Path), help="Folder for the tapes."
)
@click.option("--one-file", type=click.Path(path_type=Path), help="Keep everything in this one file.")
@click.option(
    "--record-mode",
    type=click.Choice(["none", "once", "new_episodes", "all", "rewrite"]),
    default="once",
    show_default=True,
    help="What to play and what to record.",
)
@click.option(
    "--upstream",
    multiple=True,
    metavar="NAME=URL",
    help="Where a provider's requests go; a new NAME is mounted with dialect raw.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=None,
    type=click.IntRange(0, 65535),
    help="Port; 0 lets the kernel choose. [default: 7358; 0 with -- CMD]",
)
@click.option("--ready-file", type=click.Path(path_type=Path), help='Written once listening: {"url": …, "pid": …}.')
@click.option(
    "--on-client-close",
    "leaving",
    type=on_client_close,
    default="drain:10s",
    show_default=True,
    help="When the client leaves: drain:DURATION, stop or finish.",
)
@click.option(
    "--idle-timeout",
    type=duration,
    default="3600s",
    show_default=True,
    help="Give an upstream up after this long without a byte.",
)
@click.option(
    "--ending-drain",
    type=duration,
    default="30s",
    show_default=True,
    help="How long a relayed RST waits for the client to take what was sent.",
)
@click.option("--keep-encoding", is_flag=True, help="Let the upstream compress; the tape keeps the bytes as they came.")
@click.option(
    "--loop", type=click.Choice(["auto", "asyncio", "uvloop"]), default="auto", show_default=True, help="Event loop."
)
@click.pass_context
def record_command(ctx: click.Context, /, **options: Any) -> None:
    """Runs the recorder; a wrapped command's status wins when it is not 0."""
    from recorder.session import record

    ctx.exit(record(options, ctx.obj["command"], ctx.obj["compose"].forwarding, dict(os.environ)))


@click.command("call", help=f"{CALL_EXAMPLES}\nSend one prompt, print the answer's text as it comes, keep the tape.")
@click.argument("provider")
@click.argument("prompt")
@click.option("--model", help="Model to ask. [default: the provider's]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File for the tape. [default: a name of its own under tapes/]",
)
@click.option("--upstream", "base_url", metavar="URL", help="Base URL in the form the provider's SDK takes.")
@click.option("--no-stream", is_flag=True, help="Ask for the whole answer at once.")
@click.option(
    "--idle-timeout",
    type=duration,
    default="3600s",
    show_default=True,
    help="Give the upstream up after this long without a byte.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
@click.pass_context
def call_command(ctx: click.Context, /, **options: Any) -> None:
    """Exit status 0 for a whole 2xx answer, else 5."""
    from recorder.call import call

    ctx.exit(call(options, dict(os.environ), sys.stderr.isatty() and "NO_COLOR" not in os.environ))


@click.command(
    "recover", help=f"{RECOVER_EXAMPLES}\nMake tapes of the recordings a killed recorder left behind in DIR."
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each tape.")
@click.pass_context
def recover_command(ctx: click.Context, /, folder: Path, as_json: bool) -> None:
    """Exit status 1 when something is left that could not be made a tape."""
    from recorder.session import recover

    ctx.exit(recover(folder, environ(), as_json=as_json))


def environ() -> Mapping[str, str]:
    """The process's environment."""
    return dict(os.environ)
