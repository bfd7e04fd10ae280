"""A program as many are: its prompts hold the time, ids, paths and pictures of this very run.

Its arguments are base URLs in the form OpenAI's SDK takes; with each it asks the same, and prints a line of JSON: what
was answered. aiohttp and the standard library only.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

PICTURE = base64.b64encode(bytes(range(256)) * 40).decode()


def system() -> str:
    """A system prompt as agents have it."""
    now = datetime.now().astimezone()
    return (
        f"Session {uuid.uuid4()} of user-{uuid.uuid4().hex}.\nToday is {now:%A, %B %d, %Y}; it is {now:%H:%M:%S}.\n"
        f"Started {now.isoformat()}, request {time.time_ns()}."
    )


def user(text: object) -> dict[str, Any]:
    """A message of the user."""
    return {"role": "user", "content": text}


def questions(folder: Path) -> dict[str, dict[str, Any]]:
    """The requests of one run, by a name."""
    now, call = datetime.now(UTC), f"call_{uuid.uuid4().hex[:24]}"
    asked_twice = [user(f"[[twice]] at {now:%Y-%m-%d %H:%M:%S}")]
    result = json.dumps({"at": time.time(), "file": str(folder / "out.json"), "id": str(uuid.uuid4())}, indent=1)
    function = {"name": "save", "arguments": json.dumps({"path": str(folder / "a.txt"), "when": now.isoformat()})}
    picture = [
        {"type": "text", "text": f"what is [[picture]] taken {now.date()}?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
    ]
    return {
        "plain": {"messages": [user("[[plain]]")]},
        "dated": {
            "messages": [{"role": "system", "content": system()}, user(f"[[dated]] {time.ctime()} {time.time()}")]
        },
        "path": {"messages": [user(f"read {folder}/in.csv and write {folder}/out.csv, not /tmp/else.csv: [[path]]")]},
        "tools": {
            "messages": [
                user(f"save it, run {uuid.uuid1()}"),
                {"role": "assistant", "tool_calls": [{"id": call, "type": "function", "function": function}]},
                {"role": "tool", "tool_call_id": call, "content": result},
                user("[[tools]]"),
            ]
        },
        "picture": {"messages": [user(picture)]},
        "twice, first": {"messages": asked_twice},
        "twice, then": {"messages": asked_twice},
        "whole": {"messages": [user("[[form]]")], "stream": False},
        "streamed": {"messages": [user("[[form]]")]},
        "who": {"messages": [user("[[who]]")], "user": str(uuid.uuid4()), "metadata": {"run": uuid.uuid4().hex}},
        "cats": {"messages": [user("tell me about [[cats]]")]},
        "cats and dogs": {"messages": [user("tell me about [[cats]] and [[dogs]]")]},
    }


async def ask(session: aiohttp.ClientSession, base: str, request: dict[str, Any]) -> str:
    """The text of the answer, or what is wrong with it."""
    body = {"model": "gpt-5.1", "stream": True, **request}
    async with session.post(f"{base}/chat/completions", json=body) as answer:
        text = await answer.text()
    if answer.status != 200:
        return f"{answer.status} {text}"
    if answer.content_type == "application/json":
        return str(json.loads(text)["choices"][0]["message"]["content"])
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return "".join(event["choices"][0]["delta"].get("content", "") for event in events)


async def run(base: str) -> dict[str, str]:
    """Everything that one run is answered."""
    async with aiohttp.ClientSession() as session:
        with tempfile.TemporaryDirectory() as folder:
            answers = {name: await ask(session, base, one) for name, one in questions(Path(folder)).items()}
            with tempfile.TemporaryDirectory(prefix="job-") as other:
                cities = ["Oslo", "Oslo and Bergen", "Bergen", "Tromsø", "Bodø", "Bergen and Oslo"]
                requests = [
                    {"messages": [user(f"weather in [[{city}]]? job {uuid.uuid4()}, {datetime.now(UTC)}, {other}")]}
                    for city in cities
                ]
                together = await asyncio.gather(*(ask(session, base, one) for one in requests))
        return answers | dict(zip(cities, together, strict=True))


def main(bases: list[str]) -> None:
    """A run for each base URL."""
    for base in bases:
        sys.stdout.write(json.dumps(asyncio.run(run(base))) + "\n")


main(sys.argv[1:])
