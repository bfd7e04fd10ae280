"""`tokentape call`: one prompt to one provider, its text printed as it comes, the answer kept as a tape.

The recorder with a terminal as its client: a `Downstream` that prints. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TextIO

from cassettes.redact import Redactor, redact_body
from cassettes.secrets import secrets_from_env

from cassettes import providers
from cassettes.dialects import Dialect
from cassettes.dialects import get as dialect_of
from cassettes.matching import Asked
from cassettes.model import Framing, Head, Request, TokentapeError, header
from cassettes.printable import escape
from cassettes.providers import Provider
from cassettes.routes import parse
from cassettes.sse import Parser
from recorder.filing import Filing
from recorder.proxy import Clocks, Live, Recorder, Settings
from recorder.session import say, upstreams_of, wall

FOLDER = Path("tapes")


class CallError(TokentapeError):
    """The call cannot be made: no key, no prompt."""

    exit_code = 2


class Terminal:
    """A `Downstream` that prints the text of events, with a line of figures on a TTY's stderr."""

    def __init__(self, dialect: Dialect, out: TextIO | None, figures: bool, clock: Callable[[], float]) -> None:
        self.dechunks = True
        self.left = False
        self._dialect = dialect
        self._out = out
        self._figures = figures
        self._clock = clock
        self._start = clock()
        self._parser = Parser()
        self._streams = False
        self._shown = 0.0
        self.texts: list[str] = []
        self.events = 0
        self.ttft_ms: float | None = None
        self.plain = bytearray()
        self.ended: str | None = None

    def informational(self, head: Head) -> None:
        """A 1xx head is of no interest here."""

    def head(self, head: Head, framing: Framing) -> None:  # noqa: ARG002 - Downstream's signature
        """Whether what follows is a stream of events."""
        self._streams = "text/event-stream" in (header(head.headers, "content-type") or "")

    def body(self, data: bytes) -> None:
        """Prints the text of the events in `data`; a body that is no stream is kept for the end."""
        if self.ttft_ms is None:
            self.ttft_ms = (self._clock() - self._start) * 1000
        if not self._streams:
            self.plain += data
            return
        for block in self._parser.feed(data):
            self.events += 1
            text = self._dialect.text(block.raw)
            if text:
                self.texts.append(text)
                self._print(text)
        self._show_figures()

    def end(self, action: Literal["keep", "close", "reset", "stall"]) -> None:
        """The answer is over."""
        self.ended = action
        if self._figures:
            sys.stderr.write("\n")

    def buffered(self) -> int:
        """A terminal takes everything at once."""
        return 0

    def _print(self, text: str) -> None:
        if self._out is not None:
            self._out.write(escape(text, keep="\n\t"))
            self._out.flush()

    def _show_figures(self) -> None:
        now = self._clock()
        if not self._figures or now - self._shown < 0.1:
            return
        self._shown = now
        seconds = max(now - self._start, 1e-6)
        sys.stderr.write(
            f"\r\x1b[KTTFT {self.ttft_ms or 0:.0f} ms, {self.events} events, {self.events / seconds:.0f}/s"
        )
        sys.stderr.flush()


def asked_for(row: Provider, dialect: Dialect, options: Mapping[str, Any], environ: Mapping[str, str]) -> Asked:
    """The request of the call, as if it had come in on the provider's mount. Raises CallError without a key."""
    found = row.key(environ)
    if found is None:
        raise CallError(f"no key for {row.title}: set {' or '.join(row.key_variables)}")
    variable, key = found
    model = options["model"] or row.default_model or dialect.default_model
    suffix, headers, body = dialect.request(model, options["prompt"], stream=not options["no_stream"])
    target = row.mount + row.sdk_path + suffix
    fields = tuple({**headers, **dialect.auth(key, variable), "user-agent": "tokentape"}.items())
    request = Request("POST", target, fields, body)
    return Asked(request, parse("POST", target, fields), redact_body(body))


def call(options: Mapping[str, Any], environ: dict[str, str], figures: bool) -> int:
    """Makes the call; 0 for a whole 2xx answer, else 5."""
    row = providers.find(options["provider"])
    dialect = dialect_of(row.dialects[0])
    asked = asked_for(row, dialect, options, environ)
    upstreams = upstreams_of((), environ, adopt=True)
    if options["base_url"]:
        upstreams[row.name] = options["base_url"]
    redactor = Redactor(secrets_from_env(environ))
    output: Path | None = options["output"]
    filing = Filing(output.parent if output else FOLDER, "new_episodes", output, ())
    settings = Settings(upstreams=upstreams, environ=environ, idle_timeout=options["idle_timeout"] / 1000)
    recorder = Recorder(filing, settings, redactor, Clocks(time.monotonic, wall), say)
    terminal = Terminal(dialect, None if options["as_json"] else sys.stdout, figures, time.monotonic)
    live = asyncio.run(_run(recorder, asked, terminal))
    return _result(live, terminal, recorder, as_json=options["as_json"])


async def _run(recorder: Recorder, asked: Asked, terminal: Terminal) -> Live:
    try:
        live = await recorder.forward(asked, terminal)
        await live.recording.finished
    finally:
        await recorder.close()
    return live


def _result(live: Live, terminal: Terminal, recorder: Recorder, *, as_json: bool) -> int:
    code, ending = live.recording.code, live.recording.ending
    text = "".join(terminal.texts)
    if as_json:
        fields = {
            "status": code,
            "ending": ending,
            "text": text,
            "events": terminal.events,
            "ttft_ms": terminal.ttft_ms,
        }
        print(json.dumps(fields, ensure_ascii=False))  # noqa: T201 - data on stdout
    elif text and not text.endswith("\n"):
        print()  # noqa: T201
    if terminal.plain and not as_json:
        out = sys.stdout if code is not None and code < 300 else sys.stderr
        out.write(escape(terminal.plain.decode("utf-8", "replace"), keep="\n\t") + "\n")
    if code is None or code >= 300 or ending != "eof":
        say(f"tokentape: error: the upstream answered {code or 'nothing'}, ending {ending}")
        return 5
    return 1 if recorder.failures else 0
