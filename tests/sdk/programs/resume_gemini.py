"""What google-genai makes of streams in hops. Argument: {tape: root of its server} as JSON. The tape's name is the prompt.

Prints {tape: text, number of chunks, last finish reason, what was raised} as one JSON object. Needs the SDK alone.
"""

from __future__ import annotations

import json
import sys

from google import genai

told: dict = {}
for name, root in json.loads(sys.argv[1]).items():
    client = genai.Client(api_key="unused", http_options={"base_url": root, "api_version": "v1beta"})
    one: dict = {"text": "", "chunks": 0, "finish": None, "raised": None}
    try:
        for chunk in client.models.generate_content_stream(model="gemini-2.5-flash", contents=name):
            one["text"] += chunk.text or ""
            one["chunks"] += 1
            one["finish"] = str(chunk.candidates[0].finish_reason)
    except Exception as error:  # noqa: BLE001 - the test shows it
        one["raised"] = type(error).__name__
    told[name] = one
print(json.dumps(told))  # noqa: T201 - that is what the test reads
