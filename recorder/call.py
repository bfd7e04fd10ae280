"""`tokentape call`: one prompt to one provider, its text printed as it comes, the answer kept as a tape.

The recorder with a terminal as its client. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

from cassettes import providers
from cassettes.dialects import Dialect
from cassettes.dialects import get as dialect_of
from cassettes.matching import Asked
from cassettes.model import Request, TokentapeError
from cassettes.providers import Provider
from cassettes.redact import Redactor, redact_body
from cassettes.routes import parse
from cassettes.secrets import secrets_from_env, secrets_from_request
from recorder.filing import Filing
from recorder.leaving import Live
from recorder.outgoing import upstreams_of
from recorder.printing import complain, has_colour, print_json, say
from recorder.proxy import Clocks, Recorder, Settings
from recorder.session import wall
from recorder.terminal import Screen, Terminal

FOLDER = Path("tapes")


class CallError(TokentapeError):
    """The call cannot be made: no key, no such base URL."""

    exit_code = 2


def request_of(row: Provider, dialect: Dialect, options: Mapping[str, Any], environ: Mapping[str, str]) -> Request:
    """The request of the call, as if it had come in on the provider's mount. Raises CallError without a key, where the
    row has variables for one."""
    found = row.key(environ)
    if found is None and row.key_variables:
        raise CallError(f"there is no key for {row.title}: set {' or '.join(row.key_variables)}")
    auth = dialect.auth(found[1], found[0]) if found else {}
    model = options["model"] or row.default_model or dialect.default_model
    suffix, headers, body = dialect.request(model, options["prompt"], stream=not options["no_stream"])
    fields = {**headers, **auth, "user-agent": "tokentape"}
    return Request("POST", row.mount + row.sdk_path + suffix, tuple(fields.items()), body)


def call(options: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    """Makes the call; returns 0 for a whole 2xx answer, 5 for any other, 1 when it could not be kept."""
    row = providers.find(options["provider"])
    dialect = dialect_of(row.dialects[0])
    request = request_of(row, dialect, options, environ)
    redactor = Redactor(secrets_from_env(environ)).with_secrets(secrets_from_request(request.headers, request.uri))
    route = parse(request.method, request.uri, request.headers)
    asked = Asked(request, route, lambda: redactor.bytes(redact_body(request.body)))
    recorder = Recorder(
        _filing(options["output"]),
        Settings(_upstreams(row, options["base_url"], environ), environ, options["idle_timeout"] / 1000),
        redactor,
        Clocks(time.monotonic, wall),
        lambda line: say(redactor.text(line)),
    )
    screen = _screen(None if options["as_json"] else sys.stdout, environ)
    terminal = Terminal(dialect, screen, redactor, time.monotonic)
    screen.figures(f"waiting for {row.title} …")
    try:
        live = asyncio.run(_run(recorder, asked, terminal))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        screen.clear()
    if sys.stderr.isatty():
        say(terminal.figures(time.monotonic()))
    return _result(live, terminal, recorder, as_json=options["as_json"])


def _filing(output: Path | None) -> Filing:
    return Filing(output.parent if output is not None else FOLDER, "new_episodes", output)


def _upstreams(row: Provider, base_url: str | None, environ: Mapping[str, str]) -> dict[str, str]:
    """`--upstream`, else the provider's own variable, else its row."""
    if base_url is not None:
        return upstreams_of([f"{row.name}={base_url}"])
    return upstreams_of((), {name: environ.get(name, "") for name in row.base_url_variables})


def _screen(out: Any, environ: Mapping[str, str]) -> Screen:
    width = get_terminal_size((80, 24)).columns if has_colour(sys.stderr, environ) else 0
    return Screen(out, sys.stderr, width=width, same=sys.stdout.isatty())


async def _run(recorder: Recorder, asked: Asked, terminal: Terminal) -> Live:
    task = asyncio.current_task()
    with contextlib.suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: task and task.cancel())
    try:
        live = await recorder.forward(asked, terminal)
        await asyncio.shield(live.recording.finished)  # an interrupt must not make it finished
    finally:
        await recorder.close()
    return live


def _result(live: Live, terminal: Terminal, recorder: Recorder, *, as_json: bool) -> int:
    code, ending = live.recording.code, live.recording.ending
    if as_json:
        fields = {
            "status": code,
            "ending": ending,
            "text": terminal.text,
            "events": terminal.events,
            "first_byte_ms": None if terminal.first_byte_ms is None else round(terminal.first_byte_ms, 1),
            "tape": str(recorder.latest) if recorder.latest is not None else None,
        }
        print_json(fields)
    if code is None or not 200 <= code < 300 or ending != "eof":
        answer = f"answered {code}" if code is not None else "did not answer"
        complain(f"the upstream {answer}, and the answer ended with {ending}; the tape says how")
        return 5
    return 1 if recorder.failures else 0
