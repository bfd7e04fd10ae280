"""`tokentape providers` and `tokentape env`: which providers there are, and what points a client at a server.

click here; no server is asked or started. Imports `cassettes` and `wrapped` when a command runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassettes.model import TokentapeError
from mockserver import options as option

if TYPE_CHECKING:
    from cassettes.provider import Provider

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
PROVIDERS = """\b
Examples:
  tokentape providers
  tokentape providers --json
  tokentape providers --providers mine.yaml    with the rows of your own file
  tokentape providers --coverage               what can be done with each, as a table in Markdown

List the providers: name, title, base URL for an SDK, upstream, dialects, variables, and what is odd about them."""
ENV = """\b
Examples:
  tokentape env runyourai                      what leads OpenAI's SDK to RunYourAI's mount
  eval "$(tokentape env)"                      every SDK in this shell speaks to http://127.0.0.1:7357
  tokentape env --shell fish | source
  tokentape env --shell powershell | Out-String | Invoke-Expression

Print what sets the base-URL variables of the SDKs, and a dummy where no key is set."""


def _server(url: str) -> str:
    from cassettes.provider import url_flaw

    if flaw := url_flaw(url):
        raise TokentapeError(f"{url!r}: {flaw}; expected the URL of a server, such as http://127.0.0.1:7357")
    return url


server = click.option(
    "--url",
    type=option.Written("URL", _server),
    default="http://127.0.0.1:7357",
    show_default=True,
    help="The server's URL; a deck may follow, /~NAME.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("providers", help=PROVIDERS)
@option.providers_file
@server
@as_json
@click.option("--coverage", "covered", is_flag=True, help="What can be done with each dialect, in Markdown.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --coverage: put the table into this file, between its markers.",
)
def providers_command(url: str, as_json: bool, covered: bool, into: Path | None) -> None:
    """A line each; what is odd about one is on a line below."""
    from cassettes import providers

    if into is not None and not covered:
        raise click.UsageError("--into is where --coverage puts its table; give both")
    if covered:
        _cover(into, as_json)
        return
    rows = [described(row, url) for row in providers.load().values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for line in table(rows):
        click.echo(line)


def _cover(into: Path | None, as_json: bool) -> None:
    from cassettes import coverage

    if as_json:
        marked = (
            {"provider": row.provider, "dialects": row.dialects, **dict(zip(coverage.COLUMNS, row.marks, strict=True))}
            for row in coverage.rows()
        )
        click.echo(json.dumps(list(marked), indent=2))
    elif into is None:
        click.echo(coverage.table(), nl=False)
    else:
        into.write_text(coverage.written(into.read_text(encoding="utf-8"), str(into)), encoding="utf-8")


@click.command("env", help=ENV)
@click.argument("provider", required=False)
@option.providers_file
@server
@click.option(
    "--ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help='The CA of a --tls server (its ready file\'s "ca"): the only one trusted then.',
)
@click.option(
    "--shell", type=click.Choice(["sh", "fish", "powershell"]), default="sh", show_default=True, help="Whose syntax."
)
@as_json
def env_command(provider: str | None, url: str, ca: Path | None, shell: str, as_json: bool) -> None:
    """Lines for a shell on stdout."""
    from mockserver.tls import trusting

    variables = variables_for(provider, url, dict(os.environ)) | (trusting(ca) if ca is not None else {})
    if as_json:
        click.echo(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        click.echo(exported(name, value, shell))


def described(row: Provider, url: str) -> dict[str, Any]:
    """What there is to say of a row: the keys of `--json`."""
    from cassettes import providers

    return {
        "name": row.name,
        "title": row.title,
        "aliases": row.aliases,
        "base_url": providers.client_url(row, url),
        "upstream": None if row.is_nowhere else row.base_url,
        "dialects": row.dialects,
        "base_url_variables": row.base_url_variables,
        "key_variables": row.key_variables,
        "default_model": row.default_model or None,
        "error_style": row.error_style,
        "keepalive": row.keepalive,
        "responses_models": row.responses_models,
        "quirks": row.quirks,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The rows in columns, each followed by a line of its oddities if it has any."""
    from cassettes.printable import columns, escape, pad

    heads = ("name", "title", "base URL", "upstream", "dialects", "variables")
    cells = [heads, *(tuple(escape(cell) for cell in _cells(row)) for row in rows)]
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]
    for row, line in zip([None, *rows], cells, strict=True):
        yield "  ".join(map(pad, line, widths)).rstrip()
        if row and (odd := _oddities(row)):
            yield " " * (widths[0] + 2) + escape(odd)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    variables = (*row["base_url_variables"], *row["key_variables"])
    upstream = row["upstream"] or f"--upstream {row['name']}=URL"
    names = ", ".join((row["name"], *row["aliases"]))
    return (names, row["title"], row["base_url"], upstream, ", ".join(row["dialects"]), ", ".join(variables))


def _oddities(row: Mapping[str, Any]) -> str:
    said = [
        ("keepalive", [repr(text) for text in row["keepalive"]]),
        ("Responses for", row["responses_models"]),
        ("quirks", row["quirks"]),
    ]
    return "; ".join(f"{what} {', '.join(values)}" for what, values in said if values)


def variables_for(provider: str | None, url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to set for one provider (None: for all) with a server at `url`; loopback in NO_PROXY where a proxy
    is set. Raises ProviderError for a provider nobody knows."""
    from cassettes import providers
    from mockserver.wrapped import DUMMY_KEY, client_variables

    variables = client_variables(url, environ, dummy_keys=provider is None)
    if not any(environ.get(name) or environ.get(name.lower()) for name in PROXIES):
        variables = {name: value for name, value in variables.items() if name.upper() != "NO_PROXY"}
    if provider is None:
        return variables
    row = providers.find(provider)
    bypass = {name: value for name, value in variables.items() if name.upper() == "NO_PROXY"}
    own = providers.own_variables(row)
    keys = row.key_variables[:1] if row.base_url_variables else tuple(_keys_beside(own))
    dummies = {name: DUMMY_KEY for name in keys if not (row.key(environ) or environ.get(name))}
    return {name: providers.variable_url(name, row, url) for name in own} | dummies | bypass


def _keys_beside(variables: Iterable[str]) -> Iterable[str]:
    """The key variable that the SDK reads which reads that base-URL variable."""
    from cassettes import providers

    for row in providers.load().values():
        if row.key_variables and set(row.base_url_variables) & set(variables):
            yield row.key_variables[0]


def exported(name: str, value: str, shell: str) -> str:
    """A line that sets an environment variable in that shell."""
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell == "powershell":
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    from shlex import quote

    return f"export {name}={quote(value)}"
