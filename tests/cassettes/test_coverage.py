"""The table of what is known of each provider and dialect: what it says is true, and the README has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassettes import coverage, dialects, grammar, providers

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_has_the_table_of_today() -> None:
    text = README.read_text(encoding="utf-8")
    assert coverage.written(text, "README.md") == text, "run `tokentape providers --coverage --into README.md`"


def test_every_provider_and_each_of_its_dialects_is_in_it_once() -> None:
    found = [(row.provider, name) for row in coverage.rows() for name in row.dialects]
    wanted = [(row.title, coverage.TITLES[name]) for row in providers.load().values() for name in row.dialects]
    assert sorted(found) == sorted([*wanted, ("any other", "raw")])


def test_every_dialect_of_ours_has_a_title() -> None:
    assert set(coverage.TITLES) == {name for name in dialects.names() if dialects.get(name).folds}


@pytest.mark.parametrize("name", coverage.TITLES)
def test_the_marks_are_what_the_registries_say(name: str) -> None:
    marks = {row.marks for row in coverage.rows() if coverage.TITLES[name] in row.dialects}
    (only,) = marks
    told = dict(zip(coverage.COLUMNS, only, strict=True))
    assert told["recorded"]
    assert told["replayed"]
    assert told["folded"] == dialects.get(name).folds
    assert told["checked"] == (name in grammar.GRAMMARS)
    assert told["synthesised"] == dialects.get(name).speaks


def test_of_what_nobody_knows_bytes_are_kept_and_nothing_more() -> None:
    *_, last = coverage.rows()
    assert last.marks == (True, True, False, False, False, False)


def test_a_file_without_markers_is_told() -> None:
    with pytest.raises(coverage.MarkerError, match=r"x\.md: found no place") as caught:
        coverage.written("# Title\n", "x.md")
    assert caught.value.exit_code == 2
    filled = coverage.written(f"a\n{coverage.BEGIN}\nold\n{coverage.END}\nb\n", "x.md")
    assert filled == f"a\n{coverage.BEGIN}\n\n{coverage.table()}\n{coverage.END}\nb\n"
    assert coverage.written(filled, "x.md") == filled
