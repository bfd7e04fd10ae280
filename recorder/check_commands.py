"""`tokentape check`: the one command for a user's CI. click here, no sockets; what is printed is escaped.

What is wrong with a tape is `cassettes.check`. Imports what it needs when it runs.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import options as option

if TYPE_CHECKING:
    from cassettes.check import Checked, Finding
    from cassettes.store import Tape

CHECK = option.examples(
    """
    tokentape check tests/cassettes
    tokentape check tests/cassettes --strict --max-age 90d
    tokentape check tapes/hello.yaml --json
    """,
    "Hold tapes against the format, the grammar of their dialect, secrets and age. TAPES are files, folders or names "
    "of shipped tapes. Exit status 1 when something is wrong (--strict: or new, or odd), 3 when a file cannot be read.",
)


@click.command("check", help=CHECK)
@option.tapes
@option.strict
@option.max_age
@option.markdown
@option.as_json
@click.pass_context
def check_command(
    ctx: click.Context, /, tapes: tuple[Path, ...], strict: bool, max_age: float | None, markdown: bool, as_json: bool
) -> None:
    """A line for each finding on stdout, the sum on stderr."""
    from cassettes.grammar.page import document
    from cassettes.store import FolderStore, find_tape, notes_of
    from recorder.printing import complain, print_json, say

    if markdown:
        click.echo(document(), nl=False)
        return
    if not tapes:
        raise click.UsageError("there is nothing to check: expected files or folders, such as tests/cassettes")
    store = FolderStore([find_tape(tape) for tape in tapes])
    unreadable = store.load_readable()
    results = _checked(store.tapes, max_age)
    if as_json:
        print_json([_row(tape, one) for tape, result in results for one in result.findings])
    else:
        for tape, result in results:
            for one in result.findings:
                click.echo(_line(tape, one))
    for note in notes_of(store.tapes):
        say(f"tokentape: note: {note}")
    for problem in unreadable:
        complain(problem)
    say(f"tokentape: {_sum(results, len(unreadable))}")
    failing = {"error", "warning", "unknown"} if strict else {"error"}
    wrong = any(one.level in failing for _, result in results for one in result.findings)
    ctx.exit(3 if unreadable else 1 if wrong else 0)


def _checked(tapes: Iterable[Tape], max_age: float | None) -> list[tuple[Tape, Checked]]:
    from datetime import UTC, datetime

    from cassettes.check import check_tape, terms
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from cassettes.yamlio import read_file

    held_to = terms(Redactor(secrets_from_env(os.environ)), datetime.now(UTC), max_age)
    return [(tape, check_tape(read_file(tape.path), str(tape.path), tape.cassette, held_to)) for tape in tapes]


def _line(tape: Tape, one: Finding) -> str:
    """`file:line: level: #2: what, where, what was expected [rule]`."""
    from cassettes.printable import escape

    place = f"{tape.path}:{one.line}" if one.line else f"{tape.path}"
    number = f"#{one.interaction}: " if one.interaction else ""
    return escape(f"{place}: {one.level}: {number}{one.text}")


def _row(tape: Tape, one: Finding) -> dict[str, Any]:
    return {
        "tape": f"{tape.name}#{one.interaction}" if one.interaction else tape.name,
        "file": str(tape.path),
        "line": one.line or None,
        "level": one.level,
        "event": one.place.event or None,
        "offset": one.place.offset if one.place.event else None,
        "kind": one.kind or None,
        "found": one.found,
        "expected": one.expected or None,
        "more": one.more,
        "rule": one.rule.id,
        "says": one.rule.says,
        "source": one.rule.source,
    }


def _sum(results: list[tuple[Tape, Checked]], unreadable: int) -> str:
    """`12 tapes, 30 interactions: 2 errors, 1 warning; 3 without a grammar: …`."""
    from cassettes.printable import count

    levels = Counter(one.level for _, result in results for one in result.findings)
    interactions = sum(len(tape.cassette.interactions) for tape, _ in results)
    found = [
        *(count(levels[level], level) for level in ("error", "warning") if levels[level]),
        *([f"{levels['unknown']} unknown"] if levels["unknown"] else []),
        *([f"{count(unreadable, 'file')} that cannot be read"] if unreadable else []),
    ]
    reasons = Counter(why for _, result in results for _, why in result.unchecked)
    skipped = "".join(f"; no grammar asked for {number}: {why}" for why, number in reasons.items())
    said = ", ".join(found) or "nothing is wrong"
    return f"{count(len(results), 'tape')}, {count(interactions, 'interaction')}: {said}{skipped}"
