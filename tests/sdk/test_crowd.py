"""All providers and all clients at once on one port: everybody gets what their provider says, in its dialect."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sdk import environments
from sdk.answers import Answer
from sdk.collection import GATEWAYS, SERVICES, Service, events_of, interaction_of, tape
from wires import Tool, tool

from cassettes import providers

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sdk-crowd"), pytest.mark.timeout(180)]

EVERY = (*SERVICES, *GATEWAYS)
GAP = 15.0
"""ms between the chunks: long enough for the streams to be under way side by side."""
CLIENTS = {
    "new": {
        "openai-chat": ["openai"],
        "openai-responses": ["openai"],
        "anthropic": ["anthropic"],
        "gemini": ["google"],
    },
    "litellm": {"openai-chat": ["langchain", "litellm"], "anthropic": ["litellm"]},
    "node": {
        "openai-chat": ["openai", "ai compatible", "eventsource-parser"],
        "openai-responses": ["openai"],
        "anthropic": ["anthropic", "ai anthropic"],
        "gemini": ["google", "ai google"],
    },
}
CLIENTS["old"] = CLIENTS["new"]


def said(service: Service) -> Answer:
    """What nobody else says."""
    return Answer(text=("I am ", service.provider, " and I speak ", service.dialect, ", ", "안녕", "하세요."))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """Every service on one port."""
    folder = tmp_path_factory.mktemp("crowd")
    for number, service in enumerate(EVERY):
        one = interaction_of(service, events_of(service, said(service), f"{number}-"), gap=GAP)
        tape(folder / "tapes" / f"{number:02}.yaml", one)
    with tool(folder, "serve", str(folder / "tapes"), "--match", "route") as running:
        yield running


def test_every_provider_with_all_that_it_speaks_is_in_the_crowd() -> None:
    rows = {(row.name, dialect) for row in providers.load().values() for dialect in row.dialects}
    # These are met one by one: test_folding_others.py, test_more_dialects.py.
    others = {row for row in rows if row[0] in {"cohere", "app"} or row[1] == "ollama"}
    assert {(one.provider, one.dialect) for one in EVERY} == rows - others


def started(which: str, asked: str, node_bench: Path) -> subprocess.Popen[str]:
    """The crowd of one environment, about to go."""
    program = [environments.node()[0], str(node_bench / "crowd.mjs")]
    if which != "node":
        program = [str(environments.python(which)), str(environments.PROGRAMS / "crowd.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*program, asked], text=True, encoding="utf-8", env=environments.surroundings(), **pipes)


def curled(server: Tool) -> dict[Service, subprocess.Popen[bytes]]:
    """A curl for each service that answers bare requests, on their way."""
    paths = {"openai-chat": "/chat/completions", "openai-responses": "/responses", "anthropic": "/v1/messages"}
    body = '{"model": "openai/any", "messages": [], "stream": true}'
    return {
        one: subprocess.Popen(
            ["curl", "-sN", "--noproxy", "*", "-d", body, server.url + one.mount + paths[one.dialect]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        for one in EVERY
        if one.dialect in paths
    }


def test_nobody_gets_what_is_another_s(server: Tool, node_bench: Path, record_property: Any) -> None:
    asked = json.dumps(
        [{"provider": one.provider, "dialect": one.dialect, "base": server.url + one.mount} for one in EVERY]
    )
    crowds = {which: started(which, asked, node_bench) for which in CLIENTS}
    heard: dict[str, list[list[str]]] = {}
    try:
        for crowd in crowds.values():
            assert crowd.stdout is not None
            assert crowd.stdout.readline() == "ready\n"
        for crowd in crowds.values():
            assert crowd.stdin is not None
            crowd.stdin.write("go\n")
            crowd.stdin.flush()
        curls = curled(server) if shutil.which("curl") else {}
        for which, crowd in crowds.items():
            out, err = crowd.communicate(timeout=120)
            assert crowd.returncode == 0, err
            heard[which] = json.loads(out)
        bodies = {service: curl.communicate(timeout=60)[0] for service, curl in curls.items()}
    finally:
        for crowd in crowds.values():
            crowd.kill()
            crowd.communicate()
    texts = {(one.provider, one.dialect): "".join(said(one).text) for one in EVERY}
    wrong = [
        (which, *one) for which, all_of_it in heard.items() for one in all_of_it if one[4] != texts[one[1], one[2]]
    ]
    assert wrong == []
    for which, by_dialect in CLIENTS.items():
        ways = ("streamed", "whole")
        wanted = {
            (name, one.provider, one.dialect, way)
            for one in EVERY
            for name in by_dialect.get(one.dialect, ())
            for way in ways
        }
        assert {tuple(one[:4]) for one in heard[which]} == wanted
    for number, service in enumerate(EVERY):
        if service in bodies:
            assert bodies[service] == b"".join(events_of(service, said(service), f"{number}-"))
    clients = {(which, one[0]) for which, all_of_it in heard.items() for one in all_of_it} | (
        {("", "curl")} if bodies else set()
    )
    assert len(clients) >= 12
    total = sum(map(len, heard.values())) + len(bodies)
    record_property("printed", f"{len(clients)} clients, {len(EVERY)} services, {total} answers at once")
