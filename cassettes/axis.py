"""Timelines drawn on one axis: a strip of bars for each, a scale in ms below.

Lines of text out of timelines; the facts in words are `cassettes.render`. May import `model` and `printable`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cassettes.model import Timeline
from cassettes.printable import Page, columns, pad

_BARS = "▁▂▃▄▅▆▇█"
_BARS_ASCII = ".:-=+*%#"
_FIGURE = 12
"""Columns between two figures of the scale, at least."""


def axis(lines: Sequence[tuple[str, Timeline]], page: Page) -> list[str]:
    """Each (name, timeline) as a strip on a common scale: a cell is a span of time, its bar the bytes that came in it.

    `h` is the end of the head, `_` waiting, `|` the ending. Names must be escaped.
    """
    total = max(1.0, *(timeline.end_at_ms for _, timeline in lines))
    label = max(columns(name) for name, _ in lines)
    indent = label + 3 if label else 2
    cells = max(10, page.width - indent)
    sums = [_sums(timeline, total, cells) for _, timeline in lines]
    most = max(map(max, sums))
    bars = _BARS_ASCII if page.ascii_only else _BARS
    drawn = [
        pad(f"  {name}", indent) + page.style("bar", _strip(timeline, total, of_line, most, bars))
        for (name, timeline), of_line in zip(lines, sums, strict=True)
    ]
    return [*drawn, " " * indent + page.style("dim", _scale(total, cells))]


def _sums(timeline: Timeline, total: float, cells: int) -> list[int]:
    """Bytes that came in each of `cells` equal spans of `total` ms."""
    sums = [0] * cells
    for frame in timeline.frames:
        sums[_cell(frame.at_ms, total, cells)] += len(frame.data)
    return sums


def _cell(at_ms: float, total: float, cells: int) -> int:
    return min(cells - 1, int(at_ms / total * cells))


def _strip(timeline: Timeline, total: float, sums: list[int], most: int, bars: str) -> str:
    cells = len(sums)
    end = _cell(timeline.end_at_ms, total, cells)
    # The square root keeps a chunk of 30 bytes visible beside one of 30 kB.
    strip = [bars[min(7, int(8 * (size / most) ** 0.5))] if size else "_" for size in sums[: end + 1]]
    head = _cell(timeline.head_at_ms, total, cells)
    if timeline.head and not sums[head]:
        strip[head] = "h"
    if not sums[end]:
        strip[end] = "|"
    return "".join(strip)


def _scale(total: float, cells: int) -> str:
    """`0           200         400 ms`: a figure at every round number of ms."""
    step = _step(total / cells * _FIGURE)
    line, at_ms = "", 0
    while at_ms <= total:
        place, figure = int(at_ms / total * cells), f"{at_ms:,}"
        if place + len(f"{figure} ms") > cells:
            break
        line = line.ljust(place) + figure
        at_ms += step
    return f"{line} ms"


def _step(least: float) -> int:
    """The first of 1, 2, 5, 10, 20 … that is not below `least`."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= least:
                return step * power
        power *= 10
