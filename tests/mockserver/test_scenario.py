"""A scenario as a value: which rule fits, the faults of an attempt, what chance draws."""

import json
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.matching import Asked
from cassettes.model import Request
from cassettes.routes import parse
from mockserver.counting import WHOLE_DECK, Attempt
from mockserver.faults.grammar import text_of
from mockserver.faults.table import read
from mockserver.faulty import attempt_seed
from mockserver.scenario import Chance, Rule, Scenario, When

CHAT = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"hello"}]}'


def asked(target="/openai/v1/chat/completions", body=CHAT, headers=()):
    return Asked(Request("POST", target, headers, body), parse("POST", target, headers, (), body), body)


def written(faults):
    return [text_of([one.fault]) for one in faults]


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({}, True),
        ({"provider": ("openai",)}, True),
        ({"provider": ("anthropic", "open*")}, True),
        ({"provider": ("anthropic",)}, False),
        ({"dialect": ("openai-chat",)}, True),
        ({"dialect": ("gemini",)}, False),
        ({"model": ("gpt-*",)}, True),
        ({"model": ("gpt-4",)}, False),
        ({"model": ("GPT-*",)}, False),
        ({"path": ("*/chat/completions",)}, True),
        ({"path": ("/openai/*",)}, False),
        ({"deck": ("",)}, True),
        ({"deck": ("?*",)}, False),
        ({"stream": True}, True),
        ({"stream": False}, False),
        ({"header": (("x-case", ("a*",)),)}, False),
        ({"provider": ("openai",), "model": ("claude*",)}, False),
    ],
)
def test_all_that_is_given_must_fit(when, fits):
    assert When(**when).fits(asked()) == fits


def test_a_rule_may_be_for_a_deck_a_header_a_model_in_the_path():
    assert When(deck=("ci-*",)).fits(asked("/~ci-1/openai/v1/chat/completions"))
    one = asked(headers=(("X-Case", "abc"), ("x-case", "zzz")))
    assert When(header=(("x-case", ("z*",)), ("x-case", ("a??",)))).fits(one)
    assert not When(header=(("x-case", ("b*",)),)).fits(one)
    gemini = asked("/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", b"{}")
    assert When(model=("gemini-2.5-*",), provider=("google",), stream=True).fits(gemini)


def test_a_path_without_mount_is_whose_it_is_likely_meant_for():
    assert When(provider=("anthropic",)).fits(asked("/v1/messages"))
    assert When(provider=("gemini",)).fits(asked("/v1beta/models/m:generateContent", b"{}"))  # by its alias too
    assert not When(provider=("*",)).fits(asked("/what/is/this", b""))


def test_the_first_rule_that_fits_decides():
    rules = (Rule(when=When(model=("o3*",))), Rule(when=When(model=("gpt*",))), Rule())
    scenario = Scenario(rules=rules)
    assert scenario.rule_for(asked()) == (2, rules[1])
    assert scenario.rule_for(asked(body=b"{}")) == (3, rules[2])
    assert Scenario(rules=rules[:1]).rule_for(asked()) is None
    assert Rule().when.everything
    assert not rules[0].when.everything


def test_the_last_attempt_repeats():
    rule = Rule(attempts=(read("status:429"), read("reset@3e;latency:1ms"), ()))
    found = [written(rule.on(Attempt("", number))) for number in (1, 2, 3, 4)]
    assert found == [["status:429"], ["reset@3e", "latency:1ms"], [], []]
    assert Rule().on(Attempt("", 5)) == ()


def test_attempts_of_a_fault_count_the_life_of_the_deck():
    rule = Rule(attempts=(read("reset@3e#2+"),), chance=(Chance(read("latency#1:1ms"), 1.0),))
    first, second = Attempt("", 1, 1, 1), Attempt("", 1, 2, 2)
    assert (rule.on(first), written(rule.on(second))) == ((), ["reset@3e#2+"])
    assert (written(rule.drawn(first, Random(0))), rule.drawn(second, Random(0))) == (["latency#1:1ms"], ())


def test_a_case_counts_from_the_item_that_names_it_and_anew_when_counting_starts_again():
    rule = Rule(attempts=(read("status:429"), read("case:rst-once-then-ok"), read("case:rst-once-then-ok"), ()))
    found = [written(rule.on(Attempt("", number, life))) for number, life in ((1, 1), (2, 2), (3, 3), (4, 4))]
    assert found == [["status:429"], ["case#2+:rst-once-then-ok"], ["case#2+:rst-once-then-ok"], []]
    assert written(rule.on(Attempt("", 2, 9))) == ["case#9+:rst-once-then-ok"]
    last = Rule(attempts=(read("case:rst-once-then-ok"),))
    assert [written(last.on(Attempt("", 3, life))) for life in (3, 7)] == [
        ["case:rst-once-then-ok"],
        ["case#5+:rst-once-then-ok"],
    ]
    own = Rule(attempts=((), read("case#3:rst-once-then-ok")))
    assert [written(own.on(Attempt("", 2, life))) for life in (2, 3)] == [[], ["case#3:rst-once-then-ok"]]


def test_a_case_that_is_drawn_is_at_its_first_attempt_and_contradicts_what_it_is_made_of():
    def drawn(*names, others=()):
        rule = Rule(chance=tuple(Chance(read(name), 1.0) for name in names))
        return written(rule.drawn(Attempt("", 4, 4), Random(0), others))

    assert drawn("case:rst-mid-chunk", "cut@3e", "jitter:1ms") == ["case#4+:rst-mid-chunk", "jitter:1ms"]
    assert drawn("cut@3e", "case:rst-mid-chunk", "case:429-retry-after-s") == ["cut@3e", "case#4+:429-retry-after-s"]
    assert drawn("case:crlf", "case:no-space") == ["case#4+:crlf"], "each has a stream of its own"
    assert drawn("case:503-then-ok", others=read("status:500")) == []


def test_requests_are_counted_by_themselves_or_by_their_deck():
    one = asked()
    assert Rule(count="deck").counted_by(one) == WHOLE_DECK
    assert Rule().counted_by(one) == one.key != Rule().counted_by(asked(body=b"{}"))


def test_of_what_chance_draws_the_first_ending_wins():
    chances = (("latency:1ms", 1.0), ("reset@50%", 1.0), ("stall@2e", 1.0), ("cut;jitter:1ms", 1.0), ("drip:5", 1.0))
    rule = Rule(chance=tuple(Chance(read(text), share) for text, share in chances))
    assert written(rule.drawn(Attempt(""), Random(1))) == ["latency:1ms", "reset@50%", "drip:5"]
    assert written(rule.drawn(Attempt(""), Random(1), read("cut@3e"))) == ["latency:1ms", "drip:5"]


@given(st.integers(0, 2**32), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_draws_do_not_move_each_other(seed, shares):
    names = ("latency:1ms", "reset@50%", "stall@2e", "drip:5", "jitter:2ms")
    chances = [Chance(read(name), share) for name, share in zip(names, shares, strict=False)]
    free = [name for name in names[: len(shares)] if name not in ("reset@50%", "stall@2e")]
    drawn = written(Rule(chance=tuple(chances)).drawn(Attempt(""), Random(seed)))
    # One more that always acts, at the end, takes nothing from those before it.
    more = written(Rule(chance=(*chances, Chance(read("eol:cr"), 1.0))).drawn(Attempt(""), Random(seed)))
    assert more == [*drawn, "eol:cr"]
    random = Random(seed)
    hits = [random.random() < share for share in shares]
    assert [name for name in drawn if name in free] == [
        name for name, hit in zip(names, hits, strict=False) if hit and name in free
    ]


def test_chance_falls_on_its_share():
    rule = Rule(chance=(Chance(read("cut"), 0.05), Chance(read("latency:1ms"), 0.5), Chance(read("drip:5"), 0)))
    found = [
        written(rule.drawn(Attempt(""), Random(attempt_seed(7, "", Attempt("k", serial=serial)))))
        for serial in range(2000)
    ]
    assert 60 < sum("cut" in one for one in found) < 140
    assert 900 < sum("latency:1ms" in one for one in found) < 1100
    assert not any("drip:5" in one for one in found)


DRAWS = """
import json, sys
from random import Random
from mockserver.counting import Attempt
from mockserver.faults.grammar import text_of
from mockserver.faults.table import read
from mockserver.faulty import attempt_seed
from mockserver.scenario import Chance, Rule
seeds, keys = json.loads(sys.argv[1])
rule = Rule(chance=tuple(Chance(read(text), share) for text, share in
                         (("reset@50%", 0.4), ("stall@2e", 0.4), ("latency:5ms", 0.5), ("jitter:2ms", 0.3))))
print(json.dumps([[text_of(one.fault for one in rule.drawn(attempt, Random(attempt_seed(seed, "d", attempt))))
                   for serial in range(1, 20)
                   for attempt in [Attempt(key, serial=serial)]] for seed in seeds for key in keys]))
"""


def test_the_same_seed_draws_the_same_in_another_process():
    asked = json.dumps([[0, 7, 2**63], ["a", "b\udc80"]])

    def drawn(hash_seed):
        done = subprocess.run(
            [sys.executable, "-c", DRAWS, asked],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        )
        return json.loads(done.stdout)

    first = drawn("1")
    assert drawn("2") == first
    assert len({json.dumps(row) for row in first}) == len(first) == 6
    assert any(one for row in first for one in row)


@given(st.integers(), st.text(max_size=5), st.integers(1, 50))
def test_an_attempts_seed_depends_on_all_it_is_made_of(seed, deck, serial):
    attempt = Attempt("k", serial=serial)
    own = attempt_seed(seed, deck, attempt)
    assert own == attempt_seed(seed, deck, attempt._replace(number=9, life=9))
    others = (
        attempt_seed(seed + 1, deck, attempt),
        attempt_seed(seed, deck + "x", attempt),
        attempt_seed(seed, deck, attempt._replace(serial=serial + 1)),
        attempt_seed(seed, deck, attempt._replace(key="l")),
    )
    assert own not in others
