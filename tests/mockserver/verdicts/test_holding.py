"""Connections that are held on to."""

from __future__ import annotations

from mockserver.verdicts.holding import RULES
from mockserver.verdicts.verdict import Terms

JUDGES = {rule.name: rule.judge for rule in RULES}
PATIENT = Terms(patience=1000.0)


def found(name, *deck, terms=PATIENT):
    return [one.requests for one in JUDGES[name](deck, terms)]


def test_who_waits_longer_than_the_patience_has_no_read_timeout(seen):
    stalled = seen(open=True, last=9_001.0)
    assert found("no_read_timeout", stalled) == []
    assert found("no_read_timeout", stalled._replace(last=8_999.0)) == [(1,)]
    assert found("no_read_timeout", stalled._replace(last=None)) == [(1,)]
    assert found("no_read_timeout", stalled._replace(last=0.0, end=5_000.0, by="client")) == []


def test_a_stall_that_the_server_ended(seen):
    cut = seen(end=5_000.0, last=1_000.0, by="fault")
    (one,) = JUDGES["no_read_timeout"]([cut], PATIENT)
    assert one.found == "nothing came on request 1 for 4000 ms, and its client waited until the server ended it"
    assert one.evidence == {"silent_ms": 4000.0, "patience_ms": 1000.0, "last_byte_ms": 1_000.0, "in_flight": False}
    assert found("no_read_timeout", cut, terms=Terms(patience=4001.0)) == []
    # A pause of the tape is none of the client's business.
    assert found("no_read_timeout", cut._replace(by="tape")) == []


def test_who_goes_on_and_keeps_the_old_connection_leaks_it(seen):
    held = seen(open=True, last=10.0)
    again, other = seen(start=20.0, end=30.0), seen(start=20.0, end=30.0, key="other")
    assert found("connection_leaked", held, again) == [(1, 2)]
    assert found("no_read_timeout", held, again) == []
    assert found("connection_leaked", held, other) == []
    assert found("connection_leaked", held) == []
    assert found("connection_leaked", held, terms=Terms(accepted=("text",))) == [(1,)]
    assert found("connection_leaked", held._replace(end=15.0, by="client"), again) == []
    assert found("connection_leaked", held._replace(end=9_000.0, by="shutdown"), again) == [(1, 2)]
