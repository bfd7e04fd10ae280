"""The cases as text: lines for a terminal, values for JSON, the page of the documentation. Pure; imports `case`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final

from mockserver.cases.case import Case
from mockserver.cases.script import DIALECTS

EXPECTED: Final = {
    "deliver": "the whole text, believed whole",
    "report": "an error that its user sees",
    "retry": "another request, then the text",
    "any": "a defined end, whichever",
}
_OPENING: Final = """# Cases: what breaks clients

What is known to break clients of streams, a row each. Ids are stable for ever. `case:ID` among faults shows one
(`--fault case:utf8-split`, `/!case:utf8-split/openai/v1`, the header `x-tokentape-fault`). Where the second column says
*stream* the case brings a stream of its own, in the dialect of the tape that matches; else it acts on that tape.
`<half>` is the place behind half of the text, `<mid>` one inside the line after it. Attempts (`#1`) count from the one
on which the case first acts. `tokentape cases ID` tells more, with the issues where it was reported.

A right client: *deliver* gives the whole text and believes it whole; *report* shows an error; *retry* sends another
request and then gives the text; *any* comes to a defined end. Dialects are named where not every one has the case.
This page is printed by `tokentape cases --markdown`.
"""


def described(case: Case) -> dict[str, Any]:
    """All there is to say of a case: the keys of `--json`."""
    return {
        "id": case.id,
        "topic": case.topic,
        "layer": case.layer,
        "wire": case.wire,
        "requirement": case.requirement,
        "sources": case.links,
        "expects": case.expects,
        "faults": case.faults or None,
        "stream": "own" if case.stream else None if case.unserved else "tape",
        "dialects": () if case.unserved else case.dialects,
        "unserved": case.unserved or None,
    }


def listing(cases: Iterable[Case]) -> Iterator[str]:
    """Two lines each, by topic: what is on the wire, and what is right."""
    for topic, members in groupby(cases, lambda case: case.topic):
        yield f"{topic}:"
        for case in members:
            where = "" if case.dialects == DIALECTS else f"  ({', '.join(case.dialects)})"
            yield f"  {case.id}{'  (not served)' if case.unserved else where}"
            yield f"      {case.wire}"
            yield f"      {case.expects}: {case.requirement}"
        yield ""


def page(case: Case) -> Iterator[str]:
    """All there is to say of one."""
    yield f"{case.id} ({case.topic}, {case.layer})"
    yield f"  wire:     {case.wire}"
    yield f"  right:    {case.requirement}"
    yield f"  expects:  {case.expects}: {EXPECTED[case.expects]}"
    if case.unserved:
        yield f"  not served: {case.unserved}"
    else:
        yield f"  made by:  {'a stream of its own' if case.stream else 'the tape that is asked for'}{_with(case)}"
        yield f"  dialects: {', '.join(case.dialects)}"
        yield f"  ask for:  tokentape serve --fault case:{case.id}"
    for link in case.links:
        yield f"  source:   {link}"


def document(cases: Iterable[Case]) -> str:
    """docs/cases.md."""
    lines = [_OPENING]
    for topic, members in groupby(cases, lambda case: case.topic):
        lines += [f"## {topic}", "", "| case | made by | on the wire | a right client |", "|---|---|---|---|"]
        lines += [_row(case) for case in members]
        lines.append("")
    return "\n".join(lines)


def _with(case: Case) -> str:
    return f", {case.faults}" if case.faults else ""


def _row(case: Case) -> str:
    made = [*(["stream"] if case.stream else []), *([f"`{case.faults}`"] if case.faults else [])]
    made += [] if case.dialects == DIALECTS else [f"({', '.join(case.dialects)})"]
    cells = [f"`{case.id}`", "no server can: " + case.unserved if case.unserved else " ".join(made)]
    cells += [case.wire, f"*{case.expects}* {case.requirement}"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
