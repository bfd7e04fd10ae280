"""The page of the documentation is what the tables say, and is checked in."""

from __future__ import annotations

from pathlib import Path

from cassettes.grammar import GRAMMARS
from cassettes.grammar.page import document

PAGE = Path(__file__).resolve().parents[3] / "docs" / "grammar.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run `tokentape check --markdown > docs/grammar.md`"


def test_it_has_every_kind_rule_and_machine() -> None:
    page = document()
    for grammar in GRAMMARS.values():
        chapter = page.partition(f"(`{grammar.dialect}`)")[2].partition("\n## ")[0]
        for kind in grammar.kinds:
            assert f"\n| `{kind.name}` |" in chapter
        for name in grammar.rules:
            assert f"\n| `{name}` |" in chapter
        assert chapter.count("```mermaid\nstateDiagram-v2\n") == len(grammar.machines)
        for quirk in grammar.quirks:
            assert ", ".join(quirk.providers) in chapter


def test_its_tables_are_whole() -> None:
    lines = document().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|---"):
            columns = line.count("|")
            assert lines[number - 1].replace("\\|", "").count("|") == columns
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                assert row.replace("\\|", "").count("|") == columns, row
