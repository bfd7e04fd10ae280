"""How many tokens a request has, by a rule that needs no tokenizer: enough to answer a client that asks.

Pure; imports the standard library alone. Which fields of a request count is each grammar's own matter.
"""

from __future__ import annotations

from typing import Final

BYTES_A_TOKEN: Final = 4
# Pictures and files are counted by their size in pixels or pages, signatures and names of kinds not at all.
_NO_TEXT: Final = frozenset(
    (
        *("source", "inlineData", "inline_data", "fileData", "file_data", "signature", "thoughtSignature"),
        *("type", "role", "id", "tool_use_id", "cache_control", "mimeType"),
        *("image_url", "input_audio", "encrypted_content", "call_id"),
    )
)


def tokens(*values: object) -> int:
    """The UTF-8 bytes of all texts in decoded JSON, by 4, rounded up; at least 1. Equal values count the same.

    A text is a string at any depth, but for media, signatures, ids and the names of roles and kinds.
    """
    size, todo = 0, list(values)
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            size += len(value.encode("utf-8", "surrogatepass"))
        elif isinstance(value, dict):
            todo.extend(inner for key, inner in value.items() if key not in _NO_TEXT)
        elif isinstance(value, list):
            todo.extend(value)
    return max(1, -(-size // BYTES_A_TOKEN))
