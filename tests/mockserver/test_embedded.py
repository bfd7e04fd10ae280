"""Decks of a server in this process: bound, removed, recorded onto; what is still open ends with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import wires
from asked import chat, status
from tapes import taped

from cassettes.matching import Index
from cassettes.normalise import NO_RULES
from mockserver.choose import Playing
from mockserver.embedded import Embedded, levels, scenario_of, strictly
from mockserver.handed import Source, source
from recorder.standby import episode


@pytest.fixture(scope="module")
def house() -> Iterator[Embedded]:
    one = Embedded(Index((), NO_RULES), Playing(), upstreams=["bot"])
    one.open().result()
    yield one
    one.close().result()
    one.join()


def base(house: Embedded) -> str:
    return f"{house.url}/openai/v1"


def test_levels_follow_what_was_asked_for_and_whose_tapes_they_are(tmp_path: Path) -> None:
    shipped, own = source("openai/hello"), Source(tmp_path, tmp_path)
    assert levels(None, [own]) == ("exact", "normalized")
    assert levels(None, [own, shipped])[-1] == "route"
    assert levels("exact", [shipped]) == ("exact",)
    assert levels("order", [own]) == ("exact", "order")


def test_strictness_means_that_nothing_is_played_twice() -> None:
    assert strictly({"after_last": None}, strict=True)["after_last"] == "error"
    assert strictly({"after_last": "repeat"}, strict=True)["after_last"] == "repeat"
    assert strictly({}, strict=False) == {}


def test_what_names_no_deck_is_of_the_one_that_is_bound(house: Embedded) -> None:
    first = house.put("first", ["openai/hello"], {"speed": "max"})
    second = house.put("second", ["openai/hello"], {"speed": "max", "faults": "status:503"})
    for mock, wanted in ((first, 200), (second, 503), (first, 200)):
        house.bind(mock.name)
        assert status(chat(base(house))) == wanted
    house.bind(None)
    assert status(chat(base(house))) == 404
    assert (len(first.requests), len(second.requests)) == (2, 1)
    house.bind("second")  # a path that cannot be read is its as well
    assert status(wires.ask(house.url, wires.post("/~/x", b"", "Connection: close"))) == 400
    assert [one.status for one in second.requests] == [503, 400]
    house.bind(None)


def test_what_a_removed_deck_still_plays_is_ended(house: Embedded) -> None:
    mock = house.put("removed", ["openai/hello"], {"speed": "max", "faults": "stall@1e"})
    answers: list[wires.Seen] = []
    asking = threading.Thread(target=lambda: answers.append(chat(mock.url("openai"))))
    asking.start()
    mock.wait_for(lambda one: one.requests and one.requests[0].bytes)
    house.remove("removed")
    asking.join(5)
    assert [one.ended for one in answers] == ["reset"]
    assert house.played("removed") == set()
    assert mock.requests == []


def test_what_was_played_is_told_by_file(house: Embedded, tmp_path: Path) -> None:
    path = taped(tmp_path, "one", [b"data: 1\n\n"])
    mock = house.put("played", [tmp_path, "openai/hello"], {"speed": "max", "match": "route"})
    wires.ask(mock.url(), wires.post(f"/~{mock.name}/up/one", b"", "Connection: close"))
    assert status(chat(mock.url("openai"))) == 200
    assert house.played("played") == {(path, 1)}
    assert house.mounts("played") == {"bot", "up"}
    assert mock.url("bot").endswith("/~played/bot")


def test_a_deck_that_records_beside_one_that_does_not(house: Embedded, tmp_path: Path) -> None:
    answer = [wires.Send(wires.SSE_HEAD + wires.chunk(wires.event("live")) + b"0\r\n\r\n"), wires.Finish()]
    with wires.ScriptedUpstream(answer) as upstream:
        made = episode(
            tmp_path / "one.yaml",
            "once",
            one_file=True,
            upstreams={"openai": f"{upstream.url}/v1"},
            environ={},
            redactor=house.redactor,
            rules=NO_RULES,
            report=house.said.append,
        )
        recording = house.put("recording", None, {}, episode=made)
        plain = house.put("plain", [], {})
        assert b"live" in chat(recording.url("openai")).raw
        assert status(chat(plain.url("openai"))) == 404
        assert not (tmp_path / "two.yaml").exists()
        house.remove("recording", made.standby)
    assert (tmp_path / "one.yaml").is_file()
    assert any("recorded" in line for line in house.said)
    assert not house._standbys


def test_scenarios_of_every_form(house: Embedded, tmp_path: Path) -> None:
    chooser = house.chooser("")
    text = 'rules:\n- when: {}\n  attempts: [["status:503"]]\n'
    (tmp_path / "s.yaml").write_text(text)
    rules = [scenario_of(given, chooser, 3) for given in (text, tmp_path / "s.yaml", str(tmp_path / "s.yaml"))]
    assert {one.seed for one in rules} == {3}
    assert rules[0].rules == rules[1].rules == rules[2].rules
    assert scenario_of({"rules": [{"when": {}}], "seed": 5}, chooser, None).seed == 5
    assert scenario_of(None, chooser, 3) is None
