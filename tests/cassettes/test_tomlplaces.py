"""Lines of keys in TOML, whatever stands around them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cassettes.tomlplaces import key_lines

SAMPLE = '''\
# [comment] = 1
speed = "max" # x = 1
"tool".'x y' = [1, {a = 1, b = "]"}, # c = 3
  "z = ["]
s = """
k = 1
""\\" """
t = \'\'\'
[no]
\'\'\'
i = {a = 1, b = {c.d = 2}, e = [
 1], f = 2}
[serve]
port=1979-05-27T07:32:00Z
[[many]]
q = 1
[ a . "b\\u00e9" ] # = 2
w = 1.5e3'''


def test_every_key_has_its_line() -> None:
    assert tomllib.loads(SAMPLE)
    assert key_lines(SAMPLE) == {
        ("speed",): 2,
        ("tool", "x y"): 3,
        ("s",): 5,
        ("t",): 8,
        ("i",): 11,
        ("i", "a"): 11,
        ("i", "b"): 11,
        ("i", "b", "c", "d"): 11,
        ("i", "e"): 11,
        ("i", "f"): 12,
        ("serve",): 13,
        ("serve", "port"): 14,
        ("many",): 15,
        ("many", "q"): 16,
        ("a", "bé"): 17,
        ("a", "bé", "w"): 18,
    }


names = st.text("ab-_1 .=[]{}#\"'\n\\é", min_size=1, max_size=4)
values = st.one_of(st.integers(), st.booleans(), st.text("a=[]{}#\"'\n\\", max_size=8), st.lists(st.integers()))
tables = st.dictionaries(names, st.one_of(values, st.dictionaries(names, values, max_size=3)), max_size=4)


def basic(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"""\n' + basic(value)[1:-1].replace("\\n", "\n") + '"""'
    if isinstance(value, list):
        return "[" + "".join(f"\n {one}," for one in value) + "\n]"
    return str(value)


def lines_of(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(value, dict):
            yield f"{basic(name)} = {written(value)}"
    for name, value in table.items():
        if isinstance(value, dict):
            yield f"[{basic(name)}]"
            yield from lines_of(value)


@given(tables)
def test_the_line_of_a_key_is_where_it_was_written(table: dict[str, Any]) -> None:
    text = "\n".join(lines_of(table))
    assert tomllib.loads(text) == table
    found, lines = key_lines(text), text.split("\n")
    wanted = {(name,) for name in table} | {
        (name, inner) for name, value in table.items() if isinstance(value, dict) for inner in value
    }
    assert found.keys() == wanted
    for path, line in found.items():
        assert lines[line - 1].lstrip("[").startswith(basic(path[-1]))
