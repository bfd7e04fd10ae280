"""What the anthropic SDK's own accumulator makes of streams. JSON lines in, JSON lines out; offline.

In: `{"name", "payloads", "beta"}`. The events go through `accumulate_event`, which is what `messages.stream` builds its
message with; `beta` chooses the one of `beta.messages.stream`. Out: `{"name", "got"}`, the message as JSON with the
fields that were sent or set; what the SDK raises stands as its `repr`. In: `{"name", "answer", "of"}`, where `of` is
`models`, `model`, `count` or `message`: what the client of the SDK reads in an answer from memory.
Needs the SDK alone: it runs in the environment of tests/sdk/environments.py.
"""

import inspect
import json
import sys
from collections.abc import Callable

from anthropic import Anthropic
from anthropic.lib.streaming import _beta_messages, _messages

try:
    import httpx2 as httpx
except ImportError:
    import httpx

HI = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def accumulated(payloads: list, *, beta: bool) -> object:
    """The message that the SDK has at the end of a stream of these events; pings do not reach its accumulator."""
    accumulate = (_beta_messages if beta else _messages).accumulate_event
    known = inspect.signature(accumulate).parameters  # they differ between the majors, and with beta
    more = {name: {} for name in ("request_headers", "json_bufs") if name in known}
    message = None
    for payload in payloads:
        if payload.get("type") != "ping":
            message = accumulate(event=payload, current_snapshot=message, **more)
    return message.model_dump(mode="json", exclude_unset=True, warnings=False)


def read(answer: object, of: str) -> object:
    """What a call of the client gives whose request is answered with `answer`."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    client = Anthropic(api_key="unused", base_url="http://mock.invalid", http_client=httpx.Client(transport=transport))
    calls: dict[str, Callable[[], object]] = {
        "models": lambda: [model.model_dump(mode="json", exclude_unset=True) for model in client.models.list()],
        "model": lambda: client.models.retrieve("m").model_dump(mode="json", exclude_unset=True),
        "count": lambda: client.messages.count_tokens(**HI).input_tokens,
        "message": lambda: client.messages.create(max_tokens=9, **HI).model_dump(
            mode="json", exclude_unset=True, warnings=False
        ),
    }
    return calls[of]()


for line in sys.stdin:
    task = json.loads(line)
    try:
        if "payloads" in task:
            got = accumulated(task["payloads"], beta=task["beta"])
        else:
            got = read(task["answer"], task["of"])
    except Exception as error:  # noqa: BLE001 - whatever an SDK raises is its answer
        got = repr(error)
    sys.stdout.write(json.dumps({"name": task["name"], "got": got}) + "\n")
