"""Where the options of commands get their defaults: a configuration file, then `TOKENTAPE_*` variables (DESIGN 9).

Between click and `cassettes.config`: the options of the commands are the settings that there are, and click's types
read the values, so that a mistake in a file is told as the same mistake on the command line. click's `default_map`
does the rest. `tokentape config` shows all of it. The commands are handed in. Imports click and `cassettes`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from cassettes.config import (
    Kind,
    Setting,
    key_of,
    of_file,
    of_variables,
    strange_variables,
    variable_of,
)
from cassettes.configfile import ConfigError, Document, search
from cassettes.model import TokentapeError
from recorder import options as option
from recorder.printing import say

Commands = Mapping[str, click.Command]
TABLES = ("serve", "record", "pytest")
"""The commands that have tables of their own, and all the settings of the general one."""
NOT_SETTINGS = frozenset({"help", "json"})
SHARED = frozenset({"providers", "idle-timeout"})
"""What commands without a table of their own take of the general one: it means the same for all of them."""
TOLD = frozenset({"host", "upstream", "providers", "cors", "on-miss"})
"""Who may come in and where requests go: a file that sets one of these is named on stderr, it may be someone else's."""
CONTROL_TOKEN = "TOKENTAPE_CONTROL_TOKEN"
_STATED = re.compile(r"\[default: (.*)\]")

CONFIG = option.examples(
    """
    tokentape config                            every setting of serve and record, and where it comes from
    tokentape config --json
    TOKENTAPE_SPEED=max tokentape config        what a variable would change
    """,
    "Show the settings of serve, record and the pytest plugin: defaults, then the nearest tokentape.toml or "
    "[tool.tokentape] of a pyproject.toml (in this folder or above), then TOKENTAPE_* variables. Flags go before all "
    "of them.",
)


def parameters_of(command: click.Command) -> dict[str, click.Parameter]:
    """The parameters of a command that are settings, by key: the long name of an option; `tapes`."""
    found: dict[str, click.Parameter] = {}
    for parameter in command.params:
        long = next((name[2:] for name in parameter.opts if name.startswith("--")), "")
        key = long or ("tapes" if parameter.name == "tapes" else "")
        if key and key not in NOT_SETTINGS:
            found[key_of(key)] = parameter
    return found


def kinds_of(command: click.Command) -> dict[str, Kind]:
    """What a file or a variable may say for each setting of a command."""
    return {key: _kind(parameter) for key, parameter in parameters_of(command).items()}


def _kind(parameter: click.Parameter) -> Kind:
    many = parameter.nargs != 1 or parameter.multiple
    if isinstance(parameter, click.Argument):
        return Kind(many=many, text="tape")
    return Kind(
        many=many,
        flag=isinstance(parameter, click.Option) and parameter.is_flag,
        pairs=many and "=" in (parameter.metavar or ""),
        text="path" if isinstance(parameter.type, click.Path) else "plain",
    )


class Settings(NamedTuple):
    """What was found for a command. `notes`: lines for stderr."""

    found: Mapping[str, Setting]
    document: Document | None
    notes: tuple[str, ...]


def settings_of(
    name: str,
    command: click.Command,
    commands: Callable[[], Commands],
    environ: Mapping[str, str],
    folder: Path | None = None,
) -> Settings:
    """The settings that file and variables make for the command `name`, each read once with the option's own type.

    `commands` are those with tables of their own; they are asked for only once there is a file, which is that of work
    in `folder` (default: where one is). Raises ConfigError (exit 3) and VariableError (exit 2).
    """
    parameters = parameters_of(command)
    kinds = kinds_of(command)
    if name not in TABLES:
        parameters = {key: one for key, one in parameters.items() if key in SHARED}
        kinds = {key: kind for key, kind in kinds.items() if key in SHARED}
    if not kinds:
        return Settings({}, None, ())
    sought = search(folder or Path.cwd(), environ, getattr(os, "geteuid", lambda: None)())
    found: dict[str, Setting] = {}
    if sought.document is not None:
        known = {table: kinds_of(one) for table, one in commands().items()}
        tables = of_file(sought.document, name if name in known else None, known)
        found = {key: setting for key, setting in tables.items() if key in kinds}
    notes = (*sought.notes, *_told(found, sought.document))
    found |= of_variables(environ, kinds)
    context = click.Context(command, info_name=name)
    for key, setting in found.items():
        _check(key, setting, parameters[key], context)
    return Settings(found, sought.document, notes)


def _told(found: Mapping[str, Setting], document: Document | None) -> tuple[str, ...]:
    keys = sorted(TOLD & found.keys())
    if document is None or not keys:
        return ()
    return (f"{document.path} sets {', '.join(keys)}",)


def _check(key: str, setting: Setting, parameter: click.Parameter, context: click.Context) -> None:
    """Reads the value as the command would: a mistake in it is told with its place."""
    try:
        parameter.type_cast_value(context, setting.value)
        if read := _reader(key):
            for text in setting.value if isinstance(setting.value, tuple) else ():
                read(text)
    except (click.BadParameter, TokentapeError) as error:
        message = error.message if isinstance(error, click.BadParameter) else str(error)
        message = message.replace("a valid integer range", "a whole number").replace(
            "a valid integer", "a whole number"
        )
        named = f"{setting.place}: {key}" if setting.error is ConfigError else setting.place
        raise setting.error(f"{named}: {message.rstrip('.')}") from None


def _reader(key: str) -> Callable[[str], object] | None:
    """What reads an option that is text to click. Not `map`: the providers that it may name are known later."""
    if key != "upstream":
        return None
    from cassettes import providers

    return providers.parse_upstream


def defaults(
    name: str, command: click.Command, commands: Callable[[], Commands], environ: Mapping[str, str]
) -> dict[str, Any]:
    """click's `default_map` for the command `name`. What a user should know of its origin goes to stderr. Raises as
    `settings_of`."""
    settings = settings_of(name, command, commands, environ)
    for note in settings.notes:
        say(f"tokentape: note: {note}")
    parameters = parameters_of(command)
    return {str(parameters[key].name): setting.value for key, setting in settings.found.items()}


@click.command("config", help=CONFIG)
@option.as_json
@click.pass_context
def config_command(ctx: click.Context, /, as_json: bool) -> None:
    """Exit status 3 for a file, 2 for a variable that cannot be used."""
    from cassettes.redact import Redactor
    from cassettes.secrets import secrets_from_env
    from recorder.printing import print_json

    commands: Callable[[], Commands] = ctx.obj["compose"].configured
    redactor = Redactor(secrets_from_env(os.environ))
    file = ""
    rows: list[dict[str, Any]] = []
    notes: dict[str, None] = {}
    for name, command in commands().items():
        settings = settings_of(name, command, commands, os.environ)
        file = str(settings.document.path) if settings.document else ""
        notes |= dict.fromkeys(settings.notes)
        rows += [_row(name, key, one, settings.found.get(key), redactor) for key, one in parameters_of(command).items()]
    notes |= dict.fromkeys(strange_variables(os.environ, {name: kinds_of(one) for name, one in commands().items()}))
    for note in notes:
        say(f"tokentape: note: {note}")
    token = "set" if os.environ.get(CONTROL_TOKEN) else "not set"
    if as_json:
        print_json({"file": file or None, "settings": rows, "control_token": token})
        return
    click.echo(f"file: {file or 'none'}")
    _print_rows(rows)
    click.echo(f"\n{CONTROL_TOKEN}: {token}")


def _row(command: str, key: str, parameter: click.Parameter, setting: Setting | None, redactor: Any) -> dict[str, Any]:
    """A setting with its value and where it comes from: `default`, `file:line` or the variable."""
    if setting is None:
        value, source = parameter.to_info_dict()["default"], "default"
        stated = _STATED.search(getattr(parameter, "help", None) or "")
        value = stated[1] if value is None and stated else value
    else:
        value, source = setting.value, setting.place
    shown = [redactor.text(str(one)) for one in value] if isinstance(value, tuple | list) else value
    return {
        "command": command,
        "name": key,
        "value": redactor.text(shown) if isinstance(shown, str) else shown,
        "source": source,
        "variable": variable_of(key),
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from cassettes.printable import columns, escape, pad

    lines = [[f"  {row['name']}", escape(_shown(row["value"])), escape(row["source"])] for row in rows]
    widths = [max(map(columns, column)) for column in zip(*lines, strict=True)]
    command = ""
    for row, line in zip(rows, lines, strict=True):
        if row["command"] != command:
            command = row["command"]
            click.echo(f"\n{command}")
        click.echo("  ".join(map(pad, line, widths)).rstrip())


def _shown(value: object) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
