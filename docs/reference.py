"""Writes `docs/reference.md`: every command, option, fault, verdict, environment variable and exit status has a heading
of its own, from the tables that the program itself goes by. `make reference` runs it.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

import pytest_tokentape
import tokentape
from cassettes import providers
from mockserver.fault_commands import described
from mockserver.faults import table as faults
from mockserver.verdicts.table import RULES
from recorder.settings import parameters_of

PAGE = Path(__file__).with_suffix(".md")
HEAD = """\
# Reference

Written by `make reference` from the tables that the program goes by; the tests compare. What things are for is in the
[guide](guide/README.md).
"""
OTHERS = {
    "TOKENTAPE_CONFIG": "The configuration file to use; empty: none.",
    "TOKENTAPE_CONTROL_TOKEN": "The token of the control API, when the server listens off loopback.",
    "TOKENTAPE_PROMPT": "Kept free: no setting is called so.",
    "TOKENTAPE_RESULT": "Kept free: no setting is called so.",
    "HTTPS_PROXY": "The proxy through which the recorder reaches https upstreams (small letters too).",
    "HTTP_PROXY": "The same for http upstreams.",
    "ALL_PROXY": "The same for both, where neither is set.",
    "NO_PROXY": "Hosts that are reached without a proxy; loopback is added for wrapped commands (small letters too).",
    "SSL_CERT_FILE": "Certificates that the recorder trusts; with `--tls` set for wrapped commands.",
    "SSL_CERT_DIR": "A folder of them.",
    "REQUESTS_CA_BUNDLE": "With `--tls` set for wrapped commands, beside what was trusted before.",
    "CURL_CA_BUNDLE": "With `--tls` set for wrapped commands, beside what was trusted before.",
    "NODE_EXTRA_CA_CERTS": "With `--tls` set for wrapped commands, beside what was trusted before.",
    "NO_COLOR": "Set to anything: no colours.",
    "TERM": "`dumb`: no colours, no line that is written over.",
    "COLUMNS": "The width of what is drawn.",
}


def text() -> str:
    """The page."""
    parts = [HEAD, *_commands(), *_pytest(), *_faults(), *_verdicts(), *_variables(), *_statuses()]
    return "\n".join(parts)


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    for name, entry in tokentape.COMMANDS.items():
        command: click.Command = getattr(import_module(entry.home), f"{name}_command")
        context = click.Context(command, info_name=f"tokentape {name}")
        yield f"### `tokentape {name}`\n"
        yield f"{entry.help}\n"
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f"```\n{usage}\n```\n"
        yield from _help(command)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield f"#### `{name} {max(parameter.opts, key=len)}`\n"
                yield f"{_option(parameter)}\n"


def _help(command: click.Command) -> Iterator[str]:
    """The examples as code, then the prose."""
    found = inspect.cleandoc(command.help or "").replace("\b\n", "")
    examples, _, prose = found.partition("\n\n") if found.startswith("Examples:") else ("", "", found)
    if lines := examples.splitlines()[1:]:
        yield "```sh\n" + inspect.cleandoc("\n".join(lines)) + "\n```\n"
    if prose:
        yield _escaped(re.sub(r"(?<!\n)\n(?!\n)", " ", prose)) + "\n"


def _option(option: click.Option) -> str:
    """As `--help` has it, but the same with every click."""
    value = ""
    if isinstance(option.type, click.Choice):
        value = f" {'|'.join(map(str, option.type.choices))}"
    elif not option.is_flag and not option.count:
        value = f" {option.metavar or option.type.name.upper()}"
    told = " ".join((option.help or "").split())
    if option.show_default and option.default not in (None, False):
        told += f" [default: {option.default}]"
    return f"`{', '.join(option.opts)}{value}` {_escaped(told)}".rstrip()


def _escaped(told: str) -> str:
    """Text whose `<`, `*` and `[` are no markup; code stays as it is."""
    parts = told.split("`")
    parts[::2] = [re.sub(r"([<*\[\]])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


class _Options:
    """What `pytest_addoption` is handed: it keeps what it is told."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, str]] = []

    def getgroup(self, *_names: str) -> _Options:
        return self

    def addoption(self, name: str, **about: object) -> None:
        value = about.get("metavar") or "|".join(map(str, about.get("choices") or ()))  # type: ignore[call-overload]
        if not value and about.get("action") != "store_true":
            value = "N" if about.get("type") is int else "VALUE"
        self.found.append((name, str(value), str(about.get("help", ""))))


def _pytest() -> Iterator[str]:
    yield "## pytest\n"
    options = _Options()
    pytest_tokentape.pytest_addoption(options)  # type: ignore[arg-type]
    for name, value, told in options.found:
        yield f"### `{name}`\n"
        yield f"`{name}{'=' + value if value else ''}` {_escaped(told)}\n"
    yield "### `@pytest.mark.tokentape`\n"
    signature, _, told = _mark().partition("): ")
    yield f"`{signature})`: {_escaped(told)}\n"
    module = ast.parse(Path(pytest_tokentape.__file__).read_text(encoding="utf-8"))
    docstrings = {one.name: ast.get_docstring(one) or "" for one in module.body if isinstance(one, ast.FunctionDef)}
    for name in ("tokentape", "tokentape_server", "tokentape_config"):
        yield f"### fixture `{name}`\n"
        yield _escaped(" ".join(docstrings[name].split())) + "\n"


def _mark() -> str:
    lines: list[str] = []

    class Config:
        def addinivalue_line(self, _name: str, line: str) -> None:
            lines.append(line)

    pytest_tokentape.pytest_configure(Config())  # type: ignore[arg-type]
    return lines[0]


def _faults() -> Iterator[str]:
    yield "## Faults\n"
    yield "How they are written, and where they act: [faults](faults.md).\n"
    for name in faults.names():
        about = described(faults.get(name))
        yield f"### fault `{name}`\n"
        place = f"place {about['place']}" + (f" (default {about['default_place']})" if about["default_place"] else "")
        yield f"`{about['usage']}` ({about['family']}; {place}): {_escaped(str(about['sees']))}."
        yield f"Example: `{about['example']}`\n"


def _verdicts() -> Iterator[str]:
    yield "## Verdicts\n"
    yield "What earns them, and their limits: [reading a verdict](guide/verdicts.md).\n"
    for rule in RULES:
        yield f"### verdict `{rule.name}`\n"
        yield f"Expected: {rule.expected} ({rule.source}).\n"


def _variables() -> Iterator[str]:
    yield "## Environment variables\n"
    yield "Settings of `serve`, `record` and the pytest plugin win over a configuration file; flags win over them.\n"
    settings: dict[str, list[str]] = {}
    for name, command in tokentape.Composition().configured().items():
        for key in parameters_of(command):
            settings.setdefault(key, []).append(name)
    for key, names in sorted(settings.items()):
        variable = "TOKENTAPE_" + key.upper().replace("-", "_")
        yield f"### `{variable}`\n"
        yield f"The setting `{key}` of {', '.join(f'`{name}`' for name in names)}.\n"
    for variable, told in OTHERS.items():
        yield f"### `{variable}`\n"
        yield f"{told}\n"
    urls: dict[str, list[str]] = {}
    keys: dict[str, list[str]] = {}
    for row in providers.load().values():
        for variable in row.base_url_variables:
            urls.setdefault(variable, []).append(row.name)
        for variable in row.key_variables:
            keys.setdefault(variable, []).append(row.name)
    for variable, names in sorted(urls.items()):
        yield f"### `{variable}`\n"
        yield f"Where requests for {', '.join(names)} go: read by `record -- CMD` and `call`,"
        yield "set for wrapped commands and by the pytest plugin.\n"
    for variable, names in sorted(keys.items()):
        yield f"### `{variable}`\n"
        yield f"A key of {', '.join(names)}: used by `call`, masked on every tape;"
        yield "set to a dummy where it is not set and nothing is recorded.\n"


def _statuses() -> Iterator[str]:
    yield "## Exit statuses\n"
    for status, told in tokentape.EXIT_CODES:
        yield f"### exit status `{status}`\n"
        yield f"{told[0].upper()}{told[1:]}.\n"


def main() -> int:
    """Writes the page; with `--check` only says whether it is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        return int(PAGE.read_text(encoding="utf-8") != text())
    PAGE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
