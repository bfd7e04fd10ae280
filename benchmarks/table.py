"""A report: a table of medians, the targets it is held against, notes. As text for people, as a dict for `--json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Value = float | int | str | None
Rep = Mapping[str, float | None]
"""Figures of one run by name; None where that run cannot tell."""


class Target(NamedTuple):
    """A limit of DESIGN 10 and what was measured; `met` is None where this run cannot tell."""

    what: str
    limit: str
    measured: str
    met: bool | None


class Report(NamedTuple):
    """One benchmark's outcome. The first column names the row."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """The table, then a line for each target and note."""
        cells = [self.columns, *(tuple(map(shown, row)) for row in self.rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(self.columns))]
        lines = [f"== {self.name}", _line(self.columns, widths), "  ".join("-" * width for width in widths)]
        lines += [_line(row, widths) for row in cells[1:]]
        if self.targets:
            words = {True: "met", False: "MISSED", None: "untold"}
            lines += ["", *(f"{words[t.met]:<6}  {t.what}: {t.measured} (target: {t.limit})" for t in self.targets)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes), ""])

    def json(self) -> dict[str, object]:
        """The same for `--json`."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {
            "name": self.name,
            "rows": rows,
            "targets": [target._asdict() for target in self.targets],
            "notes": list(self.notes),
        }


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in rest)]).rstrip()


def shown(value: Value) -> str:
    """A cell: three digits that count, `-` for what was not measured."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def medians(reps: Iterable[Rep]) -> dict[str, float | None]:
    """For each figure its median over the runs that could tell it."""
    found = list(reps)
    names = dict.fromkeys(name for rep in found for name in rep)
    values = {name: [value for rep in found if (value := rep.get(name)) is not None] for name in names}
    return {name: median(each) if each else None for name, each in values.items()}


def ratio(value: float | None, baseline: float | None) -> float | None:
    """`value / baseline` where both are known."""
    return value / baseline if value is not None and baseline else None


def percent(value: float | None) -> str | None:
    """A ratio as a table shows it."""
    return None if value is None else f"{value:.0%}"


def target(what: str, limit: str, value: float | None, holds: Callable[[float], bool], unit: str = "") -> Target:
    """The target that `holds` of `value`; a `unit` of `%` shows a ratio in percent."""
    if value is None:
        return Target(what, limit, "not measured", None)
    return Target(what, limit, f"{value:.1%}" if unit == "%" else f"{shown(value)}{unit}", holds(value))
