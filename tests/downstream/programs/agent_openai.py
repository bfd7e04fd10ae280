"""An agent of six turns with tools on OpenAI's SDK: tool results hold times, ids and paths of this very run.

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

from openai import OpenAI

TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}},
    }
    for name in ("look", "read", "write", "run")
]


def result(folder: str) -> str:
    """What a tool finds: the seconds of a fast replay are one second, those of a recording are many."""
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps(
        {"at": at, "epoch": int(time.time()), "id": uuid.uuid4().hex, "log": f"{folder}/log-{time.time_ns()}.txt"}
    )


def run(base: str) -> list[Any]:
    """One loop."""
    client = OpenAI(base_url=base, api_key="sk-not-a-key", max_retries=0)
    told: list[Any] = []
    with tempfile.TemporaryDirectory() as folder:
        system = f"Work in {folder}. Now: {datetime.now().astimezone().isoformat()}. Trace {uuid.uuid4()}."
        messages: list[Any] = [
            {"role": "system", "content": system},
            {"role": "user", "content": "Do [[the work]]."},
        ]
        for _ in range(10):
            with client.chat.completions.stream(
                model="gpt-5.1", messages=messages, tools=TOOLS, user=uuid.uuid4().hex
            ) as stream:
                message = stream.get_final_completion().choices[0].message
            if not message.tool_calls:
                told.append(message.content)
                break
            call = message.tool_calls[0]
            told.append([call.function.name, json.loads(call.function.arguments)])
            function = {"name": call.function.name, "arguments": call.function.arguments}
            messages.append(
                {"role": "assistant", "tool_calls": [{"id": call.id, "type": "function", "function": function}]}
            )
            content = result(folder)
            if len(messages) == 8:
                content += "\n[[done]]"
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
    return told


for url in sys.argv[1:]:
    sys.stdout.write(json.dumps(run(url)) + "\n")
