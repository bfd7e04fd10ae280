"""`error`: the stream says that it failed, as its provider does (`shapes`). Imports `kinds`, `shapes` and `woven`."""

from __future__ import annotations

from mockserver.faults.kinds import Argument, Call, Kind, raw, switch
from mockserver.faults.shapes import KINDS, STYLES, error_events, error_kind
from mockserver.faults.woven import Woven


def _does(woven: Woven, call: Call) -> None:
    woven.events_only()
    given, place = call.given, call.spot
    data = error_events(call.scene, woven.tape, place.at, given["kind"], given["style"], given["message"])
    woven.insert(place, data)
    if not given["rest"]:
        woven.finish(place.at)


_STYLES = "; ".join(f"{dialect}: {', '.join(styles)}" for dialect, styles in STYLES.items())


def _style(text: str) -> str:
    return text.lower().replace("_", "-")


FAULT = Kind(
    name="error",
    family="content",
    does=_does,
    sees="an error event in the provider's shape, then a clean end (rest=yes: the rest)",
    example="error@3e:overloaded",
    place="must",
    arguments=(
        Argument(name="kind", shown="KIND", read=error_kind, needed=True, words=KINDS + " or a status"),
        Argument(name="style", shown="STYLE", read=_style, words=_STYLES),
        Argument(name="message", shown="TEXT", read=raw),
        Argument(name="rest", shown="yes", read=switch, default=False),
    ),
    breaks=True,
)
