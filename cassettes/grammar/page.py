"""The grammars as a page of the documentation: diagrams, kinds of events, rules, quirks. Pure; imports the tables.

`tokentape check --markdown` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cassettes.grammar import GRAMMARS, TAPE_RULES
from cassettes.grammar.table import Grammar, Kind, Machine, Quirk, Variants

_OPENING: Final = """# Grammars: what a stream of each dialect looks like

The tables by which `tokentape check` judges streams; `tokentape check --markdown` prints this page from them. A stream
moves machines: one for the whole of it, others for its parts, an instance for each number that the part has. An event
is of a kind, has the keys of its kind, and is read by one machine or more. In the diagrams a node is a state, at an
arrow stands the kind of event that is read, or what of one is read; in a state with an arrow to the end a stream may
end cleanly. A stream that was cut, reset or given up is not blamed for what had not come; behind an error nothing has
to come. Comments, and blocks without data, may stand anywhere.

A rule is called `DIALECT/NAME`. *error*: clients break on it or lose something. *warning*: they cope, but it is not
what the provider sends. *unknown*: in no table, perhaps new; it fails with `--strict` only, as warnings do. What a
provider does otherwise than the grammar's own is a quirk: a step more, a rule that is waived, keys more or less. With a
provider that no table names, every quirk is let pass.
"""
_FILE_RULES: Final = """
## A tape as a whole

| rule | level | what it says |
|---|---|---|
"""


def document() -> str:
    """The whole page."""
    rules = "".join(f"| `{rule.id}` | {rule.level} | {rule.says} |\n" for rule in TAPE_RULES)
    return _OPENING + _FILE_RULES + rules + "".join(map(_chapter, GRAMMARS.values()))


def _chapter(grammar: Grammar) -> str:
    parts = [
        f"\n## {grammar.title} (`{grammar.dialect}`)\n\nSource: {grammar.source}. Held to the letter: "
        f"{', '.join(grammar.natives)}.\n",
        *(_diagram(grammar, machine) for machine in grammar.machines),
        "\n### Events\n\n| kind | keys that it needs | keys that it may have |\n|---|---|---|\n",
        *map(_kind, grammar.kinds),
        *_variants(grammar.variants),
        *_fits(grammar),
        "\n### Rules\n\n| rule | level | what it says | source |\n|---|---|---|---|\n",
        *(
            f"| `{name}` | {rule.level} | {_cell(rule.says)} | {_cell(rule.source)} |\n"
            for name, rule in grammar.rules.items()
        ),
        *_quirks(grammar.quirks),
    ]
    return "".join(parts)


def _diagram(grammar: Grammar, machine: Machine) -> str:
    keys = next((move.key for kind in grammar.kinds for move in kind.moves if move.machine == machine.name), ())
    by = f", one for each {' and '.join(f'`{_place(key)}`' for key in keys)}" if keys else ""
    lines = [f"    [*] --> {_state(machine.start)}"]
    for state, steps in machine.steps.items():
        targets: dict[str, list[str]] = {}
        for symbol, target in steps.items():
            targets.setdefault(target, []).append(_symbol(grammar, machine, symbol))
        lines += [
            f"    {_state(state)} --> {_state(target)}: {' / '.join(symbols)}" for target, symbols in targets.items()
        ]
    lines += [f"    {_state(state)} --> [*]" for state in machine.ends]
    drawn = "\n".join(lines)
    what = machine.what.removeprefix("an ").removeprefix("a ")
    return f"\n### {what[0].upper()}{what[1:]}{by}\n\n```mermaid\nstateDiagram-v2\n{drawn}\n```\n"


def _place(key: str) -> str:
    return key.removeprefix("^") + (" of the element around it" if key.startswith("^") else "")


def _state(name: str) -> str:
    return name.replace(" ", "_")


def _symbol(grammar: Grammar, machine: Machine, symbol: str) -> str:
    """The symbol, or the one kind that is read as it."""
    kinds = grammar.means(machine.name, symbol)
    return kinds[0] if len(kinds) == 1 else symbol


def _kind(kind: Kind) -> str:
    return f"| `{kind.name}` | {_keys(kind.needs)} | {_keys(kind.may)} |\n"


def _keys(types: Iterable[str]) -> str:
    return ", ".join(f"`{place}`" for place in types)


def _variants(rows: Iterable[Variants]) -> Iterator[str]:
    yield "\n### What they may say\n\n| place | values | keys that come with them |\n|---|---|---|\n"
    for row in rows:
        groups: dict[str, list[str]] = {}
        for value, needs in row.rows.items():
            groups.setdefault(_keys(needs), []).append(f"`{value}`")
        for needs_text, values in groups.items():
            yield f"| `{row.place}` | {', '.join(values)} | {needs_text} |\n"


def _fits(grammar: Grammar) -> Iterator[str]:
    for fit in grammar.fits:
        what = grammar.machine[fit.machine].what
        yield f"\n### What belongs to {what}\n\n| it is | it takes |\n|---|---|\n"
        for opened, takes in fit.takes.items():
            yield f"| `{opened}` | {', '.join(f'`{one}`' for one in takes) or 'nothing'} |\n"


def _quirks(quirks: Iterable[Quirk]) -> Iterator[str]:
    yield "\n### Quirks\n\n| providers | seen | steps more | waived | keys left out | keys, values and types more |\n"
    yield "|---|---|---|---|---|---|\n"
    for one in quirks:
        steps = ", ".join(f"`{step}`" for step in one.steps)
        more = ", ".join(f"`{key}`" for key in (*one.adds, *one.says, *(own.replace("|", " or ") for own in one.types)))
        waives, lacks = _keys(one.waives), _keys(one.lacks)
        yield f"| {', '.join(one.providers)} | {_cell(one.source)} | {steps} | {waives} | {lacks} | {more} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
