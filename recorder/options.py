"""The options of the recorder's commands, one name each. click here, nothing of the recorder but what reads a value.

Imports click, `cassettes` and `live`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassettes.durations import age, duration, speed
from cassettes.model import TokentapeError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from recorder.leaving import LeavingPolicy

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


class TapeFile(click.Path):
    """A file to write a tape to: its name is a tape's, or nothing would find it there."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        from cassettes.shipped import SUFFIXES

        path = super().convert(value, param, ctx)
        if not str(path).endswith(SUFFIXES):
            endings = " or ".join(SUFFIXES)
            self.fail(f"{str(path)!r} is no name of a tape; expected one that ends in {endings}", param, ctx)
        return path


def _policy(text: str) -> LeavingPolicy:
    from recorder.leaving import leaving_policy

    return leaving_policy(text)


def _path(text: str) -> Any:
    from cassettes.jsonpath import parse

    return parse(text)


def _renaming(text: str) -> Any:
    from cassettes.normalise import renaming

    return renaming(text)


def _extended(ctx: click.Context, _option: click.Parameter, file: Path | None) -> None:
    """Adds the rows of `--providers` before anything asks for a provider. Raises RowError."""
    if file is not None and not ctx.resilient_parsing:
        from cassettes import providers

        providers.extend(providers.read(file))


PATH: Any = click.Path(path_type=Path)
FILE = TapeFile()
FOLDER: Any = click.Path(path_type=Path, file_okay=False)
DURATION = Written("duration", duration)


def tape_names(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a tape: names of shipped ones and what is beside them, else paths."""
    from click.shell_completion import CompletionItem

    from cassettes.shipped import names_for

    return [CompletionItem(name) for name in names_for(incomplete)] or [CompletionItem(incomplete, type="file")]


def provider_names(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a provider."""
    from click.shell_completion import CompletionItem

    from cassettes.shipped import provider_names as names

    return [CompletionItem(name) for name in names() if name.startswith(incomplete)]


def examples(lines: str, text: str) -> str:
    """The help of a command: examples first."""
    shown = "\n".join(f"  {line.strip()}" for line in lines.strip().splitlines())
    return f"\b\nExamples:\n{shown}\n\n{text}"


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

providers_file = click.option(
    "--providers",
    type=PATH,
    is_eager=True,
    expose_value=False,
    callback=_extended,
    metavar="FILE",
    help="YAML file of more providers: NAME: {base_url: URL}.",
)

# record

output = click.option(
    "-o", "--output", default="tapes", show_default=True, type=FOLDER, help="Folder for the tapes; made if it is new."
)
one_file = click.option("--one-file", type=FILE, help="Keep everything in this one file; -o is not used.")
record_mode = click.option(
    "--record-mode",
    type=click.Choice(["none", "once", "new_episodes", "all", "rewrite"]),
    default="once",
    show_default=True,
    help="What to play and what to record.",
)
upstream = click.option(
    "--upstream",
    multiple=True,
    metavar="NAME=URL",
    help="Where a provider's requests go; a new NAME is mounted with dialect raw.",
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
mapped = click.option(
    "--map", "mapped", multiple=True, metavar="VARIABLE=PROVIDER", help="Which provider a variable is for, with -- CMD."
)
host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port; 0 lets the kernel choose. [default: 7358; 0 with -- CMD]",
)
ready_file = click.option("--ready-file", type=PATH, help='Written once listening: {"url": …, "pid": …}.')
on_client_close = click.option(
    "--on-client-close",
    "leaving",
    type=Written("policy", _policy),
    default="drain:10s",
    show_default=True,
    help="When the client leaves: drain:DURATION, stop or finish.",
)
idle_timeout = click.option(
    "--idle-timeout",
    type=DURATION,
    default="3600s",
    show_default=True,
    help="Give an upstream up after this long without a byte.",
)
ending_drain = click.option(
    "--ending-drain",
    type=DURATION,
    default="30s",
    show_default=True,
    help="How long a relayed RST waits for the client to take what was sent.",
)
cors = click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of ORIGIN ask too, as those of this machine may.",
)
keep_encoding = click.option(
    "--keep-encoding", is_flag=True, help="Let the upstream compress; the tape keeps the bytes as they came."
)
tls = click.option(
    "--tls", is_flag=True, help="Speak https, with a throwaway CA (its file is in the ready file) or --cert."
)
cert = click.option("--cert", type=PATH, metavar="FILE", help="With --tls: your certificate, PEM, its chain after it.")
key = click.option("--key", type=PATH, metavar="FILE", help="Its key, PEM. [default: in the --cert file]")
loop = click.option(
    "--loop", type=click.Choice(["auto", "asyncio", "uvloop"]), default="auto", show_default=True, help="Event loop."
)

# call

provider = click.argument("provider", shell_complete=provider_names)
prompt = click.argument("prompt")
model = click.option("--model", help="Model to ask. [default: the provider's]")
tape_file = click.option(
    "-o", "--output", type=FILE, help="File for the tape, added to if it exists. [default: a name of its own in tapes/]"
)
base_url = click.option("--upstream", "base_url", metavar="URL", help="Base URL in the form the provider's SDK takes.")
no_stream = click.option("--no-stream", is_flag=True, help="Ask for the whole answer at once.")

# Tapes

tape = click.argument("tape", shell_complete=tape_names)
tapes = click.argument("tapes", nargs=-1, type=PATH, shell_complete=tape_names)
number = click.option("-n", "--number", type=click.IntRange(1), help="Only this interaction.")
only_text = click.option("--text", "only_text", is_flag=True, help="Only the text of the answer.")
asked = click.option("--asked", is_flag=True, help="With what was asked, a heading for each interaction.")
played_file = click.option(
    "--played",
    "played_file",
    type=PATH,
    default=".tokentape/played.jsonl",
    show_default=True,
    help="What runs have played, as the pytest plugin notes it.",
)
write = click.option("--write", is_flag=True, help="Do it; without this it is only shown.")
rows = click.option("--rows", default=16, show_default=True, type=click.IntRange(2), help="Chunks to list.")
factor = click.option(
    "--speed", "factor", type=Written("factor", speed), default="1", show_default=True, help="Factor, or max."
)
draw = click.option("--draw", is_flag=True, help="Draw both timelines.")
fix_sizes = click.option(
    "--fix-sizes", is_flag=True, required=True, help="Make the chunk sizes add up to the body again."
)
strict = click.option("--strict", is_flag=True, help="Fail on warnings and on what no table knows, too.")
max_age = click.option(
    "--max-age", type=Written("age", age), metavar="AGE", help="Fail on recordings that are older, e.g. 90d or 12w."
)
markdown = click.option("--markdown", is_flag=True, help="Print the grammars, as docs/grammar.md.")
overwrite = click.option("--overwrite", is_flag=True, help="Replace tapes that are there already.")
