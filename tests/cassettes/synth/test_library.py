"""The shipped library is what its source file makes, and every tape says what the source asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cassettes import dialects, folding, providers, yamlio
from cassettes.model import Cassette, Interaction
from cassettes.shipped import shipped_root
from cassettes.synth import library

MADE = dict(library.tapes())
ROWS: dict[str, Any] = library.source()["tapes"]


def row_of(name: str) -> tuple[str, str, Any]:
    """Provider, dialect, and the row of the source."""
    provider, _, rest = name.partition(f"/{library.FOLDER}/")
    dialect = next(one for one in library.source()["providers"][provider] if rest.startswith(one + "-"))
    return provider, dialect, ROWS[rest.removeprefix(dialect + "-")]


def only(cassette: Cassette) -> Interaction:
    (interaction,) = cassette.interactions
    return interaction


def test_the_files_are_what_the_source_makes() -> None:
    root = shipped_root()
    found = {
        path.relative_to(root).with_suffix("").as_posix(): path for path in root.glob(f"*/{library.FOLDER}/*.yaml")
    }
    assert sorted(found) == sorted(MADE)
    stale = [name for name, path in found.items() if path.read_bytes() != yamlio.dump(MADE[name])]
    assert not stale, f"make library: {stale[:3]} are not what cassettes/synth/library.yaml makes"


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in shipped_root().rglob("*.yaml")) < 1_500_000


def test_every_provider_and_dialect_of_the_mission_has_its_tapes() -> None:
    for provider, spoken in library.source()["providers"].items():
        assert set(spoken) <= set(providers.load()[provider].dialects)
        for dialect in spoken:
            has = {
                name.rpartition(f"{dialect}-")[2]
                for name in MADE
                if name.startswith(f"{provider}/{library.FOLDER}/{dialect}-")
            }
            assert {"text", "tool-call", "error"} <= has
            assert ("usage" in has) == (dialect == "openai-chat")
            assert has & {"refusal", "safety-stop"}


@pytest.mark.parametrize("name", MADE)
def test_a_tape_says_what_the_source_asks_for(name: str) -> None:
    provider, dialect, row = row_of(name)
    interaction = only(MADE[name])
    response, stream = interaction.response, interaction.response.stream
    assert (stream.provider, stream.dialect, stream.source) == (provider, dialect, "synthetic")
    grammar = dialects.get(dialect)
    assert grammar.prompt(json.loads(interaction.request.body)) == row["prompt"]
    if "error" in row:
        assert response.code == row["error"]
        assert row["message"].encode() in response.body
        return
    deltas = [grammar.delta(payload) for payload in folding.payloads(response)]
    for kind in ("text", "reasoning", "refusal"):
        said = "".join(getattr(delta, kind) for delta in deltas)
        assert said == row.get(kind, "") or (kind == "refusal" and row.get("finish"))
    assert [part.name for delta in deltas for part in delta.tools if part.name] == (
        [row["tool"]] if "tool" in row else []
    )
    counted = any(delta.usage for delta in deltas)
    assert counted or (dialect == "openai-chat" and not row.get("include_usage"))
    keepalives = response.body.count(b"PROCESSING")
    assert keepalives == row.get("comments", 0)
    assert grammar.fold(folding.payloads(response)) is not None


def test_they_sort_behind_the_tapes_made_by_hand() -> None:
    for name in ("openai/hello", "openai/responses-hello", "anthropic/hello", "google/hello", "xai/hello"):
        provider = name.partition("/")[0]
        assert all(name < other for other in MADE if other.startswith(provider + "/"))
