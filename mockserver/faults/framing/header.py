"""`header`: a header of the answer set or added. Imports `kinds` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Call, Kind, field_name, field_text
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    pairs = [(field_name(name), field_text(value)) for name, value in call.pairs]

    def edit(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        for name, value in pairs:
            places = [number for number, (key, _) in enumerate(headers) if key.lower() == name.lower()]
            headers = [field for number, field in enumerate(headers) if number not in places[1:]]
            if places:
                headers[places[0]] = (name, value)
            else:
                headers.append((name, value))
        return headers

    woven.header_edits.append(edit)


FAULT = Kind(
    name="header",
    family="framing",
    does=_does,
    sees="that header instead of the tape's, or beside them",
    example='header:content-type="text/plain; charset=utf-8"',
    pairs=True,
)
