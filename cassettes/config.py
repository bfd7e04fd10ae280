"""Settings of a file and of variables: their keys, shapes and places (DESIGN 9).

What settings there are is the caller's (`Known`): the command line hands in its options, a plugin its own. What a
setting means is the caller's too: here it is text, a list of texts, or true and false. No click, no reading of
`os.environ`. Imports `model`, `shipped` and `configfile`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NamedTuple

from cassettes.configfile import CHOSEN, ConfigError, Document, VariableError
from cassettes.model import TokentapeError
from cassettes.shipped import shipped_tape

PREFIX = "TOKENTAPE_"
ANSWERS = "answers"
"""The table of prompts and answers (`synth.replies.table`), whose keys are prompts and no settings."""
NO_SETTINGS = frozenset({CHOSEN, "TOKENTAPE_CONTROL_TOKEN", "TOKENTAPE_PROMPT", "TOKENTAPE_RESULT"})
"""Variables with our prefix that are no settings."""
WHOLE_LINES = frozenset({"normalize"})
"""Lists whose items may hold a comma (regular expressions): a variable separates them by newlines only."""
_TRUTHS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Kind(NamedTuple):
    """What a setting is: one value or `many`, a `flag` (true or false), `pairs` (NAME=VALUE: a table does too).

    `text`: a `path` counts from the file's folder; a `tape` too, unless nothing is there and one that ships is called
    so.
    """

    many: bool = False
    flag: bool = False
    pairs: bool = False
    text: Literal["plain", "path", "tape"] = "plain"


Known = Mapping[str, Mapping[str, Kind]]
"""The settings that there are, by command (the name of its table) and key."""


class Setting(NamedTuple):
    """A value as it was written, paths resolved. `place`: `file:line`, or the name of the variable."""

    value: str | bool | tuple[str, ...]
    place: str
    error: type[TokentapeError]


def of_file(document: Document, command: str | None, known: Known) -> dict[str, Setting]:
    """The settings of `document` for `command`, its own table before the general one, after a check of the whole file.

    A command without a table of its own (None) gets the general ones, whoever they are for.
    Raises ConfigError for a key that no command has, one that another command has in this one's table, and a value of
    the wrong shape, whichever command it is for.
    """
    found: dict[str, Setting] = {}
    for name, value in document.table.items():
        if (name in known or name == ANSWERS) and isinstance(value, dict):
            continue
        key = key_of(name)
        kinds = [table[key] for table in known.values() if key in table]
        if not kinds:
            raise ConfigError(f"{document.place(name)}: {_unknown(document, name, known)}")
        setting = _setting(document, (name,), value, kinds[0])
        if command is None or key in known[command]:
            _put(found, key, setting)
    own: dict[str, Setting] = {}
    for table in known:
        for name, value in (document.table.get(table) or {}).items():
            key = key_of(name)
            if key not in known[table]:
                raise ConfigError(f"{document.place(table, name)}: {_not_its(table, name, known)}")
            setting = _setting(document, (table, name), value, known[table][key])
            if table == command:
                _put(own, key, setting)
    return found | own


def _put(found: dict[str, Setting], key: str, setting: Setting) -> None:
    if key in found:
        raise ConfigError(f"{setting.place}: {key} is set twice (also at {found[key].place}); '-' and '_' are one")
    found[key] = setting


def _unknown(document: Document, name: str, known: Known) -> str:
    if name == "tool" and not document.root:
        return f"[tool.tokentape] is for pyproject.toml; in {document.path.name} settings stand without it"
    if name in known or name == ANSWERS:
        return f"{name}: found {_found(document.table[name])}, expected a table of settings"
    names = {key for table in known.values() for key in table} | {*known, ANSWERS}
    return f"there is no setting {name!r}{_near(name, names)}"


def _not_its(table: str, name: str, known: Known) -> str:
    others = [other for other in known if key_of(name) in known[other]]
    if others:
        return f"{table} has no setting {name!r}; it belongs to {' and '.join(others)}"
    return f"{table} has no setting {name!r}{_near(name, known[table])}"


def _near(name: str, names: Mapping[str, object] | set[str]) -> str:
    near = get_close_matches(key_of(name), names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(sorted(names))}"


def _setting(document: Document, path: tuple[str, ...], value: object, kind: Kind) -> Setting:
    texts = _texts(value, kind)
    if texts is None:
        place = document.place(*path)
        raise ConfigError(f"{place}: {path[-1]}: found {_found(value)}, expected {_expected(kind)}")
    if isinstance(texts, bool):
        return Setting(texts, document.place(*path), ConfigError)
    located = tuple(_located(document.path.parent, text, kind) for text in texts)
    return Setting(located if kind.many else located[0], document.place(*path), ConfigError)


def _texts(value: object, kind: Kind) -> tuple[str, ...] | bool | None:
    """What a value of TOML says; None when it is of another shape than `kind`."""
    if kind.flag:
        return value if isinstance(value, bool) else None
    if _is_text(value):
        return (str(value),)
    if kind.pairs and isinstance(value, dict):
        value = [f"{name}={one}" if _is_text(one) else one for name, one in value.items()]
    if not kind.many or not isinstance(value, list) or not all(map(_is_text, value)):
        return None
    return tuple(map(str, value))


def _is_text(value: object) -> bool:
    """Numbers are read from their text, as on the command line."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _located(folder: Path, text: str, kind: Kind) -> str:
    if kind.text == "plain":
        return text
    joined = folder / os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser raises where there is no home
    if kind.text == "tape" and not os.path.lexists(joined) and shipped_tape(text) is not None:
        return text
    return str(joined)


def _found(value: object) -> str:
    names = {dict: "a table", str: "text", int: "a number", float: "a number"}
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        other = next((one for one in value if not _is_text(one)), None)
        return "a list" if other is None else f"a list with {_found(other)} in it"
    return names.get(type(value), "a date or time")


def _expected(kind: Kind) -> str:
    if kind.flag:
        return "true or false"
    if kind.pairs:
        return 'a list of texts such as "NAME=VALUE", or a table NAME = "VALUE"'
    return "a list of texts" if kind.many else "text or a number"


def of_variables(environ: Mapping[str, str], kinds: Mapping[str, Kind]) -> dict[str, Setting]:
    """The settings that variables make; an empty variable is none. Paths are as the shell would take them.

    A list is separated by `os.pathsep` (paths), else by newlines, else by commas (but see WHOLE_LINES). Raises
    VariableError for a flag that is neither true nor false.
    """
    found: dict[str, Setting] = {}
    for key, kind in kinds.items():
        name = variable_of(key)
        text = environ.get(name, "")
        if not text:
            continue
        if not kind.flag:
            found[key] = Setting(tuple(_split(text, key, kind)) if kind.many else text, name, VariableError)
        elif (truth := _TRUTHS.get(text.strip().lower())) is not None:
            found[key] = Setting(truth, name, VariableError)
        else:
            raise VariableError(f"{name}: found {text[:40]!r}, expected true or false")
    return found


def _split(text: str, key: str, kind: Kind) -> Iterator[str]:
    lines = "\n" in text or key in WHOLE_LINES
    separator = os.pathsep if kind.text != "plain" else "\n" if lines else ","
    return (item.strip() for item in text.split(separator) if item.strip())


def strange_variables(environ: Mapping[str, str], known: Known) -> list[str]:
    """A line for each `TOKENTAPE_` variable that sets nothing: a slip of the pen is silent otherwise."""
    names = {variable_of(key) for table in known.values() for key in table} | NO_SETTINGS
    strange = [name for name in sorted(environ) if name.startswith(PREFIX) and name not in names]
    near = {name: get_close_matches(name, names, n=1, cutoff=0.8) for name in strange}
    return [f"{name} sets nothing" + (f"; did you mean {near[name][0]}?" if near[name] else "") for name in strange]


def key_of(name: str) -> str:
    """The key that `name` means: "-" and "_" are one."""
    return name.replace("_", "-")


def variable_of(key: str) -> str:
    """The variable of the setting `key`."""
    return PREFIX + key.upper().replace("-", "_")
