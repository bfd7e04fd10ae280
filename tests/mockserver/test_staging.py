"""What a request gets on an attempt: the rule's tape, the faults of all sources, counting that restarts."""

import pytest

from cassettes.matching import Asked, Index, entry_of
from cassettes.model import Chunk, Interaction, Request, Response, Stream
from cassettes.routes import parse as route
from mockserver.choose import Chooser, Playing
from mockserver.decks import Deck
from mockserver.faults.grammar import FaultError
from mockserver.faulty import wanted as wanted_by
from mockserver.plan import Asking
from mockserver.scenario_file import parse
from mockserver.staging import Moment, Stage, staged

URI = "https://api.openai.com/v1/chat/completions"
NOW = Moment(0.0, lambda: 0.0)


def entry(name, number=1, body=b"hello", events=5, uri=URI):
    answer = b"".join(b"data: %d\n\n" % at for at in range(events))
    stream = Stream(chunks=tuple(Chunk(10.0, 9) for _ in range(events)))
    response = Response(200, "OK", (("content-type", "text/event-stream"),), answer, stream)
    return entry_of(name, number, Interaction(Request("POST", uri, (), body), response))


ENTRIES = (
    entry("a"),
    entry("b", body=b"other"),
    entry("b", 2, b"another"),
    entry("c", uri="https://api.anthropic.com/v1/messages"),
)


class Table:
    """A chooser, a deck and a scenario, asked again and again."""

    def __init__(self, scenario=None, entries=ENTRIES, **playing):
        self.chooser = Chooser(Index(entries), Playing(**playing))
        self.deck = Deck()
        self.scenario = scenario and parse(scenario.encode(), "s.yaml")

    def ask(self, body=b"hello", target="/openai/v1/chat/completions", header=None, now=NOW):
        headers = (("x-tokentape-fault", header),) if header else ()
        asked = Asked(Request("POST", target, headers, body), route("POST", target, headers), body)
        wish = wanted_by(self.chooser.playing.faults, asked.route, headers, target, tls=False)
        stage = Stage(asked, Asking(), self.chooser.find(asked), wish)
        return staged(stage, self.chooser, self.scenario, self.deck, now)

    def over(self, chosen, delivered=True):
        """As the server does when a tape was played."""
        if delivered and chosen.restarts:
            self.deck.counting.restart(chosen.attempt)
        self.deck.counting.end(chosen.attempt)
        return chosen

    def texts(self, times, **asked):
        found = [self.over(self.ask(**asked)) for _ in range(times)]
        return [one.breaking.text if one.breaking else "" for one in found]


def test_without_a_scenario_requests_are_counted():
    table = Table()
    first, second = (table.over(table.ask()) for _ in range(2))
    assert (first.entry.place, first.breaking, first.restarts, first.faultless) == ("a#1", None, False, True)
    assert (first.attempt.life, second.attempt.life) == (1, 2)
    assert first.attempt.key == second.attempt.key != ""
    assert table.ask(b"nothing") is None
    assert len(table.deck.counting) == 1


def test_attempts_in_turn_and_again_after_a_success():
    table = Table("rules: [{attempts: [['status:429'], ['reset@3e'], []]}]")
    assert table.texts(5) == ["status:429", "reset@3e", "", "status:429", "reset@3e"]
    assert table.texts(2, body=b"other") == ["status:429", "reset@3e"]


def test_an_attempt_that_was_not_delivered_restarts_nothing():
    table = Table("rules: [{attempts: [['status:429'], []]}]")
    assert table.texts(1) == ["status:429"]
    cut = table.over(table.ask(), delivered=False)
    assert (cut.breaking, cut.restarts) == (None, True)
    assert table.texts(2) == ["", "status:429"]


def test_never_and_a_last_attempt_with_faults_restart_nothing():
    assert Table("rules: [{reset_after: never, attempts: [[cut], []]}]").texts(4) == ["cut", "", "", ""]
    assert Table("rules: [{attempts: [[cut], ['latency:1ms']]}]").texts(3) == ["cut", "latency:1ms", "latency:1ms"]


def test_an_optional_fault_that_was_left_out_is_none():
    table = Table("rules: [{attempts: [['reset@3e'], ['reset?@99e']]}]")
    assert table.texts(3) == ["reset@3e", "reset?@99e", "reset@3e"]


def test_a_deck_counts_all_of_its_requests():
    table = Table(
        "rules: [{when: {path: '*/chat/*'}, count: deck, attempts: [[], [], ['cut'], []], reset_after: never}]"
    )
    assert table.texts(1) == table.texts(1, body=b"other") == [""]
    assert table.texts(1) == ["cut"]
    # Requests of no rule count too.
    table = Table("rules: [{when: {path: '*/chat/*'}, count: deck, attempts: [[], ['cut'], []]}]")
    assert table.texts(1, target="/anthropic/v1/messages") == [""]
    assert table.texts(1) == ["cut"]


def test_a_rule_names_a_tape():
    table = Table("rules: [{when: {header: {x-tokentape-fault: '*'}}, tape: b}, {tape: 'b#2'}]")
    found = table.ask()
    assert (found.entry.place, [one.place for one in found.candidates.entries]) == ("b#2", ["b#2"])
    assert table.ask(b"nothing that is taped").entry.place == "b#2"
    named = table.ask(header="latency:1ms")
    assert [one.place for one in named.candidates.entries] == ["b#1", "b#2"]


def test_of_a_named_tape_what_fits_the_operation_comes_first():
    both = (*ENTRIES, entry("c", 2))
    assert Table("rules: [{tape: c}]", both).ask().entry.place == "c#2"
    assert Table("rules: [{tape: c}]").ask().entry.place == "c#1"


def test_a_named_tape_does_not_answer_for_a_list_of_models():
    table = Table("rules: [{tape: a}]")
    request = Request("GET", "/openai/v1/models")
    asked = Asked(request, route("GET", request.uri), b"")
    wish = wanted_by((), asked.route, (), request.uri, tls=False)
    assert staged(Stage(asked, Asking(), None, wish), table.chooser, table.scenario, table.deck, NOW) is None


def test_a_tape_that_has_gone_is_told_of():
    table = Table("rules: [{when: {provider: xai}}, {tape: zzz}]")
    with pytest.raises(FaultError, match=r"rule 2 of the scenario plays the tape 'zzz', which is not loaded"):
        table.ask()
    assert len(table.deck.counting) == 0


def test_sources_add_up_in_order():
    table = Table("rules: [{attempts: [['drip:5']], chance: {'jitter:1ms': 1}}]", faults=("latency:1ms",))
    assert table.texts(1, header="eol:cr") == ["latency:1ms;drip:5;eol:cr;jitter:1ms"]


def test_sources_that_contradict_each_other_are_an_error_and_draws_yield():
    table = Table("rules: [{attempts: [['reset@3e']]}]")
    with pytest.raises(FaultError, match="contradict"):
        table.ask(header="cut")
    assert table.texts(1, header="cut#1") == ["reset@3e"]  # the request before was the first
    assert Table("rules: [{chance: {'reset@3e': 1}}]").texts(1, header="cut") == ["cut"]


def test_a_fault_that_cannot_act_ends_its_attempt():
    table = Table("rules: [{attempts: [['reset@99e'], ['cut']]}]")
    with pytest.raises(FaultError, match="99e is beyond the end"):
        table.ask()
    assert table.texts(1) == ["cut"]


def test_an_end_of_the_tapes_ends_the_attempt():
    table = Table(repeat=False)
    first = table.over(table.ask())
    table.deck.delivered(first.candidates, first.entry)
    assert table.ask() is None
    assert table.over(table.ask(b"other")).attempt.life == 1


def test_the_seed_is_the_scenarios_else_the_servers():
    text = "rules: [{attempts: [['jitter:5ms']]}]"
    seeds = [Table(f"seed: 1\n{text}", seed=9).ask(), Table(f"seed: 1\n{text}").ask(), Table(text, seed=9).ask()]
    first, second, third = (one.breaking.seed for one in seeds)
    assert first == second != third
    assert first == Table(f"seed: 1\n{text}").ask().breaking.seed


def test_equal_requests_at_once_are_one_attempt():
    table = Table("rules: [{attempts: [['latency:1s'], ['cut']]}]")
    first, beside = table.ask(), table.ask(now=Moment(0.5, lambda: 0.0))
    assert (first.breaking.text, beside.breaking.text, beside.attempt.ambiguous) == ("latency:1s", "latency:1s", True)
    table.over(first)
    table.over(beside)
    assert table.texts(1) == ["cut"]


def test_what_waits_in_a_stall_does_not_hold_a_retry_back():
    table = Table("rules: [{attempts: [['stall@2e'], []]}]")
    table.ask()
    later = table.ask(now=Moment(5.0, lambda: 0.0))
    assert (later.breaking, later.attempt.ambiguous) == (None, False)
