"""`tokentape faults`: which faults there are, how one is written, and how a list of them is put into a URL.

click here; nothing of the server. Imports `faults` when the command runs.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mockserver.faults.kinds import Kind
    from mockserver.faults.table import Bound

_WRITTEN = re.compile(r"[^A-Za-z_-]")
"""More than a name."""

HELP = """\b
Examples:
  tokentape faults                             all of them
  tokentape faults stall                       one: its place, its arguments, an example
  tokentape faults 'reset@3e#1;stall#2'        what these come to, or what is wrong with them
  tokentape faults --url 'reset@3e#1'          as a URL holds them: /!reset@3e%231/openai/v1
  tokentape serve --fault 'status#1:429,retry-after=1;stall@50%#2'

List the faults: what a client sees of each. They are asked for with --fault, with the header x-tokentape-fault, or with
/!FAULTS/ in front of a path; several are separated by ';'."""


@click.command("faults", help=HELP)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--url", "for_url", metavar="FAULTS", help="Print FAULTS as the path segment that a URL takes.")
def faults_command(name: str | None, as_json: bool, for_url: str | None) -> None:
    """Lines on stdout. Raises FaultError for a fault that there is not."""
    from mockserver.faults import table
    from mockserver.faults.grammar import text_of, url_segment

    if for_url is not None:
        table.read(for_url)
        click.echo(f"/!{url_segment(for_url)}")
        return
    written = table.read(name) if name and _WRITTEN.search(name) else ()
    kinds = [one.kind for one in written] or [table.get(one) for one in ([name] if name else table.names())]
    if as_json:
        rows = [described(kind) for kind in kinds]
        for row, one in zip(rows, written, strict=False):
            row["written"] = text_of([one.fault])
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for line in meaning(written) if written else page(kinds[0]) if name else listing(kinds):
        click.echo(line)


def described(kind: Kind) -> dict[str, object]:
    """What there is to say of a fault: the keys of `--json`."""
    from mockserver.faults import table

    return {
        "name": kind.name,
        "family": kind.family,
        "usage": table.usage(kind),
        "place": {"no": "none", "may": "optional", "must": "required"}[kind.place],
        "default_place": kind.default or None,
        "arguments": [
            {
                "name": argument.name,
                "value": argument.words or argument.shown,
                "required": argument.needed,
                "default": _default(argument.default),
            }
            for argument in kind.arguments
        ],
        "sees": kind.sees,
        "example": kind.example,
        "seeded": kind.random,
    }


def listing(kinds: Iterable[Kind]) -> Iterable[str]:
    """Two lines each, by family: how it is written with an example, and what the client sees."""
    from itertools import groupby

    from cassettes.printable import escape
    from mockserver.faults import table
    from mockserver.faults.places import FORMS

    for family, members in groupby(kinds, lambda kind: kind.family):
        yield f"{family}:"
        for kind in members:
            yield f"  {escape(table.usage(kind))}    e.g. {escape(kind.example)}"
            yield f"      {escape(kind.sees)}"
        yield ""
    yield f"WHERE: {FORMS}"
    yield "#ATTEMPTS behind it: 1, 1-2 or 2+; ? behind the name: left out where it cannot act"


def meaning(written: Iterable[Bound]) -> Iterable[str]:
    """What faults as they are written come to, one after the other."""
    from cassettes.printable import escape
    from mockserver.faults.grammar import ALWAYS, text_of

    for one in written:
        fault = one.fault
        yield escape(text_of([fault]))
        yield f"  {escape(one.given['id'].wire if one.kind.family == 'preset' else one.kind.sees)}"
        if fault.where or one.kind.default:
            yield f"  place:    {escape(fault.where or one.kind.default)}"
        if fault.attempts != ALWAYS:
            yield f"  attempts: {fault.attempts} of each request"
        if fault.optional:
            yield "  optional: where it cannot act the answer comes without it"


def page(kind: Kind) -> Iterable[str]:
    """All there is to say of one."""
    from cassettes.printable import escape
    from mockserver.faults import table
    from mockserver.faults.places import FORMS

    yield f"{kind.name} ({kind.family})"
    yield f"  {escape(kind.sees)}"
    yield f"  written:  {escape(table.usage(kind))}"
    yield f"  example:  {escape(kind.example)}"
    for argument in kind.arguments:
        default = "required" if argument.needed else f"default {_default(argument.default)}"
        words = f"; {argument.words}" if argument.words else ""
        yield f"  argument: {argument.name}={argument.shown} ({default}{words})"
    if kind.place != "no":
        yield f"  WHERE:    {FORMS}" + (f"; without one: {kind.default}" if kind.default else "")
    if kind.random:
        yield "  chance:   drawn from the seed, the deck, the request and its attempt: --seed repeats it"


def _default(value: object) -> str:
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
