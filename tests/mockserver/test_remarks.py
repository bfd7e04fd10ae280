"""Remarks on tapes that answer: each once."""

from __future__ import annotations

from cassettes.matching import Asked, entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.routes import parse
from mockserver import remarks
from mockserver.choose import Chosen
from mockserver.decks import Run
from mockserver.plan import Asking
from mockserver.remarks import Remarks

SSE = (("Content-Type", "text/event-stream"),)
PATH = "/openai/v1/chat/completions"


def chosen_of(tape, body=b"{}", answer=b"data: {}\n\ndata: {oh\n\n"):
    stream = Stream(provider="openai", dialect="openai-chat")
    request = Request("POST", "https://api.openai.com/v1/chat/completions", (), body)
    entry = entry_of(tape, 1, Interaction(request, Response(200, "OK", SSE, answer, stream)))
    return Chosen(None, entry, Run((entry,)))


def remark(tapes, level="order", body=b"{}", asking=Asking()):  # noqa: B008
    said = []
    made = Remarks(said.append)
    asked = Asked(Request("POST", PATH, (), body), parse("POST", PATH, ()), body)
    for tape in tapes:
        chosen = chosen_of(tape)
        made.note(asked, asking, (level, chosen.candidates), chosen)
    return said


def test_a_tape_that_answers_another_body_is_named_once():
    (line,) = remark(["t", "t"], body=b'{"other": 1}')
    assert line.startswith(f"tokentape: note: t#1 answers POST {PATH.removeprefix('/openai')} by order")
    assert remark(["t"]) == remark(["t"], "exact", b'{"other": 1}') == []


def test_an_event_that_is_lost_in_folding_is_named_once():
    (line,) = remark(["t", "t"], "exact", asking=Asking(whole=True))
    assert line.startswith("tokentape: note: event 2 of t#1 is not JSON")


def test_there_is_an_end_to_remarks(monkeypatch):
    monkeypatch.setattr(remarks, "NOTED_MOST", 2)
    assert len(remark(["a", "b", "c"], body=b'{"other": 1}', asking=Asking(whole=True))) == 4
