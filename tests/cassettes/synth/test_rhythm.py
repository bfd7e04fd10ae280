"""The measured quantiles: whose they are, what is drawn from them, and that the table is what the script measures."""

from __future__ import annotations

from pathlib import Path
from random import Random
from statistics import quantiles

import msgspec
import pytest

from benchmarks.rhythm import STEPS, main
from cassettes.synth import rhythm
from cassettes.synth.rhythm import Rhythm, drawn, measured, origins, rhythm_of, share_drawn

TAPES = Path(__file__).resolve().parents[3] / "../shared/tapes"
TABLE = Path(rhythm.__file__).with_name("rhythms.json")
TIMED = {"anthropic", "openai", "google"}


@pytest.mark.skipif(not TAPES.is_dir(), reason="the public recordings of ../shared/tapes are not here")
def test_the_table_is_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(TAPES)]) == 0
    assert capsys.readouterr().out == TABLE.read_text("utf-8")


@pytest.mark.parametrize("provider", measured())
def test_quantiles_rise_and_are_of_enough_values(provider: str) -> None:
    row = measured()[provider]
    for name, count in row.values.items():
        found = getattr(row, name)
        assert len(found) == STEPS + 1
        assert list(found) == sorted(found)
        assert count >= 8
    assert row.together == () or sum(row.together) == pytest.approx(1, abs=0.001)


def test_who_has_no_timed_recordings_has_the_times_of_the_nearest() -> None:
    assert {name for name, row in measured().items() if row.said_ms} == TIMED
    assert origins("xai", "openai-chat")["said_ms"] == "openai"
    assert origins("xai", "openai-chat")["text"] == "xai"
    assert origins("openrouter", "anthropic")["said_ms"] == "anthropic"
    assert origins("vertex", "gemini")["said_ms"] == "google"
    assert origins("nobody", "gemini")["first_ms"] == "anthropic"
    assert rhythm_of("xai", "openai-chat").said_ms == measured()["openai"].said_ms


def test_only_those_send_comments_that_were_seen_to() -> None:
    assert rhythm_of("openrouter", "openai-chat").comments
    assert rhythm_of("infron", "openai-chat").comments == rhythm_of("openrouter", "openai-chat").comments
    assert not rhythm_of("openai", "openai-chat").comments


@pytest.mark.parametrize("provider", sorted(TIMED))
def test_what_is_drawn_has_the_quantiles_that_were_measured(provider: str) -> None:
    values = measured()[provider].said_ms
    chance = Random(7)
    sample = [drawn(values, chance) for _ in range(20_000)]
    cuts = [min(sample), *quantiles(sample, n=STEPS), max(sample)]
    span = values[-1] - values[0]
    inner = list(zip(values, cuts, strict=True))[1:-1]
    assert all(abs(wanted - found) <= max(0.5, 0.02 * span, 0.1 * wanted) for wanted, found in inner)


def test_nothing_measured_draws_nothing() -> None:
    assert drawn((), Random(1)) == 0.0
    assert share_drawn((), Random(1)) == 1
    assert {share_drawn((0.0, 1.0), Random(n)) for n in range(9)} == {2}


def test_the_table_has_no_field_of_its_own() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"text": "x"}', type=Rhythm)
