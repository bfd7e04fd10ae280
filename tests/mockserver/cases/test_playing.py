"""A case among faults: unfolded, counted, refused where it does not fit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cased import LAST, TAPE, read, show
from hypothesis import given
from hypothesis import strategies as st
from wires import Tool, ask, chunk, post, tokentape

from mockserver.cases.case import Case
from mockserver.cases.playing import Asker, contradict, has_case, timeline_of, unfold
from mockserver.cases.script import DIALECTS, Stream
from mockserver.cases.table import table
from mockserver.faults import table as faults
from mockserver.faults.breaking import acting, broken, tape_side
from mockserver.faults.grammar import FaultError, text_of
from mockserver.faults.kinds import Scene
from mockserver.faults.table import Bound
from mockserver.plan import Asking

pytestmark = pytest.mark.xdist_group("cases")
CHAT = Asker(1, "openai-chat")


def texts(asked: str, asker: Asker) -> str:
    """The faults that a list comes to."""
    return text_of(one.fault for one in unfold(acting(faults.read(asked), asker.attempt), asker).faults)


@pytest.mark.parametrize("ident", [case.id for case in table().values() if not case.unserved])
def test_every_case_can_be_applied_in_each_of_its_dialects(ident: str) -> None:
    for dialect in table()[ident].dialects:
        for attempt in (1, 2):
            unfolded = unfold(faults.read(f"case:{ident}"), Asker(attempt, dialect))
            tape = unfolded.timeline or timeline_of(Stream((b"data: {}\n\n",)))
            side = tape_side(tape, "sse", Asking(), folded=False)
            made = broken(side, unfolded.faults, Scene(dialect, target="/x"), Asking())
            assert all("drop-header" in told for told in made.left_out)


def test_a_case_is_its_faults_in_its_place() -> None:
    asked = "latency:5ms;case:429-retry-after-s;jitter:2ms"
    assert texts(asked, CHAT) == "latency:5ms;status#1:429,retry-after=1;jitter:2ms"
    assert texts(asked, replace_attempt(2)) == "latency:5ms;jitter:2ms"
    assert has_case(faults.read(asked))
    assert not has_case(faults.read("latency:5ms"))


def replace_attempt(number: int) -> Asker:
    """The asker of a later attempt."""
    return CHAT._replace(attempt=number)


def test_attempts_count_from_the_first_of_the_case() -> None:
    asked = "case#2:rst-once-then-ok"
    assert [texts(asked, replace_attempt(number)) for number in (1, 2, 3)] == ["", "reset@request#1", ""]
    assert [texts("case#2+:rst-once-then-ok", replace_attempt(number)) for number in (2, 3)] == ["reset@request#1", ""]


def test_a_case_of_another_dialect_is_refused_or_left_out() -> None:
    with pytest.raises(
        FaultError, match=r"case:done-twice cannot be applied: the case is one of openai-chat, .* gemini"
    ):
        unfold(faults.read("case:done-twice"), Asker(1, "gemini"))
    unfolded = unfold(faults.read("case?:done-twice;latency:5ms"), Asker(1, "gemini"))
    assert text_of(one.fault for one in unfolded.faults) == "latency:5ms"
    assert unfolded.timeline is None
    assert len(unfolded.left_out) == 1
    assert unfold(faults.read("case:crlf"), Asker(1, "some-other")).timeline is not None


def test_contradictions_are_told() -> None:
    with pytest.raises(FaultError, match="contradict"):
        unfold(faults.read("case:rst-mid-chunk;cut@3e"), CHAT)
    with pytest.raises(FaultError, match="another case has a stream of its own"):
        unfold(faults.read("case:crlf;case:no-space"), CHAT)
    with pytest.raises(FaultError, match="the client asked for none"):
        unfold(faults.read("case:crlf"), CHAT._replace(whole=True))


def test_an_unknown_case_is_a_mistake_before_anything_starts() -> None:
    with pytest.raises(FaultError, match=r"character 6 .*no case 'rst-mid-chnk'; did you mean rst-mid-chunk"):
        faults.read("case:rst-mid-chnk")
    with pytest.raises(FaultError, match="a server cannot show"):
        faults.read("case:abort-then-reuse")
    done = tokentape("serve", "openai/hello", "--port", "0", "--fault", "case:done-on-responses")
    assert done.returncode == 2
    assert "the case is one of openai-responses" in done.stderr


def test_over_the_wire_a_misfit_is_a_422(served: Tool) -> None:
    shown = show(served, "done-twice", "anthropic")
    assert (shown.code, shown.seen.header("x-should-retry")) == (422, "false")
    assert "one of openai-chat" in json.loads(shown.body)["error"]["message"]


def test_a_case_is_asked_for_by_header_and_by_query(served: Tool) -> None:
    by_header = ask(served.url, post("/up/raw", b"", "x-tokentape-fault: case:crlf", "Connection: close"))
    assert read(b"".join(by_header.wire_body.split(b"\r\n")), "raw").text == ""
    by_query = ask(served.url, post("/play/raw?fault=case:crlf", b"", "Connection: close", method="GET"))
    assert by_query.wire_body == by_header.wire_body
    without = ask(served.url, post("/up/raw", b"", "Connection: close"))
    assert without.wire_body == chunk(TAPE) + LAST


@given(st.lists(st.sampled_from([case for case in table().values() if not case.unserved]), min_size=2, max_size=4))
def test_cases_that_do_not_contradict_each_other_act_together(drawn: list[Case]) -> None:
    """What a scenario draws by chance is never a mistake, whatever the dialect."""
    bounds: tuple[Bound, ...] = ()
    for case in drawn:
        one = faults.read(f"case?:{case.id}")
        bounds += () if contradict(one, bounds) else one
    for dialect in DIALECTS:
        unfolded = unfold(bounds, Asker(1, dialect))
        assert all("the case is one of" in told for told in unfolded.left_out)


def test_two_that_contradict_are_told_apart() -> None:
    for one, other in (("rst-mid-chunk", "fin-mid-stream"), ("crlf", "no-space"), ("503-then-ok", "529-then-ok")):
        assert contradict(faults.read(f"case:{one}"), faults.read(f"case:{other}"))
    assert contradict(faults.read("case:rst-mid-chunk"), faults.read("cut@3e"))
    assert not contradict(faults.read("case:rst-mid-chunk"), faults.read("latency:1ms"))


def test_a_stream_is_a_timeline() -> None:
    timeline = timeline_of(Stream((b"a", b"bc"), gap_ms=5.0))
    assert [(frame.at_ms, frame.data) for frame in timeline.frames] == [(0.0, b"a"), (5.0, b"bc")]
    assert (timeline.end_at_ms, timeline.framing) == (5.0, "chunked")
    assert timeline_of(Stream(())).end_at_ms == 0.0


def test_the_same_bytes_in_every_process() -> None:
    def made(ident: str, dialect: str) -> bytes:
        unfolded = unfold(faults.read(f"case:{ident}"), Asker(1, dialect))
        assert unfolded.timeline is not None
        return b"".join(frame.data for frame in unfolded.timeline.frames)

    for case in table().values():
        if case.stream is not None and "8mb" not in case.id:
            for dialect in case.dialects:
                assert made(case.id, dialect) == made(case.id, dialect)
    assert replace(table()["crlf"], wire="x").play(DIALECTS[0]) == table()["crlf"].play(DIALECTS[0])
