"""The options of `serve`, one name each. click here, nothing of the server.

Imports click, `cassettes.ages` and `cassettes.durations`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassettes.ages import age
from cassettes.durations import duration, rate, speed
from cassettes.model import TokentapeError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    AnyType = click.ParamType[Any]
else:
    AnyType = click.ParamType  # no generic before click 8.2


class Written(AnyType):
    """A value as people write it, read by a function of ours: its error names the option."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value that was meant."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except TokentapeError as error:
            self.fail(str(error), param, ctx)


def _path(text: str) -> Any:
    from cassettes.jsonpath import parse

    return parse(text)


def _renaming(text: str) -> Any:
    from cassettes.normalise import renaming

    return renaming(text)


def _faults(text: str) -> str:
    from mockserver.faults.table import read

    read(text)
    return text


def _extended(ctx: click.Context, _option: click.Parameter, file: Path | None) -> None:
    """Adds the rows of `--providers` before anything asks for a provider. Raises RowError."""
    if file is not None and not ctx.resilient_parsing:
        from cassettes import providers

        providers.extend(providers.read(file))


def tape_names(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a tape: names of shipped ones and what is beside them, else paths."""
    from click.shell_completion import CompletionItem

    from cassettes.shipped import names_for

    return [CompletionItem(name) for name in names_for(incomplete)] or [CompletionItem(incomplete, type="file")]


PATH: Any = click.Path(path_type=Path)
DURATION = Written("duration", duration)
FACTOR = Written("factor", speed)

# Named, or click before 8.3 asks no configuration for an argument that may be absent.
tapes = click.argument(
    "tapes", nargs=-1, type=PATH, metavar="[TAPES]... [-- CMD...]", envvar="TOKENTAPE_TAPES", shell_complete=tape_names
)
host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port; 0 lets the kernel choose. [default: 7357; 0 with -- CMD]",
)
ready_file = click.option(
    "--ready-file", type=PATH, help='Written once listening: {"url": …, "pid": …}, with --tls also "ca".'
)
match = click.option(
    "--match",
    type=click.Choice(["exact", "normalized", "conversation", "last-user", "route", "order"]),
    help="How far to go to find a tape. [default: normalized with TAPES, else last-user]",
)
ignore = click.option(
    "--ignore",
    multiple=True,
    type=Written("path", _path),
    metavar="$.PATH",
    help="A field of request bodies that does not count, e.g. $.temperature.",
)
normalize = click.option(
    "--normalize",
    multiple=True,
    type=Written("rule", _renaming),
    metavar="RE=NAME",
    help="Texts in request bodies that change from run to run, e.g. run-[0-9]+=run.",
)
after_last = click.option(
    "--after-last",
    type=click.Choice(["repeat", "error"]),
    help="When every matching interaction was played. [default: repeat; error with --strict]",
)
strict = click.option("--strict", is_flag=True, help="Exit with 4 at the end if a request found no tape.")
on_miss = click.option(
    "--on-miss",
    type=click.Choice(["error", "record", "synth"]),
    help="What a request gets that finds no tape: a 404, the upstream's answer, which is recorded, or one that is made "
    "up in the provider's style. [default: error; synth without TAPES, --match and --strict]",
)
answer = click.option(
    "--answer",
    default="echo",
    show_default=True,
    metavar="echo|lorem|FILE",
    help="What is made up with --on-miss synth: the prompt once more, lorem ipsum, the text of a file. A table of "
    "prompts and answers stands in the configuration, [tool.tokentape.answers].",
)
output = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for what --on-miss record keeps. [default: the first folder of TAPES]",
)
cors = click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of ORIGIN read answers, as those of this machine may; * for all (never the control paths).",
)
factor = click.option(
    "--speed",
    type=FACTOR,
    default="1",
    show_default=True,
    help="Factor, or max for no waiting at all.",
)
ttft = click.option("--ttft", type=DURATION, help="Time to the first body byte, e.g. 300ms.")
tps = click.option("--tps", type=Written("rate", rate), help="Events carrying text per second.")
max_gap = click.option("--max-gap", type=DURATION, help="No wait longer than this.")
fault = click.option(
    "--fault",
    "faults",
    multiple=True,
    type=Written("faults", _faults),
    metavar="FAULTS",
    help="Break every answer, e.g. reset@3e#1 (see tokentape faults); also header x-tokentape-fault, /!FAULTS/.",
)
jitter = click.option("--jitter", type=DURATION, default="0ms", help="Move every offset by up to this; never reorders.")
seed = click.option("--seed", type=int, help="Seed of everything random. [default: the scenario's, else 0]")
scenario = click.option(
    "--scenario",
    type=PATH,
    metavar="FILE",
    help="YAML file: which requests get which tapes and faults on which attempt. Read again when it changes.",
)
upstream = click.option(
    "--upstream",
    multiple=True,
    metavar="NAME=URL",
    help="Mount /NAME (dialect raw); where misses go with --on-miss record.",
)
mapped = click.option(
    "--map", "mapped", multiple=True, metavar="VARIABLE=PROVIDER", help="Which provider a variable is for, with -- CMD."
)
ending_drain = click.option(
    "--ending-drain",
    type=DURATION,
    default="30s",
    show_default=True,
    help="How long an RST waits for the client to take what was sent.",
)
providers_file = click.option(
    "--providers",
    type=PATH,
    is_eager=True,
    expose_value=False,
    callback=_extended,
    metavar="FILE",
    help="YAML file of more providers: NAME: {base_url: URL}.",
)
max_age = click.option(
    "--max-age",
    type=Written("age", age),
    metavar="AGE",
    help="Tell of tapes that were recorded longer ago, e.g. 90d; with --strict refuse them.",
)
tls = click.option(
    "--tls", is_flag=True, help="Speak https, with a throwaway CA (its file is in the ready file) or --cert."
)
cert = click.option("--cert", type=PATH, metavar="FILE", help="With --tls: your certificate, PEM, its chain after it.")
key = click.option("--key", type=PATH, metavar="FILE", help="Its key, PEM. [default: in the --cert file]")
no_mark = click.option("--no-mark", is_flag=True, help="Leave the x-tokentape header out.")
loop = click.option(
    "--loop", type=click.Choice(["auto", "asyncio", "uvloop"]), default="auto", show_default=True, help="Event loop."
)
