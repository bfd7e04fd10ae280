"""An agent of six turns with tools on Anthropic's SDK: tool results hold times, ids and paths of this very run.

Its arguments are base URLs; with each it goes through its loop and prints a line of JSON: what it called and was told.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from anthropic import Anthropic

TOOLS: Any = [
    {"name": name, "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}}}
    for name in ("look", "read", "write", "run")
]


def result(folder: str) -> str:
    """What a tool finds: the seconds of a fast replay are one second, those of a recording are many."""
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"at {at} ({int(time.time())}): {folder}/log-{time.time_ns()}.txt, job {uuid.uuid4()}"


def run(base: str) -> list[Any]:
    """One loop."""
    client = Anthropic(base_url=base, api_key="sk-ant-not-a-key", max_retries=0)
    told: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="agent-") as folder:
        system = f"Work in {folder}. Now: {datetime.now().astimezone().isoformat()}. Trace {uuid.uuid4()}."
        messages: list[Any] = [{"role": "user", "content": "Do [[the work]]."}]
        for _ in range(10):
            with client.messages.stream(
                model="claude-sonnet-4-5",
                max_tokens=100,
                system=system,
                messages=messages,
                tools=TOOLS,
                metadata={"user_id": uuid.uuid4().hex},
            ) as stream:
                blocks = stream.get_final_message().content
            calls = [block for block in blocks if block.type == "tool_use"]
            if not calls:
                told.append("".join(block.text for block in blocks if block.type == "text"))
                break
            told.append([calls[0].name, calls[0].input])
            messages.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in blocks]})
            content = [{"type": "tool_result", "tool_use_id": calls[0].id, "content": result(folder)}]
            messages.append({"role": "user", "content": content})
    return told


for url in sys.argv[1:]:
    sys.stdout.write(json.dumps(run(url)) + "\n")
