"""`tokentape convert`: a tape in another dialect.

click here, no sockets; what is converted how is `cassettes.transpose`. Imports what the command needs when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import options as option

if TYPE_CHECKING:
    from cassettes.model import Cassette
    from cassettes.transpose import Wanted

CONVERT = option.examples(
    """
    tokentape convert --to anthropic openai/hello > hello.yaml
    tokentape convert --to gemini tapes/weather.yaml -o weather-gemini.yaml
    tokentape convert --to openrouter --model openai/gpt-5.1 tapes/weather.yaml -o weather.yaml --json
    """,
    "Make the same conversation in another dialect: request, answer, time and ending. TAPE is a file, or the name of a "
    "shipped tape. What has no counterpart there is listed on stderr; the new tape says that it is none recorded.",
)


@click.command("convert", help=CONVERT)
@click.argument("tape", type=option.PATH, shell_complete=option.tape_names)
@click.option("--to", required=True, metavar="DIALECT", help="The dialect, or a provider for its own.")
@click.option("--provider", default="", metavar="NAME", help="Whose wire style. [default: the dialect's own provider]")
@click.option("--model", default="", help="The model that the tape says. [default: the provider's usual]")
@click.option("-o", "--output", type=option.FILE, help="Where the tape goes. [default: stdout]")
@option.overwrite
@option.as_json
@option.providers_file
def convert_command(
    tape: Path, to: str, provider: str, model: str, output: Path | None, overwrite: bool, as_json: bool
) -> None:
    """The tape on stdout or in a file, what was lost on stderr, or as JSON on stdout."""
    from cassettes.store import find_tape, read_tape
    from cassettes.transpose import wanted
    from cassettes.yamlio import dump
    from recorder.printing import print_json, say

    if as_json and output is None:
        raise click.UsageError(
            "--json prints what was lost on stdout, where the tape would go; give the tape a file: -o FILE"
        )
    if output is not None and output.exists() and not overwrite:
        raise click.UsageError(f"{output} is there already; --overwrite replaces it")
    target, path = wanted(to, provider, model), find_tape(tape)
    made, losses = _converted(path, read_tape(path), target)
    if output is not None:
        from cassettes.store import replace

        replace(output, made.interactions)
    else:
        click.echo(dump(made), nl=False)
    if as_json:
        print_json({"tape": str(output), "interactions": len(made.interactions), "lost": losses})
        return
    for one in losses:
        say(f"tokentape: note: {path}#{one['interaction']}: {one['what']}: {one['why']}")


def _converted(path: Path, cassette: Cassette, target: Wanted) -> tuple[Cassette, list[dict[str, Any]]]:
    """The interactions that have a counterpart, and a row for each thing that has none. Raises CassetteError where no
    interaction has one, or one cannot be read."""
    from cassettes.model import Cassette, CassetteError, TokentapeError
    from cassettes.transpose import transposed

    made, losses = [], []
    for number, interaction in enumerate(cassette.interactions, start=1):
        try:
            one = transposed(interaction, target)
        except TokentapeError as error:
            raise CassetteError(str(error), f"{path}#{number}") from None
        made += [one.interaction] if one.interaction is not None else []
        losses += [{"interaction": number, "what": lost.what, "why": lost.why} for lost in one.losses]
    if not made:
        why = losses[0]["what"] if losses else "it has no interactions"
        raise CassetteError(f"there is no conversation on it to convert ({why})", str(path))
    return Cassette(tuple(made)), losses
