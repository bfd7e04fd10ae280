"""The commands that look at tapes or mend them: list, show, verify, edit, import, schema, doctor. click here, no sockets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassettes.durations import speed

if TYPE_CHECKING:
    from cassettes.model import Interaction
    from cassettes.printable import Page

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _help(examples: str, text: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples.strip().split("\n")) + f"\n\n{text}"


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def page() -> Page:
    """The terminal as a page to write on."""
    from shutil import get_terminal_size

    from cassettes.printable import Page

    encoding = (sys.stdout.encoding or "ascii").lower()
    return Page(width=get_terminal_size((100, 24)).columns, ascii_only=not encoding.startswith("utf"))


def _texts(interaction: Interaction) -> Callable[[bytes], str]:
    from cassettes import dialects
    from cassettes.matching import entry_of

    return dialects.get(entry_of("", 1, interaction).dialect).text


@click.command(
    "list",
    help=_help(
        "tokentape list\ntokentape list tests/cassettes --json",
        "List tapes: a line for each interaction. TAPES are files or folders; none: the shipped library.",
    ),
)
@click.argument("tapes", nargs=-1, type=click.Path(path_type=Path))
@JSON
def list_command(tapes: tuple[Path, ...], as_json: bool) -> None:
    """One line each: name, status, events, bytes, duration, ending."""
    from cassettes.render import summary
    from cassettes.store import FolderStore, shipped_root

    store = FolderStore(tapes or (shipped_root(),))
    store.load()
    rows: list[dict[str, Any]] = []
    for tape in store.tapes:
        for number, interaction in enumerate(tape.cassette.interactions, start=1):
            rows.append({"tape": f"{tape.name}#{number}", **summary(interaction, _texts(interaction))})
    if as_json:
        _print_json(rows)
        return
    from cassettes.printable import escape

    width = max((len(row["tape"]) for row in rows), default=4)
    for row in rows:
        click.echo(f"{escape(row['tape']):<{width}}  {_row(row)}")


def _row(row: dict[str, Any]) -> str:
    return "  ".join(
        (
            f"{row['status']}",
            f"{row['provider'] or '-'}/{row['dialect']}",
            f"{row['events']} events",
            f"{row['bytes']} bytes",
            f"{row['total_ms']:.0f} ms",
            row["ending"]["type"],
            row["source"],
        )
    )


@click.command(
    "show",
    help=_help(
        "tokentape show tapes/hello.yaml\ntokentape show tapes/hello.yaml --text",
        "Show head, timeline, TTFT, gaps, chunks, text and ending of a tape (a file, or the name of a shipped tape).",
    ),
)
@click.argument("tape")
@click.option("-n", "--number", type=click.IntRange(1), help="Only this interaction.")
@click.option("--text", "only_text", is_flag=True, help="Only the text of the answer.")
@click.option("--rows", default=16, show_default=True, type=click.IntRange(2), help="Chunks to list.")
@JSON
def show_command(tape: str, number: int | None, only_text: bool, rows: int, as_json: bool) -> None:
    """Prints what is on a tape."""
    from cassettes.render import show, show_text, summary

    shown = _numbered(tape, number)
    if as_json:
        _print_json(
            [{"number": n, **summary(one, _texts(one)), "text": show_text(one, _texts(one))} for n, one in shown]
        )
        return
    for n, one in shown:
        if only_text:
            click.echo(show_text(one, _texts(one)), nl=False)
        else:
            click.echo(show(one, f"{Path(tape).stem}#{n}", texts=_texts(one), rows=rows, page=page()))


def _numbered(tape: str, number: int | None) -> list[tuple[int, Interaction]]:
    from cassettes.model import CassetteError
    from cassettes.yamlio import load_file

    interactions = load_file(tape_path(tape)).interactions
    if number is not None and number > len(interactions):
        raise CassetteError(f"there is no interaction #{number}; the tape has {len(interactions)}", tape)
    return [(n, one) for n, one in enumerate(interactions, start=1) if number in {None, n}]


def tape_path(tape: str) -> Path:
    """The file that `tape` names: a path, or the name of a shipped tape such as `openai/hello`."""
    from cassettes.store import shipped_root

    path = Path(tape)
    if path.exists():
        return path
    shipped = shipped_root() / f"{tape}.yaml"
    inside = shipped.resolve().is_relative_to(shipped_root().resolve())
    return shipped if inside and shipped.exists() else path


@click.command(
    "verify",
    help=_help(
        "tokentape verify tapes/hello.yaml\ntokentape verify openai/hello --speed 10",
        "Play a tape to a raw client and compare: bytes, chunk boundaries, gaps, head, ending. Takes as long as the tape.",
    ),
)
@click.argument("tape")
@click.option("-n", "--number", type=click.IntRange(1), help="Only this interaction.")
@click.option("--speed", "factor", type=speed, default="1", show_default=True, help="Factor, or max.")
@click.option("--draw", is_flag=True, help="Draw both timelines.")
@JSON
@click.pass_context
def verify_command(
    ctx: click.Context, /, tape: str, number: int | None, factor: float, draw: bool, as_json: bool
) -> None:
    """Exit status 1 when a byte, a chunk boundary or the ending differs."""
    from cassettes.render import comparison_summary, side_by_side
    from recorder.verify import verify

    shown = _numbered(tape, number)
    results = verify([one for _, one in shown], factor)
    numbered = [(n, result) for (n, _), result in zip(shown, results, strict=True)]
    if as_json:
        _print_json([{"number": n, "same": one.same, **comparison_summary(one.held)} for n, one in numbered])
    else:
        for n, one in numbered:
            if draw:
                click.echo(side_by_side(one.wanted, one.got, page=page()))
            click.echo(_verdict(n, one))
    ctx.exit(0 if all(result.same for result in results) else 1)


def _verdict(number: int, one: Any) -> str:
    held, parts = one.held, []
    parts.append("bytes equal" if held.same_bytes else f"bytes differ at {held.first_difference}")
    parts.append(f"{len(one.wanted.frames)} chunks equal" if one.same_chunks else "chunk boundaries differ")
    parts.append("head equal" if one.same_head else "head differs")
    parts.append("ending equal" if one.same_ending else f"ending {one.got.end.type}, expected {one.wanted.end.type}")
    if held.gap_errors:
        errors = held.gap_errors
        parts.append(f"gap error p50 {errors.p50:.2f} ms, p99 {errors.p99:.2f} ms, max {errors.max:.2f} ms")
    return f"#{number}: {'; '.join(parts)}"


@click.command(
    "edit",
    help=_help(
        "tokentape edit --fix-sizes tapes/hello.yaml",
        "Mend a tape that was edited by hand. Its source becomes `edited`.",
    ),
)
@click.argument("tape", type=click.Path(path_type=Path))
@click.option("--fix-sizes", is_flag=True, required=True, help="Make the chunk sizes add up to the body again.")
@JSON
def edit_command(tape: Path, fix_sizes: bool, as_json: bool) -> None:
    """Rewrites the tape in place, by rename."""
    from cassettes.store import replace
    from cassettes.yamlio import load_file

    mended = load_file(tape, fix_sizes=fix_sizes)
    changed = [n for n, one in enumerate(mended.interactions, start=1) if one.response.stream.source == "edited"]
    replace(tape, mended.interactions)
    if as_json:
        _print_json({"tape": str(tape), "edited": changed})
    else:
        click.echo(f"{tape}: {len(changed)} of {len(mended.interactions)} interactions are marked edited")


@click.command(
    "import",
    help=_help(
        "tokentape import recordings/*.yaml -o tapes",
        "Make tapes of recordings of other tools. Timing they do not hold is stated as synthetic.",
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o", "--output", default="tapes", show_default=True, type=click.Path(path_type=Path), help="Folder for the tapes."
)
@JSON
@click.pass_context
def import_command(ctx: click.Context, /, files: tuple[Path, ...], output: Path, as_json: bool) -> None:
    """Exit status 3 when a file is none of the known formats; the others are imported all the same."""
    from cassettes.convert import convert, sniff
    from cassettes.model import TokentapeError
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from cassettes.store import replace
    from cassettes.yamlio import read_file

    redactor, rows, failed = Redactor(secrets_from_env(os.environ)), [], False
    for file in files:
        try:
            data = read_file(file)
            cassette = convert(data, str(file))
            target = output / f"{file.name.removesuffix('.gz').rpartition('.')[0] or file.name}.yaml"
            replace(target, tuple(redactor.interaction(one) for one in cassette.interactions))
        except TokentapeError as error:
            failed = True
            click.echo(f"tokentape: error: {error}", err=True)
            continue
        rows.append(
            {
                "file": str(file),
                "format": sniff(data, str(file)),
                "tape": str(target),
                "interactions": len(cassette.interactions),
            }
        )
        if not as_json:
            click.echo(f"{file}: {rows[-1]['format']}, {len(cassette.interactions)} interactions -> {target}")
    if as_json:
        _print_json(rows)
    ctx.exit(3 if failed else 0)


@click.command(
    "schema",
    help=_help(
        "tokentape schema cassette > cassette.schema.json", "Print the JSON Schema of a file format, for editors."
    ),
)
@click.argument("name", type=click.Choice(["cassette"]))
@JSON
def schema_command(name: str, as_json: bool) -> None:  # noqa: ARG001 - a schema is JSON in either case
    """The schema on stdout."""
    from cassettes.schema import cassette_schema

    _print_json(cassette_schema())


@click.command(
    "doctor", help=_help("tokentape doctor", "Check this installation and what around it changes how exact it is.")
)
@JSON
@click.pass_context
def doctor_command(ctx: click.Context, /, as_json: bool) -> None:
    """Exit status 1 when something is broken."""
    from recorder.doctor import findings

    found = findings(os.environ)
    if as_json:
        _print_json([{"check": one.check, "level": one.level, "text": one.text} for one in found])
    else:
        for one in found:
            click.echo(f"{one.level:<5} {one.check}: {one.text}")
    ctx.exit(1 if any(one.level == "error" for one in found) else 0)
