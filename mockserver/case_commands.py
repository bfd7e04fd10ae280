"""`tokentape cases`: what is known to break clients, and which case shows it.

click here; nothing of the server. Imports `cases` when the command runs.
"""

from __future__ import annotations

import json

import click

HELP = """\b
Examples:
  tokentape cases                              all of them, by topic
  tokentape cases rst-mid-chunk                one: what is on the wire, what is right, who reported it
  tokentape cases --json
  tokentape serve --fault case:utf8-split      show it to every request

List the cases: conditions on the wire that break clients, under ids that are stable for ever. A case is asked for as
the fault case:ID."""


@click.command("cases", help=HELP)
@click.argument("name", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print the page of the documentation.")
def cases_command(name: str | None, as_json: bool, markdown: bool) -> None:
    """Lines on stdout. Raises CaseError for a case that there is not."""
    from mockserver.cases import listing
    from mockserver.cases.table import get, table

    cases = [get(name)] if name else list(table().values())
    if as_json:
        shown = [listing.described(case) for case in cases]
        click.echo(json.dumps(shown[0] if name else shown, indent=2, ensure_ascii=False))
    elif markdown:
        click.echo(listing.document(cases), nl=False)
    else:
        for line in listing.page(cases[0]) if name else listing.listing(cases):
            click.echo(line)
