"""What openai makes of responses that are left and taken up again. Argument: the mount of OpenAI on a server, as JSON.

The tape `fast` (input "fast") is over at once, `slow` (input "slow") stops for an hour after five events. Prints one
JSON object. Needs the SDK alone.
"""

from __future__ import annotations

import json
import sys

import openai

base = json.loads(sys.argv[1])
client = openai.OpenAI(base_url=base, api_key="unused", max_retries=0)
found: dict = {}


def left(given: str, count: int) -> tuple[str, list[int]]:
    """A response of which `count` events are read, and then no more: its id, and their numbers."""
    numbers = []
    with client.responses.create(model="gpt-5.1", input=given, background=True, stream=True) as stream:
        for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.created":
                name = event.response.id
            if len(numbers) == count:
                break
    return name, numbers


fast, numbers = left("fast", 4)
rest = list(client.responses.retrieve(fast, stream=True, starting_after=numbers[-1]))
found["numbers"] = numbers + [event.sequence_number for event in rest]
found["text"] = rest[-1].response.output_text
found["nothing left"] = list(client.responses.retrieve(fast, stream=True, starting_after=999))
with client.responses.stream(response_id=fast, starting_after=3) as stream:
    found["helper"] = [event.sequence_number for event in stream]
    found["helper text"] = stream.get_final_response().output_text
mended, broken = numbers[:], 0
while broken < 20:
    try:  # a reset after two events each time, for as long as there are two
        resumed = client.responses.retrieve(
            fast, stream=True, starting_after=mended[-1], extra_headers={"x-tokentape-fault": "reset?@2e"}
        )
        for event in resumed:
            mended.append(event.sequence_number)
        break
    except Exception:  # noqa: BLE001 - what it is called differs by version; that it comes again and again is asked
        broken += 1
found["mended"], found["broken"] = mended, broken
found["items"] = [item.content[0].text for item in client.responses.input_items.list(fast)]
found["polled"] = client.responses.retrieve(fast).status
found["over"] = client.responses.cancel(fast).status
client.responses.delete(fast)
try:
    client.responses.retrieve(fast)
except openai.NotFoundError as error:
    found["deleted"] = error.message

slow, _ = left("slow", 5)
found["slow"] = [client.responses.retrieve(slow).status, client.responses.cancel(slow).status]
found["slow"].append(client.responses.retrieve(slow).status)
found["after cancel"] = [one.sequence_number for one in client.responses.retrieve(slow, stream=True, starting_after=1)]
found["queued"] = client.responses.create(model="gpt-5.1", input="slow", background=True).status
print(json.dumps(found))  # noqa: T201 - that is what the test reads
