"""A chat page of Gradio in front of a server, and its own client that holds a conversation on it.

Gets the base URL of an OpenAI endpoint; prints the answers as a JSON object. The page's function is that of Gradio's guide
to OpenAI's SDK: the history as messages, the pieces as they come.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}

import gradio
from gradio_client import Client
from openai import OpenAI

openai = OpenAI(base_url=sys.argv[1].strip('"'), api_key="test")


def plain(content: Any) -> str:
    """The text of a message as the page keeps it: a string, or parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def answer(message: str, history: list[dict[str, Any]]) -> Iterator[str]:
    """The answer as far as it has come."""
    said = [{"role": one["role"], "content": plain(one["content"])} for one in history]
    asked = [*said, {"role": "user", "content": message}]
    text = ""
    for chunk in openai.chat.completions.create(model="some-model", messages=asked, stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
            yield text


def free_port() -> int:
    """A port that the kernel chooses: the page takes no 0."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


page = gradio.ChatInterface(answer, api_name="chat")
where = {"server_name": "127.0.0.1", "server_port": free_port()}
_, url, _ = page.launch(prevent_thread_lock=True, quiet=True, share=False, **where)
client = Client(url, verbose=False)
job = client.submit(
    "Hello from a page, which shows what it is told while it is told, one piece after the other! 안녕", api_name="/chat"
)
told = {"answer": job.result(timeout=60), "updates": len(job.outputs())}
told["again"] = client.predict("tt:korean", api_name="/chat")
page.close()
print(json.dumps(told))  # noqa: T201 - that is what the test reads
