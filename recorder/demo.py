"""`tokentape demo`: the main job in ten seconds, without key or network.

A shipped tape plays as the upstream, the recorder records it through a real request, the new tape is replayed; both
timelines are drawn side by side.

Two servers and a recorder as processes of their own, a raw client here. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cassettes.model import Interaction, Timeline, TokentapeError

if TYPE_CHECKING:
    from cassettes.measures import Comparison

TAPE = "openai/hello"
PROVIDER = "openai"
HELP = """\b
Examples:
  tokentape demo
  tokentape demo --keep ./demo-tapes

Record a stream, replay it and compare: no key, no network."""
NEXT = """
Now try it yourself:
  tokentape serve                                  (in another terminal)
  curl -N http://127.0.0.1:7357/openai/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model": "gpt-5.1", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'
  python - <<'PY'
from openai import OpenAI
client = OpenAI(base_url="http://127.0.0.1:7357/openai/v1", api_key="x")
messages = [{"role": "user", "content": "Hello!"}]
for chunk in client.chat.completions.create(model="gpt-5.1", messages=messages, stream=True):
    print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)
PY
Record your own:
  tokentape record -o tapes -- python your_app.py"""


@click.command("demo", help=HELP)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the recorded tape in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_context
def demo_command(ctx: click.Context, /, keep: Path | None, as_json: bool) -> None:
    """Exit status 1 when a byte or a chunk boundary of the recording or its replay differs."""
    with tempfile.TemporaryDirectory(prefix="tokentape-demo-") as folder:
        if keep is not None:
            _writable(keep)
        tape, same = _demo(Path(folder), as_json=as_json)
        if keep is not None:
            _say(f"kept: {_keep(tape, keep / tape.relative_to(folder))}")
    ctx.exit(0 if same else 1)


def _keep(tape: Path, kept: Path) -> Path:
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tape, kept)
    return kept


def _writable(folder: Path) -> None:
    """Asked before the work is done: the folder is made if it is new. Raises TokentapeError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        problem = "" if os.access(folder, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        problem = str(error.strerror)
    if problem:
        raise TokentapeError(f"{folder}: cannot write here ({problem}), expected --keep DIR that may be written to")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _demo(folder: Path, *, as_json: bool) -> tuple[Path, bool]:
    """Returns the recorded tape and whether nothing was lost."""
    from cassettes.measures import compare
    from cassettes.store import find_tape
    from cassettes.timeline import to_timeline

    shipped = find_tape(TAPE)
    source = _only(shipped)
    _say(f"1. {TAPE}, a tape that ships with tokentape, plays as the provider; the recorder forwards to it")
    live = _record(folder, shipped, source.request.body)
    tape = next(folder.rglob("*.yaml"), None)
    if tape is None:
        raise click.ClickException(f"the recorder wrote no tape in {folder}")
    _say(f"2. recorded through a real request: {tape.relative_to(folder)}")
    recorded = _only(tape)
    replayed = _play(["serve", str(tape)], recorded.request.body)
    _say("3. the new tape, replayed to a raw client")
    held = compare(to_timeline(recorded), replayed)
    same = all(_same(one) for one in (held, compare(to_timeline(source), live), compare(live, to_timeline(recorded))))
    if as_json:
        _print_figures(held, same)
    else:
        _draw(to_timeline(recorded), replayed, (source.response.body, recorded.response.body))
        click.echo(NEXT)
    return tape, same


def _same(held: Comparison) -> bool:
    return held.same_bytes and held.same_chunks and held.same_ending


def _only(path: Path) -> Interaction:
    from cassettes.yamlio import load_file

    return load_file(path).interactions[0]


def _record(folder: Path, shipped: Path, body: bytes) -> Timeline:
    """Plays `shipped` as the upstream and records it in `folder`; returns what the client saw live."""
    from recorder.playback import child

    with child(["serve", str(shipped)]) as upstream:
        return _play(["record", "-o", str(folder), "--upstream", f"{PROVIDER}={upstream}/{PROVIDER}/v1"], body)


def _play(server: list[str], body: bytes) -> Timeline:
    """What a raw client sees of one request to that server, which has ended, its tape written, when this returns."""
    from recorder.playback import child

    with child(server) as url:
        return asyncio.run(_ask(f"{url}/{PROVIDER}/v1/chat/completions", body))


async def _ask(url: str, body: bytes) -> Timeline:
    from recorder.watching import watch

    headers = (
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer x"),
        ("Content-Length", str(len(body))),
    )
    return await watch("POST", url, headers, body, time.monotonic)


def _print_figures(held: Comparison, same: bool) -> None:
    from cassettes.render import comparison_summary

    click.echo(json.dumps({"same": same, **comparison_summary(held)}, indent=2))


def _draw(recorded: Timeline, replayed: Timeline, bodies: tuple[bytes, bytes]) -> None:
    from cassettes.render import side_by_side
    from recorder.printing import page

    click.echo()
    click.echo(side_by_side(recorded, replayed, ("recorded", "replayed"), page=page()))
    equal = "equal" if bodies[0] == bodies[1] else "DIFFERENT"
    click.echo(f"  the shipped tape's {len(bodies[0])} body bytes and the recorded tape's {len(bodies[1])}: {equal}")
