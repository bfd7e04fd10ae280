"""The tables hold together: what one row names is in another, every state is reached, every symbol is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cassettes import dialects, providers
from cassettes.grammar import GRAMMARS, TAPE_RULES, get
from cassettes.grammar.table import Grammar, Machine

every_grammar = pytest.mark.parametrize("grammar", GRAMMARS.values(), ids=list(GRAMMARS))


def moves(grammar: Grammar, machine: str) -> Iterator[str]:
    return (move.symbol for kind in grammar.kinds for move in kind.moves if move.machine == machine)


def test_the_main_dialects_have_a_grammar() -> None:
    assert set(GRAMMARS) == {name for name in dialects.names() if name != "raw"}
    assert all(get(name) is grammar and grammar.dialect == name for name, grammar in GRAMMARS.items())
    assert get("raw") is None


@every_grammar
def test_what_a_row_names_is_there(grammar: Grammar) -> None:
    for kind in grammar.kinds:
        known = [move for move in kind.moves if move.symbol in grammar.machine[move.machine].symbols]
        assert kind.name == grammar.done or len(known) == len(kind.moves), kind.name
    for row in grammar.variants:
        assert set(row.kinds) <= set(grammar.by_name), row.place
    assert {*grammar.failed} <= set(grammar.by_name)
    assert {fit.machine for fit in grammar.fits} <= set(grammar.machine)
    assert all(grammar.machine[fit.machine].opened_as for fit in grammar.fits)
    assert not grammar.done or grammar.done in grammar.by_name


@every_grammar
def test_every_symbol_is_sent_and_every_state_reached(grammar: Grammar) -> None:
    for machine in grammar.machines:
        assert set(moves(grammar, machine.name)) >= sent(machine), machine.name
        assert reached(machine) == set(machine.steps), machine.name
        assert set(machine.ends) <= set(machine.steps), machine.name
        for one in machine.settled_by:
            other, _, symbol = one.partition(":")
            assert symbol in grammar.machine[other].symbols, one


def sent(machine: Machine) -> set[str]:
    """Its symbols, but for those that only parts of another kind have: annotations are of text, not of summaries."""
    return set(machine.symbols) - ({"annotation"} if machine.name == "summary" else set())


def reached(machine: Machine) -> set[str]:
    found, ahead = set(), {machine.start}
    while ahead:
        found |= ahead
        ahead = {target for state in ahead for target in machine.steps[state].values()} - found
    return found


@every_grammar
def test_the_first_machine_is_that_of_the_stream(grammar: Grammar) -> None:
    first, *others = grammar.machines
    assert {move.key for kind in grammar.kinds for move in kind.moves if move.machine == first.name} == {()}
    for machine in others:
        assert all(move.key for kind in grammar.kinds for move in kind.moves if move.machine == machine.name)


@every_grammar
def test_quirks_name_what_is_there(grammar: Grammar) -> None:
    for quirk in grammar.quirks:
        for step in quirk.steps:
            name, state, symbol, target = step.split(":")
            machine = grammar.machine[name]
            assert state in machine.steps, step
            assert target in machine.steps, step
            assert symbol in machine.symbols or symbol == grammar.done, step
            assert symbol not in machine.steps[state], f"{step} is no quirk"
        assert set(quirk.waives) <= set(grammar.rules)
        for lacked in quirk.lacks:
            kind, _, place = lacked.partition(":")
            assert place in grammar.by_name[kind].needs, lacked
        for added in quirk.adds:
            kind, _, place = added.partition(":")
            known = grammar.by_name[kind]
            assert place not in known.needs, added
            assert place not in known.may, added
        for own in quirk.types:
            kind, _, place = own.partition("=")[0].partition(":")
            assert place in {**grammar.by_name[kind].needs, **grammar.by_name[kind].may}, own
        places = {row.place for row in grammar.variants}
        assert {one.partition("=")[0] for one in quirk.says} <= places


def is_named(provider: str, grammar: Grammar) -> bool:
    return provider in grammar.natives or any(provider in quirk.providers for quirk in grammar.quirks)


def test_every_provider_of_ours_is_held_to_something_but_where_nobody_has_seen_its_streams() -> None:
    pairs = [(row.name, dialect) for row in providers.load().values() for dialect in row.dialects]
    assert {(name, dialect) for name, dialect in pairs if not is_named(name, GRAMMARS[dialect])} == LENIENT


LENIENT = {
    ("anthropic", "openai-chat"),
    ("infron", "openai-responses"),
    ("runyourai", "openai-responses"),
    ("ollama", "openai-responses"),
}
"""Every quirk is let pass for these."""


def test_ids_of_rules_are_theirs_alone() -> None:
    ids = [rule.id for grammar in GRAMMARS.values() for rule in grammar.rules.values()] + [one.id for one in TAPE_RULES]
    assert len(ids) == len(set(ids))
    for grammar in GRAMMARS.values():
        for rule in grammar.rules.values():
            assert rule.says
            assert rule.source
            assert rule.level in {"error", "warning", "unknown"}
