"""Scenarios at the socket: the page's examples word for word, real retries, the file that changes, seeds."""

import http.client
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from sdk.environments import surroundings
from tapes import taped
from wires import tokentape, tool, wait_for

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
SHELL = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)[1]
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n```console\n(.*?)```", PAGE, re.DOTALL)
CHAT = b'{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}'


def ask(url, path="/openai/v1/chat/completions", body=CHAT):
    """(status, whether the answer was whole, its bytes)"""
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        client.request("POST", path, body, {"content-type": "application/json"})
        answer = client.getresponse()
        try:
            return answer.status, True, answer.read()
        except (http.client.HTTPException, OSError) as error:
            return answer.status, False, getattr(error, "partial", b"")
    finally:
        client.close()


def scenario(folder, text, name="s.yaml"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def transcript(console):
    """(command, what it prints) of each."""
    parts = re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.parametrize(("text", "console"), EXAMPLES)
def test_the_examples_of_the_page(tmp_path, text, console):
    path = scenario(tmp_path, text)
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        for command, printed in transcript(console):
            done = subprocess.run(
                ["bash", "-c", SHELL + command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                env=surroundings(URL=server.url),
                check=False,
            )
            assert done.stdout == printed, (command, done.stderr, server.said())


def test_what_a_deck_met_is_its_own(tmp_path):
    path = scenario(tmp_path, "rules: [{when: {deck: 'a*'}, attempts: [['status:500'], []]}]")
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        found = [
            ask(server.url, f"{deck}/openai/v1/chat/completions")[0] for deck in ("/~a1", "/~a2", "", "/~a1", "/~b")
        ]
    assert found == [500, 500, 200, 200, 200]


def test_a_broken_answer_moves_no_place_and_bytes_before_it_are_the_tapes(tmp_path):
    pieces = [b"data: %d\n\n" % number for number in range(6)]
    taped(tmp_path / "tapes", "t", pieces)
    path = scenario(tmp_path, "rules: [{attempts: [[reset@4e], [cut@1e], []]}]")
    arguments = ("serve", str(tmp_path / "tapes"), "--upstream", "up=http://upstream.example")
    with tool(tmp_path / "run", *arguments, "--scenario", str(path), "--speed", "max", "--strict") as server:
        found = [ask(server.url, "/up/t", b"") for _ in range(3)]
    assert [one[:2] for one in found] == [(200, False), (200, False), (200, True)]
    assert found[2][2] == b"".join(pieces)


def test_who_gives_up_on_a_stall_may_keep_its_connection_and_try_again(tmp_path):
    path = scenario(tmp_path, "rules: [{attempts: [[stall@2e], []]}]")
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        first = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)
        first.request("POST", "/openai/v1/chat/completions", CHAT, {"content-type": "application/json"})
        stalled = first.getresponse()
        assert stalled.read1(1).startswith(b"d")
        assert ask(server.url)[:2] == (200, True)
        first.close()


def test_equal_requests_at_once_meet_the_same(tmp_path):
    path = scenario(tmp_path, "rules: [{attempts: [['pause@2e:30s'], [cut@1e]]}]")
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        held = [http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20) for _ in range(3)]
        for client in held:
            client.request("POST", "/openai/v1/chat/completions", CHAT, {"content-type": "application/json"})
            answer, came = client.getresponse(), b""
            while came.count(b"\n\n") < 2:  # the cut of the second attempt would let one event through
                came += answer.read(1)
        for client in held:
            client.close()


def test_a_changed_scenario_is_played_and_a_bad_one_is_not(tmp_path):
    path = scenario(tmp_path, "seed: 3\nrules: [{attempts: [['status:500']]}]")
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        assert f"tokentape: scenario {path}, 1 rule (seed 3)\n" in server.said()
        assert ask(server.url)[0] == 500
        path.write_text("rules: [{attempts: [['status:5000']]}]")
        wait_for(lambda: "the scenario stays as it was" in server.said())
        assert ask(server.url)[0] == 500
        path.write_text("rules: [{attempts: [['status:503'], []]}]")
        wait_for(lambda: "loaded the scenario" in server.said())
        assert [ask(server.url)[0] for _ in range(3)] == [503, 200, 503]


SOAK = 'rules: [{chance: {"reset@50%": 0.3, "cut@2e": 0.3, "status:429": 0.2, "drip:100": 0.5}}]'


def soaked(folder, *options):
    """What forty requests meet, each of four prompts in order, the prompts beside each other."""
    found = {}

    def run(url, prompt):
        body = json.dumps(
            {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": prompt}]}
        ).encode()
        found[prompt] = [(one[0], one[1], len(one[2])) for one in (ask(url, body=body) for _ in range(10))]

    with tool(folder, "serve", "--scenario", str(scenario(folder, SOAK)), "--speed", "max", *options) as server:
        threads = [threading.Thread(target=run, args=(server.url, prompt)) for prompt in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    return found


def test_cases_are_attempts_like_any_other_and_start_again(tmp_path):
    rules = """
rules:
- when: {deck: chat}
  attempts: [[case:503-then-ok], [case:503-then-ok], [case:rst-once-then-ok]]
- when: {deck: typed}
  attempts: [["case:crlf"]]
- when: {deck: drawn}
  chance: {"case:crlf": 1, "case:no-space": 1, "case:rst-mid-chunk": 0}
"""
    path = scenario(tmp_path, rules)
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        found = [ask(server.url, "/~chat/v1/chat/completions") for _ in range(4)]
        plain, typed, drawn = (ask(server.url, f"{deck}/v1/chat/completions") for deck in ("", "/~typed", "/~drawn"))
        records = control(server.url, "GET", "requests?deck=chat")[1]["requests"]
    # The second attempt is the case's own second, healthy and whole: counting starts again, and with it the case.
    assert [(status, whole) for status, whole, _ in found] == [(503, True), (200, True)] * 2
    assert found[1] == found[3] == plain
    assert [row["faults"] for row in records] == [["case:503-then-ok"]] * 2 + [["case#3+:503-then-ok"]] * 2
    assert typed[2] == drawn[2] != plain[2]
    assert typed[2].count(b"\r\n\r\n") > 3


def test_a_case_acts_on_whichever_attempt_names_it(tmp_path):
    rules = "reset_after: never\nrules: [{attempts: [[], ['case:rst-once-then-ok'], ['case:429-retry-after-s'], []]}]"
    with tool(tmp_path / "run", "serve", "--scenario", str(scenario(tmp_path, rules)), "--speed", "max") as server:
        url, statuses = server.url, []
        for _ in range(4):
            try:
                statuses.append(ask(url)[0])
            except ConnectionResetError:
                statuses.append("reset")
    assert statuses == [200, "reset", 429, 200]


def test_the_same_seed_the_same_faults_in_another_process_and_order(tmp_path):
    first, again, other = (
        soaked(tmp_path / name, "--seed", seed) for name, seed in (("a", "7"), ("b", "7"), ("c", "8"))
    )
    assert again == first != other
    assert len({row for rows in first.values() for row in rows}) > 2


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--scenario", "{}/none.yaml"), 3, "none.yaml: cannot read it"),
        (("--scenario", "{}/typo.yaml"), 3, "typo.yaml:1:10: rule 1: found the key 'attemps', did you mean attempts?"),
        (
            ("--scenario", "{}/case.yaml"),
            3,
            "case.yaml:1:22: rule 1, attempt 1: faults, character 6 (case:▸rst-mid-chnk): case: id: there is no case "
            "'rst-mid-chnk'; did you mean rst-mid-chunk?",
        ),
        (("--scenario", "{}/misfit.yaml"), 3, "the case is one of openai-chat"),
        (("--scenario", "{}/late.yaml"), 3, "late.yaml:1:25: rule 1, attempt 2: cut#1 can never act here"),
        (("--scenario", "{}/far.yaml"), 3, "far.yaml:1:21: rule 1, attempt 1: on the tape"),
        (
            ("--scenario", "{}/cut.yaml", "--fault", "reset"),
            3,
            "cut.yaml:1:21: rule 1, attempt 1: reset and cut contradict",
        ),
        (("--scenario", "{}/cut.yaml", "--on-miss", "record", "-o", "{}"), 2, "--scenario breaks tapes"),
    ],
)
def test_mistakes_are_told_at_the_start(tmp_path, arguments, status, said):
    scenario(tmp_path, "rules: [{attemps: [[cut]]}]", "typo.yaml")
    scenario(tmp_path, "rules: [{attempts: [[reset@9999e]]}]", "far.yaml")
    scenario(tmp_path, "rules: [{attempts: [[cut]]}]", "cut.yaml")
    scenario(tmp_path, "rules: [{attempts: [['case:rst-mid-chnk']]}]", "case.yaml")
    scenario(tmp_path, "rules: [{when: {dialect: gemini}, attempts: [['case:done-twice']]}]", "misfit.yaml")
    scenario(tmp_path, "rules: [{attempts: [[], ['cut#1']]}]", "late.yaml")
    done = tokentape("serve", "--port", "0", *(word.format(tmp_path) for word in arguments))
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert done.stderr.splitlines()[-1].startswith("tokentape: error: ")


def control(url, method, path, value=None):
    """(status, JSON) of the control API."""
    client = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        body = None if value is None else json.dumps(value)
        client.request(method, f"/_tokentape/{path}", body, {"content-type": "application/json"})
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        client.close()


def test_a_deck_has_a_scenario_of_its_own_and_the_journal_tells_which_attempt_it_was(tmp_path):
    path = scenario(tmp_path, "seed: 5\nrules: [{attempts: [['status:500']]}]")
    own = {"rules": [{"attempts": [["status:503"], []], "chance": {"jitter:1ms": 1}}]}
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        assert control(server.url, "PUT", "decks/mine", {"scenario": own, "seed": 11})[0] == 201
        assert control(server.url, "PUT", "decks/text", {"scenario": "rules: [{tape: openai/hello}]"})[0] == 201
        status, said = control(server.url, "PUT", "decks/bad", {"scenario": {"rules": [{"tape": "openai/helo"}]}})
        assert (status, said["error"]["code"]) == (422, "tokentape_bad_scenario")
        assert "did you mean openai/hello?" in said["error"]["message"]
        found = [ask(server.url, f"{deck}/v1/chat/completions")[0] for deck in ("", "/~mine", "/~mine", "/~text")]
        assert found == [500, 503, 200, 200]
        rows = control(server.url, "GET", "requests")[1]["requests"][-4:]
    assert [row["seed"] for row in rows] == [5, 11, 11, 0]
    assert [row["attempt"] for row in rows] == [1, 1, 2, 1]
    assert [row["faults"] for row in rows] == [["status:500"], ["status:503;jitter:1ms"], ["jitter:1ms"], []]
    assert rows[2]["notes"] == ["scenario: rule 1, attempt 2"]
