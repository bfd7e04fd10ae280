"""What a response was asked with, as `GET …/responses/{id}/input_items` lists it (OpenAPI of OpenAI, ResponseItemList).

Ids that a request leaves out are made, the same every time. Pure; imports the base and the standard library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from cassettes.dialects.base import at, json_bytes

MOST: Final = 100
"""Items of one page; without `limit` there are 20."""
_USUAL: Final = 20


def input_items(body: object, query: Mapping[str, str]) -> object:
    """The list of the items of `body` (a decoded request), newest first unless `order=asc`; `limit` and `after` page.

    What `query` says wrongly counts as not said.
    """
    given = at(body, "input")
    listed = given if isinstance(given, list) else [given] if isinstance(given, str) and given else []
    items = [_item(number, one) for number, one in enumerate(listed)]
    if query.get("order") != "asc":
        items.reverse()
    ids = [str(item["id"]) for item in items]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    limit = query.get("limit", "")
    most = min(MOST, int(limit)) if limit.isascii() and limit.isdigit() and 0 < len(limit) < 9 else _USUAL
    page = items[start : start + max(1, most)]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + len(page) < len(items),
    }


def _item(number: int, one: object) -> dict[str, object]:
    item: dict[str, object] = one if isinstance(one, dict) else {"role": "user", "content": one}
    kind = item.get("type") or ("message" if "role" in item else "item_reference")
    made: dict[str, object] = {"id": _made_id(number, item), "type": kind, "status": "completed"}
    held = {key: value for key, value in item.items() if value is not None}
    if kind == "message":
        held["content"] = _content(held.get("content"), str(held.get("role")))
    return made | held


def _content(content: object, role: str) -> Sequence[object]:
    if isinstance(content, str):
        return [{"type": "output_text" if role == "assistant" else "input_text", "text": content}]
    return content if isinstance(content, list) else []


def _made_id(number: int, item: Mapping[str, object]) -> str:
    return "msg_" + hashlib.sha256(b"%d %b" % (number, json_bytes(item))).hexdigest()[:32]
