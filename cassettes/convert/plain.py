"""Untrusted text into plain values: dict, list, str, bytes, numbers, bool, None. Nothing else is ever built.

YAML goes through the guard of `cassettes.yamlparse`, which tapes of our own go through as well; JSON has its limits
here. No format is known here. May import `cassettes.model` and, lazily, `cassettes.yamlparse`.
"""

from __future__ import annotations

import json

from cassettes.model import CassetteError

_LISTS = ("interactions", "http_interactions", "recordings", "log", "entries")


def plain(data: bytes, name: str) -> object:
    """The value that `data` stands for: JSON if it starts like JSON, else YAML.

    Raises CassetteError with `name:line:col` for text that is neither, or is deeper, larger or more tangled than
    any recording is.
    """
    from cassettes import yamlparse

    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        try:
            return from_json(data, name)
        except CassetteError:
            if not name.lower().removesuffix(".gz").endswith((".yaml", ".yml")):
                raise
    return yamlparse.parse_plain(data, name)


def from_json(data: bytes, name: str) -> object:
    """The value of a JSON text; CassetteError with its place otherwise. Its size is the caller's care."""
    try:
        value: object = json.loads(data)
    except json.JSONDecodeError as error:
        raise CassetteError(f"broken JSON: {error.msg}", f"{name}:{error.lineno}:{error.colno}") from None
    except UnicodeDecodeError as error:
        raise CassetteError(f"broken JSON: byte {error.start} is not {error.encoding}", name) from None
    except RecursionError:
        raise CassetteError("JSON nested deeper than any recording", name) from None
    except ValueError as error:  # a number of more than 4,300 digits
        raise CassetteError(f"broken JSON: {error}", name) from None
    return value


def placed(error: CassetteError, data: bytes, name: str) -> CassetteError:
    """The same error with file:line:col where its place is only `name#N`, the N-th entry of the file's list.

    Plain values do not know where they stood, so the text is read once more, as the tree that does. JSON is read by
    the same parser: nearly all of it is YAML.
    """
    from cassettes import yamlparse, yamltree

    number = error.place.removeprefix(f"{name}#")
    if number == error.place or not number.isdecimal():
        return error
    try:
        node = yamlparse.parse(data, name)
    except CassetteError:
        return error
    for _ in range(3):  # a list stands at the top, under a key of its own, or under `log`
        if isinstance(node, yamltree.Items) and len(node.items) >= int(number):
            found = str(node.items[int(number) - 1].spot)
            return CassetteError(f"#{number}: {str(error).removeprefix(f'{error.place}: ')}", found)
        pairs = node.pairs if isinstance(node, yamltree.Pairs) else []
        inner = [value for key, value in pairs if key.text in _LISTS]
        if not inner:
            break
        node = inner[0]
    return error
