"""Recordings of other projects as cassettes: the face. One format a file; what they share is in `draft`.

Pure: bytes in, a cassette out, nothing is opened or fetched. The result holds what the recording held, secrets
included: whoever writes it sends it through `cassettes.redact` first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Protocol

from cassettes.convert import go_vcr, har, json_response, mastra, pi_vcr, raw_sse, req_llm, ruby_vcr, vcrpy
from cassettes.convert.draft import Draft, cassette
from cassettes.convert.plain import placed, plain
from cassettes.model import Cassette, CassetteError


class _Format(Protocol):
    """What each module of a structured format has."""

    NAME: str

    def fits(self, value: object) -> bool: ...
    def drafts(self, value: object, name: str) -> Iterable[Draft]: ...


# Asked in this order: the names that a format alone has come first.
_FORMATS: tuple[_Format, ...] = (ruby_vcr, pi_vcr, vcrpy, go_vcr, mastra, req_llm, har, json_response)

_Drafts = Callable[[], Iterable[Draft]]


def formats() -> tuple[str, ...]:
    """The names of the formats that `convert` reads."""
    return (*sorted(one.NAME for one in _FORMATS), raw_sse.LINES, raw_sse.NAME)


def sniff(data: bytes, name: str) -> str | None:
    """The format of a recording, one of `formats()`; None for anything else, tokentape's own cassettes included."""
    try:
        found, _drafts, value = _recognise(_opened(data, name), name)
    except CassetteError:
        return None
    return None if _is_ours(value) else found


def convert(data: bytes, name: str) -> Cassette:
    """The recording `data` as a cassette of `source: imported` interactions; gzip around the file is undone.

    `name` is the file's name, for errors. Content codings are undone. Raises CassetteError with the place for what
    cannot be read, naming the formats that can.
    """
    data = _opened(data, name)
    _format, drafts, _value = _recognise(data, name)
    try:
        return cassette(drafts())
    except CassetteError as error:
        raise placed(error, data, name) from None


def _recognise(data: bytes, name: str) -> tuple[str, _Drafts, object]:
    """The format's name, what makes its drafts, and the plain value it was recognised by."""
    bare = raw_sse.name_of(data)
    if bare is not None:
        return bare, functools.partial(raw_sse.drafts, data, name), None
    value = _plain(data, name)
    for one in _FORMATS:
        if one.fits(value):
            return one.NAME, functools.partial(one.drafts, value, name), value
    raise CassetteError(f"{_described(value)}, which is none of the recordings read here: {', '.join(formats())}", name)


def _plain(data: bytes, name: str) -> object:
    """The plain value of a structured recording; where not even the file's name promises one, the error says so."""
    try:
        return plain(data, name)
    except CassetteError as error:
        if name.lower().removesuffix(".gz").endswith((".yaml", ".yml", ".json", ".har")):
            raise
        problem = str(error).removeprefix(f"{error.place}: ")
        known = ", ".join(formats())
        raise CassetteError(f"none of the recordings read here ({known}): {problem}", error.place) from None


def _opened(data: bytes, name: str) -> bytes:
    from cassettes import yamlparse

    return yamlparse.inflated(data, name)


def _described(value: object) -> str:
    if isinstance(value, dict):
        keys = ", ".join(repr(key)[:40] for key in list(value)[:6])
        return f"a mapping with the keys {keys}" if keys else "an empty mapping"
    return f"a list of {len(value)}" if isinstance(value, list) else "no mapping and no list"


def _is_ours(value: object) -> bool:
    """Whether some response has a `stream` mapping: a tape of our own, or one that vcrpy saved again."""
    found = value.get("interactions") if isinstance(value, dict) else None
    responses = (one.get("response") for one in found if isinstance(one, dict)) if isinstance(found, list) else ()
    return any(isinstance(response, dict) and isinstance(response.get("stream"), dict) for response in responses)
