"""The benchmarks measure: each runs in its smallest form and gives its table. No time is asserted here."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import fidelity, load, memory, neighbours, recorder, scale, table, tapes, throughput
from benchmarks.__main__ import NAMES, main
from benchmarks.bench import Bench
from benchmarks.instruments import Instruments, in_python, instruments
from benchmarks.servers import LOOPS
from cassettes.timeline import to_timeline
from cassettes.yamlio import load_file
from mockserver.plan import Asking, compile_plan

SMALL: dict[str, tuple[ModuleType, Any]] = {
    "fidelity": (fidelity, fidelity.Size(12, 250.0, 3)),
    "throughput": (throughput, throughput.Size(20, 4, 40, 20)),
    "scale": (scale, scale.Size(20, 3)),
    "memory": (memory, memory.Size(20, 1000.0, 3, 600, 200)),
    "recorder": (recorder, recorder.Size(10, 2000, 4, 5, 5000)),
}
"""Module and size."""


def rows_of(name: str, floor: list[str]) -> list[str]:
    """The first cells of the table of `name`; `floor` is the C server's name, or nothing."""
    servers = [*floor, *LOOPS, "plain aiohttp"]
    if name == "recorder":
        return ["direct", *LOOPS, "plain aiohttp proxy", "bare asyncio splice"] * 2
    if name == "throughput":
        return [*servers, "bare aiohttp", *servers]
    return servers if name == "scale" else servers * 2


def made(tmp_path: Path, name: str, tools: Instruments) -> table.Report:
    module, size = SMALL[name]
    return module.measure(Bench(tmp_path, tools, reps=1), size)


def is_whole(report: table.Report, name: str, floor: list[str]) -> None:
    """Every server has its rows, every row its columns, and every row was measured."""
    assert report.name == name
    assert report.columns == SMALL[name][0].COLUMNS
    assert [row[0] for row in report.rows] == rows_of(name, floor)
    assert all(len(row) == len(report.columns) for row in report.rows)
    assert all(any(isinstance(cell, float) and cell > 0 for cell in row) for row in report.rows)
    lines = report.text().splitlines()
    assert lines[0] == f"== {name}"
    assert all(column in lines[1] for column in report.columns)
    assert len([line for line in lines if line.startswith(("met ", "MISSED ", "untold "))]) == len(report.targets) > 0
    assert len(json.loads(json.dumps(report.json()))["rows"]) == len(report.rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_every_benchmark_gives_its_table(name: str, tmp_path: Path) -> None:
    tools = instruments()
    report = made(tmp_path, name, tools)
    is_whole(report, name, ["C floor"] if tools.floor else [])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fidelity", "throughput", "memory"])
def test_without_c_instruments_the_table_says_so(name: str, tmp_path: Path) -> None:
    report = made(tmp_path, name, in_python())
    is_whole(report, name, [])
    assert any("no C instruments" in note for note in report.notes)


@pytest.mark.slow
def test_the_recorder_is_measured_without_c_instruments(tmp_path: Path) -> None:
    report = made(tmp_path, "recorder", in_python())
    is_whole(report, "recorder", [])
    for name in LOOPS:
        (tape,) = (tmp_path / name).rglob("*.yaml")
        assert len(load_file(tape).interactions) == 5  # one stream, then four


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", "--quick", "--json", "--reps", "1"]) == 0
    printed = json.loads(capsys.readouterr().out)
    (report,) = printed["benchmarks"]
    assert [row["ms"] > 0 for row in report["rows"]] == [True] * 3
    assert tuple(report["rows"][0]) == load.COLUMNS
    assert [target["limit"] for target in report["targets"]] == ["at most 60 ms", "at most 100 ms", "at most 1000 ms"]


def test_an_unknown_benchmark_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fidelty"])
    assert ended.value.code == 2
    assert "there is no benchmark 'fidelty': expected fidelity, throughput" in capsys.readouterr().err
    assert set(SMALL) | {"load"} == set(NAMES)


# The tapes


@pytest.mark.parametrize("pace", [tapes.uneven(50, 7), tapes.even(20, 0.0), tapes.even(20, 100.0, 50.0)])
def test_floor_and_tokentape_play_the_same_bytes_by_the_same_schedule(pace: tapes.Pace, tmp_path: Path) -> None:
    tape = tapes.write_tape(tmp_path, "t", pace)
    (interaction,) = load_file(tape.folder / "t.yaml").interactions
    plan = compile_plan(to_timeline(interaction), Asking())
    assert tape.floor.with_suffix(".bin").read_bytes() == plan.wire
    rows = [tuple(map(int, line.split())) for line in tape.floor.with_suffix(".idx").read_text().splitlines()]
    by_due = dict(rows)  # the player writes in one go what is due at one instant
    assert by_due == {round(due * 1e6): end for due, end in zip(plan.due, plan.ends, strict=True)}
    assert [float(line) for line in tape.expected.read_text().split()] == list(tape.offsets_ms)
    played = json.loads(tape.plain.read_text())
    assert "".join(text for _, text in played).encode() == interaction.response.body
    assert round(sum(gap for gap, _ in played) * 1000, 1) == tape.offsets_ms[-1]


@given(st.integers(2, 400), st.integers())
def test_an_uneven_pace_is_seeded_rises_and_ends_in_time(count: int, seed: int) -> None:
    pace = tapes.uneven(count, seed)
    assert pace == tapes.uneven(count, seed)
    assert len(pace.gaps_ms) == count
    assert min(pace.gaps_ms) >= 0
    assert pace.headers_ms + pace.gaps_ms[0] == 400.0
    assert pace.headers_ms + sum(pace.gaps_ms) == pytest.approx(7600.0, abs=0.05)


# The table


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=9))
def test_medians_leave_out_what_was_not_measured(values: list[float]) -> None:
    reps = [*({"a": value, "b": None} for value in values), {"a": None, "b": None}]
    assert table.medians(reps) == {"a": median(values), "b": None}


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), ("x", "x"), (0, "0"), (12, "12"), (0.1234, "0.12"), (12.34, "12.3"), (1234.5, "1,234")],
)
def test_a_cell_shows_the_digits_that_count(value: table.Value, text: str) -> None:
    assert table.shown(value) == text


def test_a_target_is_met_missed_or_untold() -> None:
    assert table.target("p50", "at most 2 ms", 1.5, lambda x: x <= 2, " ms") == ("p50", "at most 2 ms", "1.50 ms", True)
    assert table.target("share", "at least 50 %", 0.41, lambda x: x >= 0.5, "%").measured == "41.0%"
    untold = table.target("share", "at least 50 %", table.ratio(1.0, None), lambda x: x >= 0.5, "%")
    assert (untold.measured, untold.met) == ("not measured", None)
    assert table.ratio(1.0, 0.0) is None
    assert table.percent(None) is None


# Neighbours


def test_what_others_used_is_what_we_did_not() -> None:
    before = neighbours.Use(ticks=1000, busy=300, ours_s=1.0)
    after = neighbours.Use(ticks=1400, busy=500, ours_s=2.0)
    assert neighbours.share(before, after, 100) == (200 - 100) / 400
    assert neighbours.share(before, after._replace(ours_s=9.0), 100) == 0.0  # ended children of before the first look
    assert neighbours.share(before, before, 100) is None
    assert neighbours.share(None, after, 100) is None


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux says what others use")
def test_the_system_says_what_is_used() -> None:
    first = neighbours.use()
    sum(range(2_000_000))
    second = neighbours.use()
    assert first is not None
    assert second is not None
    assert second.ours_s > first.ours_s
    assert second.ticks >= first.ticks
