"""The control API as one table: paths, methods, parameters, bodies, answers. The router goes by it and the OpenAPI
document is made of it, so neither can say what the other does not do.

Data and look-ups only. Imports the standard library, `routes` and `printable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, unquote

from cassettes.model import TokentapeError
from cassettes.printable import escape
from cassettes.routes import DECK

PREFIX = "/_tokentape"
LARGEST_INTEGER = 2**53 - 1
"""Whole numbers that every JSON parser keeps exact."""
MOST_LISTED = 1000
LISTED = 100
MOST_SETUP = 8 * 1024 * 1024
"""Bytes of a PUT, inline tapes included."""
MOST_ACTION = 128 * 1024
"""Bytes of any other body."""
PROMETHEUS = "text/plain; version=0.0.4"
_SHOWN = 100


class QueryError(TokentapeError):
    """A query that an operation does not take."""

    exit_code = 2


class Parameter(NamedTuple):
    """A parameter in the path or the query. `most`: the largest value of a number, None for a name, or for any text of
    that many characters (`longest`)."""

    name: str
    place: Literal["path", "query"]
    about: str
    example: str | int
    least: int = 0
    most: int | None = None
    default: int | None = None
    longest: int = 0

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        if self.longest:
            return {"type": "string", "maxLength": self.longest}
        if self.most is None:
            return {"type": "string", "pattern": f"^{DECK.pattern}$"}
        limits: dict[str, Any] = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return limits if self.default is None else {**limits, "default": self.default}

    @property
    def expected(self) -> str:
        """What it may be, in words."""
        if self.longest:
            return f"{self.longest} characters at most"
        if self.most is None:
            return "1 to 64 letters, digits, '.', '_' or '-'"
        return f"a whole number from {self.least} to {self.most}"

    def read(self, written: str) -> str | int | None:
        """The value, None if it is none."""
        if self.longest:
            return written if len(written) <= self.longest else None
        if self.most is None:
            return written if DECK.fullmatch(written) else None
        if not (written.isascii() and written.isdigit() and len(written) <= 16):
            return None
        return number if self.least <= (number := int(written)) <= self.most else None


NAME = Parameter("name", "path", "The deck.", "checkout-test")
N = Parameter("n", "path", "The request's number in the journal.", 12, 1, LARGEST_INTEGER)
DECK_QUERY = Parameter("deck", "query", "Only this deck's.", "checkout-test")
SINCE = Parameter("since", "query", "Only those after this number.", 10, 0, LARGEST_INTEGER, 0)
LIMIT = Parameter("limit", "query", "At most so many, the newest.", 20, 1, MOST_LISTED, LISTED)

ACCEPTED = Parameter("accepted", "query", "What the client took for the whole answer.", "Hello, I am", longest=4096)
PATIENCE = Parameter("patience_ms", "query", "After how long a silence it should have left.", 500, 0, 600_000, 1000)


class Operation(NamedTuple):
    """One method of one path. `answers` names the schema of each status, "" for none; `body` that of what is sent;
    `example` is a body that is taken as it stands."""

    id: str
    method: str
    path: str
    about: str
    answers: Mapping[int, str]
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    example: Any = None
    kind: str = "application/json"

    @property
    def most(self) -> int:
        """Bytes that its body may have."""
        return MOST_SETUP if self.id == "putDeck" else MOST_ACTION

    def query(self, written: str) -> dict[str, str | int]:
        """The values of the query, defaults included; where none is known any may be. Raises QueryError."""
        known = {one.name: one for one in self.parameters if one.place == "query"}
        values: dict[str, str | int] = {one.name: one.default for one in known.values() if one.default is not None}
        if not known:
            return values
        given = parse_qsl(written, keep_blank_values=True, errors="replace")
        for name, value in given:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                meant = f"did you mean {near[0]}?" if near else f"expected {', '.join(known)}"
                raise QueryError(f"there is no parameter {escape(name[:_SHOWN])!r} here; {meant}")
            if (read := known[name].read(value)) is None:
                raise QueryError(f"{name}: found {escape(value[:_SHOWN])!r}, expected {known[name].expected}")
            if [one for one, _ in given].count(name) > 1:
                raise QueryError(f"the parameter {name} is given twice; expected it once")
            values[name] = read
        return values


def _stream(verb: str, about: str, body: str = "Nothing", example: Any = None) -> Operation:
    answers = {200: "Stream", 404: "Error", 409: "Error", 413: "Error", 415: "Error", 422: "Error", 400: "Error"}
    return Operation(verb, "POST", f"streams/{{n}}/{verb}", about, answers, (N,), body, example or {})


OPERATIONS: tuple[Operation, ...] = (
    Operation("health", "GET", "health", "Whether the server answers. Needs no token.", {200: "Health"}),
    Operation("describe", "GET", "openapi.json", "This description.", {200: "Document"}),
    Operation("listTapes", "GET", "tapes", "The loaded tapes.", {200: "Tapes"}),
    Operation("listDecks", "GET", "decks", "The decks, the main one (name null) first.", {200: "Decks"}),
    Operation("removeDecks", "DELETE", "decks", "Forgets all decks: every place is the first again.", {200: "Removed"}),
    Operation("getDeck", "GET", "decks/{name}", "Places, attempts and settings.", {200: "Deck", 404: "Error"}, (NAME,)),
    Operation(
        "putDeck",
        "PUT",
        "decks/{name}",
        "Sets a deck up anew, with tapes and settings of its own.",
        {200: "Deck", 201: "Deck", 400: "Error", 404: "Error", 413: "Error", 415: "Error", 422: "Error"},
        (NAME,),
        "Setup",
        {"speed": "max"},
    ),
    Operation("removeDeck", "DELETE", "decks/{name}", "Forgets a deck.", {200: "Removed", 404: "Error"}, (NAME,)),
    Operation(
        "listRequests",
        "GET",
        "requests",
        "The journal: the newest requests, oldest of them first.",
        {200: "Requests", 400: "Error"},
        (DECK_QUERY, SINCE, LIMIT),
    ),
    Operation(
        "removeRequests",
        "DELETE",
        "requests",
        "Forgets the requests that are over.",
        {200: "Removed", 400: "Error"},
        (DECK_QUERY,),
    ),
    Operation("getRequest", "GET", "requests/{n}", "One request.", {200: "Request", 404: "Error"}, (N,)),
    Operation(
        "listMisses",
        "GET",
        "misses",
        "Requests that no tape answered, equal ones counted together.",
        {200: "Misses", 400: "Error"},
        (DECK_QUERY,),
    ),
    Operation("removeMisses", "DELETE", "misses", "Forgets the misses; the answer is what they were.", {200: "Misses"}),
    Operation(
        "listVerdicts",
        "GET",
        "verdicts",
        "What the clients did wrong, judged from the journal.",
        {200: "Verdicts", 400: "Error"},
        (DECK_QUERY, ACCEPTED, PATIENCE),
    ),
    Operation(
        "listStreams",
        "GET",
        "streams",
        "The answers that are under way.",
        {200: "Streams", 400: "Error"},
        (DECK_QUERY,),
    ),
    Operation("getStream", "GET", "streams/{n}", "One of them.", {200: "Stream", 404: "Error"}, (N,)),
    _stream("pause", "Holds the tape where it is."),
    _stream("resume", "Lets it run on: every deadline has moved by the pause."),
    _stream("step", "Plays one event at once (of what has none: what is due at one instant) and holds the tape there."),
    _stream("drop", "Resets the connection (RST)."),
    _stream(
        "inject",
        "Puts bytes in at once, as an HTTP chunk of their own; 409 where the framing has no place for them.",
        "Injection",
        {"text": ": injected\n\n"},
    ),
    Operation(
        "metrics",
        "GET",
        "metrics",
        "Counters in the Prometheus text format.",
        {200: ""},
        kind=PROMETHEUS,
    ),
)


class Place(NamedTuple):
    """A path of the table that was asked for: its operations by method, and what stands in its parameters."""

    operations: dict[str, Operation]
    written: dict[str, str]

    @property
    def allowed(self) -> str:
        """The methods, as Allow has them."""
        return ", ".join("GET, HEAD" if method == "GET" else method for method in self.operations)

    def operation(self, method: str) -> Operation | None:
        """The operation of `method`; that of GET for HEAD."""
        return self.operations.get("GET" if method == "HEAD" else method)


_BY_PATH: dict[str, dict[str, Operation]] = {}
for _one in OPERATIONS:
    _BY_PATH.setdefault(_one.path, {})[_one.method] = _one
_TEMPLATES = {tuple(path.split("/")): operations for path, operations in _BY_PATH.items()}
PATHS = tuple(_BY_PATH)


def place_of(path: str) -> Place | None:
    """What of the table is at `path`, which is what follows PREFIX and its slash; None for nothing."""
    parts = path.split("/")
    for template, operations in _TEMPLATES.items():
        if len(template) != len(parts):
            continue
        pairs = tuple(zip(template, parts, strict=True))
        if all(part == name for name, part in pairs if not name.startswith("{")):
            written = {name.strip("{}"): unquote(part) for name, part in pairs if name.startswith("{")}
            return Place(operations, written)
    return None


def unknown(path: str) -> str:
    """Why there is nothing at `path`."""
    plain = [one for one in PATHS if "{" not in one]
    near = get_close_matches(path, plain, n=1) or get_close_matches(path.partition("/")[0], plain, n=1)
    meant = f"did you mean {PREFIX}/{near[0]}? " if near and near[0] != path else ""
    have = ", ".join(f"{PREFIX}/{one}" for one in plain)
    return f"there is no control path {escape(path[:_SHOWN])!r}; {meant}there are {have}"
