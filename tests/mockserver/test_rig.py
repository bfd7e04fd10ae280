"""The server of a test session without pytest: whose tapes a test gets, what goes before what, what is kept of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wires
from asked import chat, status
from tapes import taped

from cassettes.model import TokentapeError
from mockserver.lookup import Node, node_of
from mockserver.rig import Rig, RigSettings, Running, settings_of
from mockserver.wishes import Wish
from tokentape import Composition

RECORDED = [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event("live")) + b"0\r\n\r\n"), wires.Finish()]


@pytest.fixture(scope="module")
def upstream() -> Iterator[wires.ScriptedUpstream]:
    with wires.ScriptedUpstream(RECORDED) as one:
        yield one


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return node_of("tests/test_chat.py::test_a", tmp_path / "tests" / "test_chat.py", None, "test_a", None)


class Rigs:
    """Makes rigs in a folder, and ends them."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.environ = {"TOKENTAPE_UPSTREAM": f"openai={url}/v1", "TOKENTAPE_CONFIG": ""}
        self.made: list[Rig] = []

    def __call__(self, *, environ: dict[str, str] | None = None, **flags: Any) -> Rig:
        rig: Rig = Composition().rig(flags, self.root, self.environ | (environ or {}))
        rig.open()
        self.made.append(rig)
        return rig


@pytest.fixture
def rigs(tmp_path: Path, upstream: wires.ScriptedUpstream) -> Iterator[Rigs]:
    made = Rigs(tmp_path, upstream.url)
    yield made
    for rig in made.made:
        rig.close()
        rig.close()  # twice does no harm


def asked(running: Running, text: str = "Hello!") -> int:
    return status(chat(running.mock.url("openai"), text))


def test_settings_of_file_variables_and_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = {"seed": "4", "max-gap": "5ms", "tapes": ("t",), "strict": True, "map": ("X_URL=xai",), "record": "once"}
    settings = settings_of(values, {"seed": None, "speed": "2", "record": None, "strict": False})
    assert settings.deck == {"seed": 4, "max_gap": "5ms"}
    assert (settings.flags, settings.seed, settings.strict, settings.record) == ({"speed": "2"}, 4, True, "once")
    assert (settings.tapes, settings.mapped) == ((tmp_path / "t",), {"X_URL": "xai"})
    assert settings_of(values, {"seed": 9, "record": "none"}).seed == 9
    assert not settings_of(values, {"record": "none"}).records
    assert RigSettings().seed == 0
    with pytest.raises(TokentapeError, match="'fast' is not a speed"):
        settings_of({}, {"speed": "fast"})


def test_what_goes_before_what(rigs: Rigs, node: Node, tmp_path: Path) -> None:
    (tmp_path / "tokentape.toml").write_text('speed = 7\nmatch = "exact"\nttft = "5ms"\n[pytest]\nseed = 3\n')
    rig = rigs(environ={"TOKENTAPE_CONFIG": str(tmp_path / "tokentape.toml"), "TOKENTAPE_TTFT": "6ms"}, seed=8)
    begun = [
        rig.begin(node, Wish(("openai/hello",)), {}),
        rig.begin(node, Wish(("openai/hello",)), {"speed": 2, "seed": 4, "match": "route"}),
        rig.begin(node, Wish(("openai/hello",), speed=1, match="order"), {"speed": 2}),
    ]
    playing = [rig.house.chooser(one.mock.name).playing for one in begun]
    assert [one.pace.speed for one in playing] == [7, 2, 1]
    assert [one.levels[-1] for one in playing] == ["exact", "route", "order"]
    assert {(one.pace.ttft_ms, one.seed) for one in playing} == {(6, 8)}
    rig = rigs()
    assert rig.house.chooser(rig.begin(node, Wish(), {}).mock.name).playing.pace.timeless


def test_a_test_has_its_own_tape_else_those_that_are_configured(rigs: Rigs, node: Node, tmp_path: Path) -> None:
    rig = rigs()
    taped(tmp_path / "tapes", "common", [b"data: 1\n\n"])
    running = rig.begin(node, Wish(), {"tapes": ["tapes"]})
    assert list(rig.house.chooser(running.mock.name).index.tapes) == ["common"]
    assert rig.problems(running) == []
    assert rig.end(running) == []
    taped(node.folder, "test_a", [b"data: 1\n\n"])
    running = rig.begin(node, Wish(), {"tapes": ["tapes"], "strict": True})
    assert list(rig.house.chooser(running.mock.name).index.tapes) == ["test_a"]
    assert [one.lines for one in rig.problems(running)] == [("never played: test_a#1",)]
    wires.ask(running.mock.url(), wires.post(f"/~{running.mock.name}/up/test_a", b"", "Connection: close"))
    assert rig.problems(running) == []
    rig.end(running)
    assert rig.played == {("tests/cassettes/test_chat/test_a.yaml", 1)}


def test_what_a_miss_is_told(rigs: Rigs, node: Node) -> None:
    rig = rigs()
    running = rig.begin(node, Wish(), {})
    assert asked(running) == 404
    assert rig.problems(running)[-1].lines == (
        "this test has no tape: `pytest 'tests/test_chat.py::test_a' --tokentape-record=once` records "
        "tests/cassettes/test_chat/test_a.yaml",
    )
    shipped = rig.begin(node, Wish(("openai/hello",), match="normalized"), {})
    assert asked(shipped, "other") == 404
    assert rig.problems(shipped)[-1].lines == ('in the mark: match="route"',)
    with pytest.raises(AssertionError):
        shipped.mock.assert_clean()
    shipped.mock.assert_clean(allow="miss")
    assert rig.problems(shipped) == []


def test_recording_playing_and_what_is_noted_of_it(rigs: Rigs, node: Node, upstream: wires.ScriptedUpstream) -> None:
    before = len(upstream.requests)
    rig = rigs(record="once")
    variables = rig.variables({})
    assert variables["OPENAI_BASE_URL"] == f"{rig.house.url}/openai/v1"
    assert "OPENAI_API_KEY" not in variables
    for _ in range(2):  # the second time it is there
        running = rig.begin(node, Wish(), {})
        assert asked(running) == 200
        assert rig.problems(running) == []
        assert rig.end(running) == []
    assert len(upstream.requests) == before + 1
    assert [line.partition(": ")[0].rpartition("/")[2] for line in rig.recorded] == ["test_a.yaml"]
    assert rig.played == {("tests/cassettes/test_chat/test_a.yaml", 1)}
    assert rigs().variables({})["OPENAI_API_KEY"] == "tokentape"
    changed = rigs().begin(node, Wish(), {})
    assert asked(changed, "Hallo!") == 404
    *_, advice = rigs.made[-1].problems(changed)[-1].lines
    assert advice == "`pytest 'tests/test_chat.py::test_a' --tokentape-record=all` records it anew"
    rig = rigs(record="new_episodes")
    running = rig.begin(node, Wish(), {})
    assert [asked(running, text) for text in ("Hello!", "more")] == [200, 200]
    rig.end(running)
    assert len(upstream.requests) == before + 2
    assert len(rig.played) == 2


def test_named_tapes_are_recorded_where_they_are_or_beside_the_test(rigs: Rigs, node: Node) -> None:
    rig = rigs(record="once")
    with pytest.raises(TokentapeError, match="the tape 'second' is neither in"):
        rig.begin(node, Wish(("first", "second")), {})
    running = rig.begin(node, Wish(("greet/first", "openai/hello")), {})
    assert running.target == node.folder / "greet" / "first.yaml"
    assert asked(running, "new") == 200
    rig.end(running)
    assert rig.begin(node, Wish(("greet/first",)), {}).target is None
    shipped = rig.begin(node, Wish(("openai/hello",)), {})
    assert (shipped.target, asked(shipped, "anything")) == (None, 200)
    again = rigs(record="all")
    assert again.begin(node, Wish(("greet/first",)), {}).target == running.target
    assert again.begin(node, Wish(("openai/hello",)), {}).target == node.folder / "openai" / "hello.yaml"


def test_a_recording_that_is_lost_is_told(rigs: Rigs, node: Node, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "cassettes").write_text("no folder")
    rig = rigs(record="once")
    running = rig.begin(node, Wish(), {})
    assert asked(running) == 200
    (lost,) = rig.end(running)
    assert "cannot record" in lost


def test_scenarios_count_from_the_tests_folder(rigs: Rigs, node: Node, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "s.yaml").write_text('rules:\n- when: {}\n  attempts: [["status:503"], []]\n')
    rig = rigs()
    for given in ("s.yaml", Path("s.yaml"), (tmp_path / "tests" / "s.yaml").read_text()):
        running = rig.begin(node, Wish(("openai/hello",), scenario=given), {})
        assert [asked(running) for _ in range(2)] == [503, 200]
        rig.end(running)


def test_more_providers_and_base_urls_that_are_set_already(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    from cassettes import providers

    (tmp_path / "rows.yaml").write_text("acme:\n  base_url: https://llm.acme.example/v1\n")
    environ = {
        "TOKENTAPE_PROVIDERS": str(tmp_path / "rows.yaml"),
        "TOKENTAPE_CONFIG": "",
        "OPENAI_BASE_URL": "http://h/v1",
    }
    try:
        rig = Composition().rig({"record": "once"}, tmp_path, environ)
        assert rig.settings.upstreams == {"openai": "http://h/v1"}
        assert providers.lookup("acme") is not None
        assert Composition().rig({}, tmp_path, environ).settings.upstreams == {}
    finally:
        providers.restore()
    assert "TOKENTAPE_PROVIDERS" not in os.environ
