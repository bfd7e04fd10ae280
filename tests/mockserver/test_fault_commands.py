"""`tokentape faults`: the list, one fault, JSON, the URL form; `docs/faults.md` names every one."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from tapes import taped
from wires import ask, chunk, post, tokentape, tool

from mockserver.cases.table import table
from mockserver.faults.table import get, names, read, usage

ROOT = Path(__file__).resolve().parents[2]


def test_the_list_has_every_fault() -> None:
    done = tokentape("faults")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    for name in names():
        kind = get(name)
        at = next(number for number, line in enumerate(lines) if line.startswith(f"  {usage(kind)}    e.g. "))
        assert lines[at].endswith(kind.example)
        assert lines[at + 1].strip() == kind.sees


def test_json() -> None:
    rows = json.loads(tokentape("faults", "--json").stdout)
    assert [row["name"] for row in rows] == list(names())
    assert rows[0] == {
        "name": "reset",
        "family": "ending",
        "usage": "reset[@WHERE]",
        "place": "optional",
        "default_place": "end",
        "arguments": [],
        "sees": get("reset").sees,
        "example": "reset@3e",
        "seeded": False,
    }
    (one,) = json.loads(tokentape("faults", "error", "--json").stdout)
    assert [argument["name"] for argument in one["arguments"]] == ["kind", "style", "message", "rest"]


@pytest.mark.parametrize("name", ["error", "stall", "jitter", "header", "encode"])
def test_one_fault(name: str) -> None:
    done = tokentape("faults", name)
    assert done.returncode == 0
    assert get(name).sees in done.stdout
    assert usage(get(name)) in done.stdout


def test_what_faults_come_to() -> None:
    done = tokentape("faults", "reset?@3e#1;case:gzip;stall#2:2s")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "reset?@3e#1",
        f"  {get('reset').sees}",
        "  place:    3e",
        "  attempts: 1 of each request",
        "  optional: where it cannot act the answer comes without it",
        "case:gzip",
        f"  {table()['gzip'].wire}",
        "stall#2:2s",
        f"  {get('stall').sees}",
        "  place:    end",
        "  attempts: 2 of each request",
    ]
    rows = json.loads(tokentape("faults", "reset@3e;bom", "--json").stdout)
    assert [(row["name"], row["written"]) for row in rows] == [("reset", "reset@3e"), ("bom", "bom")]


def test_the_url_form() -> None:
    done = tokentape("faults", "--url", 'reset@50%#1;insert@2e:"a b"')
    assert done.stdout == "/!reset@50%25%231;insert@2e:%22a%20b%22\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stal"], "did you mean stall?"),
        (["--url", "reset@3x"], "character 7 "),
        (["reset@3e;rest"], "character 10 (reset@3e;▸rest): there is no fault 'rest'; did you mean reset?"),
        (["reset;cut"], "contradict each other"),
    ],
)
def test_what_is_wrong(arguments: list[str], said: str) -> None:
    done = tokentape("faults", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_page_of_faults_names_every_one() -> None:
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    for name in names():
        row = f"| `{usage(get(name))}` | {get(name).sees} | `{get(name).example}` |"
        assert row in page.replace(r"\|", "|"), name


TOXICS = {"bandwidth", "latency", "limit_data", "reset_peer", "slicer", "slow_close", "timeout"}
WIREMOCK = {
    *("CONNECTION_RESET_BY_PEER", "EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE"),
    *("fixedDelayMilliseconds", "delayDistribution", "chunkedDribbleDelay"),
}


def test_every_name_of_toxiproxy_and_wiremock_has_a_fault_here() -> None:
    page = (ROOT / "docs/faults.md").read_text(encoding="utf-8").partition("## Names elsewhere")[2]
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    for here, *_ in rows:
        for faults in re.findall(r"`([^`]+)`", here):
            assert read(faults), faults
    assert set(re.findall(r"`([a-z_]+)`", " ".join(row[1] for row in rows))) >= TOXICS
    assert set(re.findall(r"`(\w+)`", " ".join(row[-1] for row in rows))) >= WIREMOCK


def test_the_faults_of_every_page_can_be_read() -> None:
    """What a page tells to write after --fault, in a header or in a scenario's chance is no mistake."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for faults in re.findall(r"--fault '([^']+)'|x-tokentape-fault: ([^`\n']+)'", text):
            assert read(next(filter(None, faults))), (path.name, faults)


THEIRS = """
from mockserver.faults.kinds import Argument, Kind, count

def shout(woven, call):
    times = call.given["times"]
    woven.pieces = [piece._replace(data=piece.data.upper() * times) for piece in woven.pieces]
    woven.changed = True

LOUD = Kind(name="loud", family="content", does=shout, sees="capitals", example="loud:2",
            arguments=(Argument(name="times", shown="N", read=count, default=1),))
"""


def test_a_fault_that_another_package_brings_is_listed_and_played(tmp_path: Path) -> None:
    """As installed: the entry point of a distribution on the path, in processes of their own."""
    (tmp_path / "their_faults.py").write_text(THEIRS)
    about = tmp_path / "their_faults-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: their-faults\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tokentape.faults]\nloud = their_faults:LOUD\nbad = their_faults:NONE\n")
    environ = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = tokentape("faults", "loud", environ=environ)
    assert (done.returncode, done.stdout.splitlines()[:2]) == (0, ["loud (content)", "  capitals"])
    assert "did you mean loud?" in tokentape("faults", "lout", environ=environ).stderr
    bad = tokentape("faults", "bad", environ=environ)
    assert (bad.returncode, len(bad.stderr.splitlines())) == (1, 1)
    assert "entry point bad = their_faults:NONE (tokentape.faults) does not load" in bad.stderr
    taped(tmp_path / "tapes", "one", [b"data: a\n\n"])
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--fault", "loud:2", environ=environ) as served:
        seen = ask(served.url, post("/up/one", b"{}", "Connection: close"))
        assert seen.wire_body == chunk(b"DATA: A\n\n" * 2) + b"0\r\n\r\n"
