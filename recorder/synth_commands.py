"""`tokentape synth`: a tape of an answer that nobody recorded. click here, no sockets; `cassettes.synth` makes it.

Imports what a command needs when it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from recorder import options as option

SYNTH = option.examples(
    """
    tokentape synth --provider openai --text "Hello!" -o hello.yaml
    tokentape synth --provider anthropic --tool 'weather={"city": "Seoul"}' --tps 40 -o tool.yaml
    tokentape synth --provider openrouter --reasoning "Hm." --text "42." --usage 9,12
    """,
    "Make a tape of any answer in a provider's wire style and rhythm: keys, padding, keepalives, sizes and gaps as "
    "measured. It says `source: synthetic`. Without -o the tape goes to stdout. Same options, same bytes.",
)


def _call(text: str) -> Any:
    from cassettes.synth.tape import call_of

    return call_of(text)


def _usage(text: str) -> Any:
    from cassettes.synth.tape import usage_of

    return usage_of(text)


def _from_stdin() -> str:
    from cassettes.synth.answer import AnswerError

    data = sys.stdin.buffer.read()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise AnswerError(f"--text -: found byte {data[error.start]:#04x} at {error.start}, expected UTF-8") from None


def _rate(text: str) -> float:
    from cassettes.durations import rate

    return rate(text)


def _coherent(options: Mapping[str, Any]) -> None:
    """Raises click.UsageError for what would be dropped in silence, and for a file that is there already."""
    said = ("text", "tools", "reasoning", "refusal", "usage", "finish")
    if options["status"] is None and options["message"]:
        raise click.UsageError("--message is what an error says; give it --error STATUS, or say it with --text")
    if options["status"] is not None and (beside := next((name for name in said if options[name]), None)):
        raise click.UsageError(f"--{beside.removesuffix('s')} is never said beside --error; expected one of them")
    if options["output"] is not None and options["output"].exists() and not options["overwrite"]:
        raise click.UsageError(f"{options['output']} is there already; --overwrite replaces it")


@click.command("synth", help=SYNTH)
@click.option("--provider", required=True, shell_complete=option.provider_names, help="Whose style: openai, xai …")
@click.option("--dialect", help="Which of its grammars. [default: its first]")
@click.option("--model", help="[default: the provider's usual one]")
@click.option("--prompt", default="Hello", show_default=True, help="What the request of the tape asks.")
@click.option("--text", default="", help="What is said; - reads it from stdin.")
@click.option("--tool", "tools", multiple=True, type=option.Written("call", _call), metavar="NAME=JSON", help="A call.")
@click.option("--reasoning", default="", help="What is thought before.")
@click.option("--refusal", default="", help="A refusal in words.")
@click.option(
    "--usage", type=option.Written("usage", _usage), metavar="IN,OUT|JSON", help="Counts. [default: estimates]"
)
@click.option("--finish", default="", help="Why it ends, in any provider's words: stop, length, content_filter …")
@click.option("--error", "status", type=click.IntRange(400, 599), help="An error response of that status instead.")
@click.option("--message", default="", help="What the error says.")
@click.option("--ttft", type=option.DURATION, help="Time to the first body byte, e.g. 300ms.")
@click.option("--tps", type=option.Written("rate", _rate), help="Events carrying text per second.")
@click.option("--jitter", type=option.DURATION, default="0ms", help="Move every offset by up to this; never reorders.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides ids, padding, sizes and gaps.")
@click.option("-o", "--output", type=option.FILE, help="The tape's file. [default: stdout]")
@option.overwrite
def synth_command(**options: Any) -> None:
    """Writes the tape; what the dialect cannot say is told on stderr."""
    from cassettes.model import Cassette
    from cassettes.store import replace
    from cassettes.synth.answer import Answer
    from cassettes.synth.tape import Wanted, made
    from cassettes.timing import Pace
    from cassettes.yamlio import dump

    _coherent(options)
    text = _from_stdin() if options["text"] == "-" else options["text"]
    answer = Answer(
        text, options["reasoning"], options["refusal"], options["tools"], options["finish"], options["usage"]
    )
    found = made(
        Wanted(
            options["provider"],
            answer,
            options["dialect"],
            options["model"],
            options["prompt"],
            Pace(ttft_ms=options["ttft"], tps=options["tps"], jitter_ms=options["jitter"]),
            options["seed"],
            options["status"] or 200,
            options["message"],
        )
    )
    for one in found.unsaid:
        click.echo(f"tokentape: note: {one.line}", err=True)
    if options["output"] is None:
        sys.stdout.buffer.write(dump(Cassette((found.interaction,))))
    else:
        replace(options["output"], (found.interaction,))
