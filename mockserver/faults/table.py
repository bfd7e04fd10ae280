"""The faults by name: those built in, a file each, then those of the entry-point group `tokentape.faults`.

Binds what was written to them: unknown names and arguments, missing and superfluous places, contradictions. An entry
point names a `Kind` (`flicker = my_package.faults:FLICKER`); built-in names stay ours. Nothing is loaded unasked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cassettes.model import TokentapeError
from mockserver.faults.grammar import Arg, Fault, FaultError, Written, canonical, text_of, written_of
from mockserver.faults.kinds import Argument, Kind, nearest
from mockserver.faults.places import FORMS, Where, where_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "tokentape.faults"

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "ending": ("reset", "cut", "end-early", "stall", "linger", "half-close", "no-close-notify"),
    "timing": ("latency", "ttft", "pause", "jitter", "bandwidth", "buffer", "drip"),
    "framing": (
        *("split", "merge", "eol", "bom", "no-space", "no-final-blank", "chunk-extension", "bad-chunk-size"),
        "chunk-zeros",
        *("content-length", "http10", "header", "drop-header", "head-drip", "trailer"),
    ),
    "encode": ("encode",),
    "content": (
        *("keepalive", "comment", "error", "malformed", "duplicate", "reorder", "drop", "no-terminal", "corrupt"),
        *("invalid-utf8", "insert", "huge-event"),
    ),
    "status": ("status", "html", "json-error-200", "empty", "redirect", "early-hints"),
    "preset": ("case",),
}
"""The built-in ones: `mockserver/faults/FAMILY/NAME.py`."""

_HOMES: Final = {
    name: f"mockserver.faults.{family}.{name.replace('-', '_')}" for family, names in FAMILIES.items() for name in names
}


class Bound(NamedTuple):
    """A fault that is known, with its place and the values of its arguments."""

    fault: Fault
    kind: Kind
    where: Where | None
    given: Mapping[str, Any]
    pairs: tuple[tuple[str, str], ...]


def names() -> tuple[str, ...]:
    """Every known name, built-in ones first. Loads nothing."""
    return (*_HOMES, *sorted(_installed()))


def get(name: str) -> Kind:
    """The fault of that name. Raises FaultError, naming the nearest, and TokentapeError if an installed one is bad."""
    name = canonical(name)
    if home := _HOMES.get(name):
        kind: Kind = import_module(home).FAULT
        return kind
    if name in _installed():
        return _loaded(name)
    hint = nearest(name, names()) or "; `tokentape faults` lists them"
    raise FaultError(f"there is no fault {name[:40]!r}{hint}")


def read(value: object) -> tuple[Bound, ...]:
    """The faults that `value` (a text, a mapping, or a list of both) asks for. Raises FaultError."""
    if isinstance(value, str):
        return _read_text(value)
    return _bound(written_of(value))


@lru_cache(512)
def _read_text(text: str) -> tuple[Bound, ...]:
    return _bound(written_of(text))


def _bound(written: Iterable[Written]) -> tuple[Bound, ...]:
    bound: list[Bound] = []
    for one in written:
        bound.append(_bind(one))
        if (other := rival(bound[-1], bound[:-1])) is not None:
            raise one.wrong(contradiction(bound[-1], other))
    return tuple(bound)


def add_up(*sources: tuple[Bound, ...]) -> tuple[Bound, ...]:
    """The faults of several sources in that order (DESIGN 7). Raises FaultError where two contradict each other."""
    total: list[Bound] = []
    for bound in (one for source in sources for one in source):
        if (other := rival(bound, total)) is not None:
            raise FaultError(contradiction(bound, other))
        total.append(bound)
    return tuple(total)


def rival(bound: Bound, others: Iterable[Bound]) -> Bound | None:
    """One of `others` that cannot act on the same attempt; None if there is none."""
    if not bound.kind.alone:
        return None
    for other in others:
        same = other.kind.alone and other.kind.family == bound.kind.family
        if same and other.fault.attempts.overlap(bound.fault.attempts):
            return other
    return None


def contradiction(bound: Bound, other: Bound) -> str:
    """What is wrong with two that cannot both act."""
    family = {"ending": "an ending", "status": "an answer of its own"}.get(bound.kind.family, bound.kind.family)
    return (
        f"{text_of([other.fault])} and {text_of([bound.fault])} contradict each other: each is {family}; "
        "give one, or tell them apart by attempts, such as #1 and #2"
    )


def _bind(written: Written) -> Bound:
    fault = written.fault
    try:
        kind = get(fault.name)
    except FaultError as error:
        raise written.wrong(str(error)) from None
    where: Where | None = None
    if fault.where and kind.place == "no":
        raise written.wrong(f"{kind.name} takes no place; write {kind.name} without '@{fault.where}'", written.where_at)
    if fault.where or kind.default:
        try:
            where = where_of(fault.where or kind.default)
        except FaultError as error:
            raise written.wrong(f"{kind.name}: {error}", written.where_at) from None
    elif kind.place == "must":
        raise written.wrong(f"{kind.name} needs a place, such as {kind.example}; expected '@' and {FORMS}")
    given, pairs = ({}, _pairs(written)) if kind.pairs else (_values(kind, written), ())
    return Bound(fault, kind, where, given, pairs)


def _pairs(written: Written) -> tuple[tuple[str, str], ...]:
    for arg, at in zip(written.fault.args, written.args_at, strict=False):
        if not arg.key:
            raise written.wrong(f'{written.fault.name}: expected NAME=VALUE, such as x-test=1 or x-test="1, 2"', at)
    if not written.fault.args:
        raise written.wrong(f"{written.fault.name}: expected ':' and NAME=VALUE")
    return tuple(written.fault.args)


def _values(kind: Kind, written: Written) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    free = list(kind.arguments)
    by_name = {argument.name: argument for argument in kind.arguments}
    for arg, at in zip(written.fault.args, written.args_at, strict=False):
        if arg.key and canonical(arg.key) in by_name:
            argument = by_name[canonical(arg.key)]
        elif arg.key and free and free[0].equals:
            argument, arg = free[0], Arg("", f"{arg.key}={arg.value}")  # noqa: PLW2901
        elif arg.key:
            raise written.wrong(_no_argument(kind, arg.key), at)
        else:
            left = [one for one in free if one.name not in values]
            if not left:
                raise written.wrong(f"{kind.name}: {_takes(kind)}, found one more: {arg.value[:40]!r}", at)
            argument = left[0]
        if argument.name in values:
            raise written.wrong(f"{kind.name}: {argument.name} is given twice", at)
        try:
            values[argument.name] = argument.read(arg.value)
        except TokentapeError as error:
            raise written.wrong(f"{kind.name}: {argument.name}: {error}", at) from None
    for argument in kind.arguments:
        if argument.needed and argument.name not in values:
            raise written.wrong(f"{kind.name} needs {argument.shown}, as in {kind.example}")
        values.setdefault(argument.name, argument.default)
    return values


def _no_argument(kind: Kind, key: str) -> str:
    known = [argument.name for argument in kind.arguments]
    return f"{kind.name} has no argument {key[:40]!r}; {_takes(kind)}{nearest(canonical(key), known)}"


def _takes(kind: Kind) -> str:
    if not kind.arguments:
        return "it takes no arguments"
    return f"it takes {', '.join(argument.name for argument in kind.arguments)}"


def usage(kind: Kind) -> str:
    """How the fault is written: `stall[@WHERE][:DUR]`."""
    where = {"no": "", "may": "[@WHERE]", "must": "@WHERE"}[kind.place]
    if kind.pairs:
        return f"{kind.name}{where}:NAME=VALUE"
    shown = ",".join(_shown(argument, first=number == 0) for number, argument in enumerate(kind.arguments))
    needed = any(argument.needed for argument in kind.arguments)
    return f"{kind.name}{where}" + (f":{shown}" if needed else f"[:{shown}]" if shown else "")


def _shown(argument: Argument, *, first: bool) -> str:
    return argument.shown if first else f"[{argument.name}={argument.shown}]"


@cache
def _installed() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP)
    return {canonical(entry.name): entry for entry in found if canonical(entry.name) not in _HOMES}


@cache
def _loaded(name: str) -> Kind:
    entry = _installed()[name]
    try:
        kind = entry.load()
    except Exception as error:
        raise TokentapeError(f"entry point {name} = {entry.value} ({GROUP}) does not load: {error!r}") from error
    if not isinstance(kind, Kind):
        raise TokentapeError(
            f"entry point {name} = {entry.value} ({GROUP}) is a {type(kind).__name__}; "
            "expected a mockserver.faults.kinds.Kind"
        )
    return kind
