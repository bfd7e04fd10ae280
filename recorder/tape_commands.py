"""The commands that look at tapes or mend them: list, show, verify, edit, import, schema, doctor.

click here, no sockets. What is printed is escaped: a tape is untrusted. Imports what a command needs when it runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import options as option

if TYPE_CHECKING:
    from cassettes.model import Interaction
    from recorder.verify import Verified

LIST = option.examples(
    """
    tokentape list
    tokentape list tests/cassettes --json
    """,
    "List tapes, a line for each interaction. TAPES are files, folders or names of shipped tapes; none: all that ship.",
)
SHOW = option.examples(
    """
    tokentape show tapes/hello.yaml
    tokentape show openai/hello --text
    tokentape show openai/hello --text --asked       for reading in a diff, as `tokentape init` sets up
    """,
    "Show head, timeline, TTFT, gaps, chunks, text and ending of a tape (a file, or the name of a shipped tape).",
)
VERIFY = option.examples(
    """
    tokentape verify tapes/hello.yaml
    tokentape verify openai/hello --speed 10
    """,
    "Play a tape to a raw client and compare: bytes, chunks, gaps, head, ending. Takes as long as the tape.",
)
EDIT = option.examples(
    "tokentape edit --fix-sizes tapes/hello.yaml",
    "Mend a tape that was edited by hand. What is mended gets `source: edited`.",
)
IMPORT = option.examples(
    """
    tokentape import recordings/*.yaml -o tapes
    tokentape import answer.sse --json
    """,
    "Make tapes of recordings of other tools. Timing they do not hold is stated as synthetic.",
)
SCHEMA = option.examples(
    """
    tokentape schema cassette > cassette.schema.json
    tokentape schema scenario > scenario.schema.json
    """,
    "Print the JSON Schema of a file format, for editors.",
)
DOCTOR = option.examples(
    """
    tokentape doctor
    tokentape doctor --json
    """,
    "Check this installation and what around it changes how exact it is.",
)


def _texts(interaction: Interaction) -> Callable[[bytes], str]:
    from cassettes import dialects
    from cassettes.matching import entry_of

    return dialects.get(entry_of("", 1, interaction).dialect).text


def _numbered(tape: str, number: int | None) -> list[tuple[int, Interaction]]:
    from cassettes.model import CassetteError
    from cassettes.store import find_tape, read_tape

    path = find_tape(tape)
    if path.is_dir():
        raise CassetteError(
            f"this is a folder, expected one tape; `tokentape list {tape}` lists those in it", str(path)
        )
    interactions = read_tape(path).interactions
    if number is not None and number > len(interactions):
        have = f"#1 to #{len(interactions)}" if interactions else "none at all"
        raise CassetteError(f"there is no interaction #{number}, expected one of those it has: {have}", str(path))
    return [(n, one) for n, one in enumerate(interactions, start=1) if number in {None, n}]


@click.command("list", help=LIST)
@option.tapes
@option.as_json
@click.pass_context
def list_command(ctx: click.Context, /, tapes: tuple[Path, ...], as_json: bool) -> None:
    """One line each: name, status, events, bytes, duration, ending. Exit status 3 when a file cannot be read; the
    others are listed all the same."""
    from cassettes.printable import columns, pad
    from cassettes.render import summary
    from cassettes.store import FolderStore, find_tape, shipped_root
    from recorder.printing import complain, print_json, say
    from recorder.spool import left_behind

    roots = [find_tape(tape) for tape in tapes] or [shipped_root()]
    for root in roots:
        if root.is_dir() and (note := left_behind(root)):
            say(f"tokentape: note: {note}")
    store = FolderStore(roots)
    unreadable = store.load_readable()
    rows: list[dict[str, Any]] = []
    for tape in store.tapes:
        for number, interaction in enumerate(tape.cassette.interactions, start=1):
            rows.append({"tape": f"{tape.name}#{number}", **summary(interaction, _texts(interaction))})
    if as_json:
        print_json(rows)
    else:
        lines = [_cells(row) for row in rows]
        widths = [max(map(columns, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            click.echo("  ".join(map(pad, line, widths)).rstrip())
    for problem in unreadable:
        complain(problem)
    ctx.exit(3 if unreadable else 0)


def _cells(row: dict[str, Any]) -> list[str]:
    from cassettes.printable import count, escape

    cells = (
        row["tape"],
        f"{row['status']['code']}",
        f"{row['provider']}/{row['dialect']}",
        count(row["events"], "event", grouped=False),
        count(row["bytes"], "byte", grouped=False),
        f"{row['total_ms']:.0f} ms",
        row["end"]["type"],
        row["source"],
    )
    return [escape(cell) for cell in cells]


@click.command("show", help=SHOW)
@option.tape
@option.number
@option.only_text
@option.asked
@option.rows
@option.as_json
def show_command(tape: str, number: int | None, only_text: bool, asked: bool, rows: int, as_json: bool) -> None:
    """Prints what is on a tape."""
    from cassettes.render import show, show_asked, show_text, summary
    from cassettes.store import SUFFIXES
    from recorder.printing import page, print_json

    shown = _numbered(tape, number)
    if as_json:
        print_json([{"number": n, **summary(one, _texts(one))} for n, one in shown])
        return
    name = next((tape.removesuffix(suffix) for suffix in SUFFIXES[::-1] if tape.endswith(suffix)), tape)
    for n, one in shown:
        if asked:
            click.echo(show_asked(one, f"#{n}"), nl=False)
        if only_text:
            click.echo(show_text(one, _texts(one)), nl=False)
        else:
            click.echo(show(one, f"{name}#{n}", texts=_texts(one), rows=rows, page=page()))


@click.command("verify", help=VERIFY)
@option.tape
@option.number
@option.factor
@option.draw
@option.as_json
@click.pass_context
def verify_command(
    ctx: click.Context, /, tape: str, number: int | None, factor: float, draw: bool, as_json: bool
) -> None:
    """Exit status 1 when a byte, a chunk boundary or the ending differs."""
    from cassettes.render import comparison_summary, side_by_side
    from recorder.printing import page, print_json
    from recorder.verify import verify

    shown = _numbered(tape, number)
    results = verify([one for _, one in shown], factor)
    numbered = [(n, result) for (n, _), result in zip(shown, results, strict=True)]
    if as_json:
        print_json([{"number": n, "same": one.same, **comparison_summary(one.held)} for n, one in numbered])
    else:
        for n, one in numbered:
            if draw:
                click.echo(side_by_side(one.wanted, one.got, page=page()))
            click.echo(_verdict(n, one))
    ctx.exit(0 if all(result.same for result in results) else 1)


def _verdict(number: int, one: Verified) -> str:
    from cassettes.printable import count

    held, parts = one.held, []
    parts.append("bytes equal" if held.same_bytes else f"bytes differ from byte {held.first_difference} on")
    parts.append(f"{count(len(one.wanted.frames), 'chunk')} equal" if one.same_chunks else "chunk boundaries differ")
    parts.append("head equal" if one.same_head else "head differs")
    parts.append("ending equal" if one.same_ending else f"ending {one.got.end.type}, expected {one.wanted.end.type}")
    if held.gap_errors:
        errors = held.gap_errors
        parts.append(f"gap error p50 {errors.p50:.2f} ms, p99 {errors.p99:.2f} ms, max {errors.max:.2f} ms")
    return f"#{number}: {'; '.join(parts)}"


@click.command("edit", help=EDIT)
@click.argument("tape", type=option.PATH)
@option.fix_sizes
@option.as_json
def edit_command(tape: Path, fix_sizes: bool, as_json: bool) -> None:
    """Rewrites the tape in place, by rename; a tape that needs nothing is not touched."""
    from cassettes.model import CassetteError
    from cassettes.printable import escape
    from cassettes.shipped import shipped_tape
    from cassettes.store import replace
    from cassettes.yamlio import load_file
    from recorder.printing import print_json

    if not tape.exists() and (shipped := shipped_tape(str(tape))) is not None:
        raise CassetteError(
            f"this tape ships with tokentape and stays as it is; copy it first: `cp {shipped} .`", str(tape)
        )
    mended = load_file(tape, fix_sizes=fix_sizes)
    needed = not _loads(tape)
    if needed:
        replace(tape, mended.interactions)
    if as_json:
        print_json({"tape": str(tape), "mended": needed, "notes": mended.notes})
        return
    for note in mended.notes if needed else ("the sizes add up; nothing to mend",):
        click.echo(escape(f"{tape}: {note}"))


def _loads(tape: Path) -> bool:
    from cassettes.model import CassetteError
    from cassettes.yamlio import load_file

    try:
        load_file(tape)
    except CassetteError:
        return False
    return True


@click.command("import", help=IMPORT)
@click.argument("files", nargs=-1, required=True, type=option.PATH)
@option.output
@option.overwrite
@option.as_json
@click.pass_context
def import_command(
    ctx: click.Context, /, files: tuple[Path, ...], output: Path, overwrite: bool, as_json: bool
) -> None:
    """Exit status 3 when a file is none of the known formats; the others are imported all the same."""
    from cassettes.model import TokentapeError
    from cassettes.printable import count, escape
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from recorder.importing import Importing
    from recorder.printing import complain, print_json

    importing = Importing(output, Redactor(secrets_from_env(os.environ)), overwrite=overwrite)
    rows: list[dict[str, Any]] = []
    status = 0
    for file in files:
        try:
            one = importing.take(file)
        except TokentapeError as error:
            status = max(status, error.exit_code)
            complain(error)
            continue
        rows.append({**one._asdict(), "file": str(one.file), "tape": str(one.tape)})
        if not as_json:
            click.echo(escape(f"{one.file}: {one.format}, {count(one.interactions, 'interaction')} -> {one.tape}"))
    if as_json:
        print_json(rows)
    ctx.exit(status)


@click.command("schema", help=SCHEMA)
@click.argument("name", metavar="NAME", type=click.Choice(["cassette", "scenario"]))
@option.as_json
@click.pass_context
def schema_command(ctx: click.Context, /, name: str, as_json: bool) -> None:  # noqa: ARG001 - a schema is JSON in either case
    """The schema on stdout."""
    from cassettes.schema import cassette_schema
    from recorder.printing import print_json

    print_json(cassette_schema() if name == "cassette" else ctx.obj["compose"].scenarios.scenario_schema())


@click.command("doctor", help=DOCTOR)
@option.as_json
@click.pass_context
def doctor_command(ctx: click.Context, /, as_json: bool) -> None:
    """Exit status 1 when something is broken."""
    from cassettes.printable import escape
    from recorder.doctor import findings
    from recorder.printing import print_json

    found = findings(os.environ, Path.cwd())
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        for one in found:
            click.echo(escape(f"{one.level:<5} {one.check}: {one.text}"))
    ctx.exit(1 if any(one.level == "error" for one in found) else 0)
