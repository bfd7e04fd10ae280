"""`tokentape demo`: the main job in ten seconds. A shipped tape plays as the upstream, the recorder records it through a
real request, the new tape is replayed; both timelines are drawn side by side. No key, no network beyond loopback.

Two servers and a recorder as processes of their own, a raw client here. Imports `cassettes` and this package.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from cassettes.model import Interaction, Timeline

TAPE = "openai/hello"
PROVIDER = "openai"
HELP = """\b
Examples:
  tokentape demo
  tokentape demo --keep ./demo-tapes

Record a stream, replay it and compare: no key, no network."""


@click.command("demo", help=HELP)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the recorded tape in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.pass_context
def demo_command(ctx: click.Context, /, keep: Path | None, as_json: bool) -> None:
    """Exit status 1 when a byte or a chunk boundary of the replay differs."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        ctx.exit(_demo(keep, as_json=as_json))
    with tempfile.TemporaryDirectory(prefix="tokentape-demo-") as folder:
        ctx.exit(_demo(Path(folder), as_json=as_json))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _demo(folder: Path, *, as_json: bool) -> int:
    from cassettes.measures import compare
    from cassettes.store import find_tape

    shipped = find_tape(TAPE)
    _say(f"1. {TAPE}, a tape that ships with tokentape, plays as the provider; the recorder forwards to it")
    path, live = asyncio.run(_record(folder, shipped))
    _say(f"2. recorded through a real request: {path.relative_to(folder)}")
    recorded = _only(path)
    replayed = asyncio.run(_replay(path, recorded))
    _say("3. the new tape, replayed to a raw client")
    source = _only(shipped)
    held, bodies = compare(live, replayed), (source.response.body, recorded.response.body)
    same = held.same_bytes and held.same_chunks and held.same_ending and bodies[0] == bodies[1]
    if as_json:
        _print_figures(held, same)
    else:
        _draw(live, replayed, bodies)
        _what_next()
    return 0 if same else 1


def _only(path: Path) -> Interaction:
    from cassettes.yamlio import load_file

    return load_file(path).interactions[0]


async def _record(folder: Path, shipped: Path) -> tuple[Path, Timeline]:
    """Plays `shipped` as the upstream and records it; returns the new tape and what the client saw live."""
    from recorder.playback import child

    request = _only(shipped).request
    with (
        child(["serve", str(shipped)]) as upstream,
        child(["record", "-o", str(folder), "--upstream", f"{PROVIDER}={upstream}/{PROVIDER}/v1"]) as recorder,
    ):
        live = await _ask(f"{recorder}/{PROVIDER}/v1/chat/completions", request.body)
        path = await _written(folder)
    return path, live


async def _written(folder: Path) -> Path:
    until = time.monotonic() + 10.0
    while time.monotonic() < until:
        found = sorted(folder.rglob("*.yaml"))
        if found:
            return found[0]
        await asyncio.sleep(0.01)
    raise click.ClickException(f"no tape appeared in {folder}")


async def _replay(path: Path, recorded: Interaction) -> Timeline:
    from recorder.playback import child

    with child(["serve", str(path)]) as url:
        return await _ask(f"{url}/{PROVIDER}/v1/chat/completions", recorded.request.body)


async def _ask(url: str, body: bytes) -> Timeline:
    from recorder.watching import watch

    headers = (
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer x"),
        ("Content-Length", str(len(body))),
    )
    return await watch("POST", url, headers, body, time.monotonic)


def _print_figures(held: Any, same: bool) -> None:
    from cassettes.render import comparison_summary

    click.echo(json.dumps({"same": same, **comparison_summary(held)}, indent=2))


def _draw(live: Timeline, replayed: Timeline, bodies: tuple[bytes, bytes]) -> None:
    from cassettes.render import side_by_side
    from recorder.printing import page

    click.echo()
    click.echo(side_by_side(live, replayed, ("live, recorded", "replayed"), page=page()))
    equal = "equal" if bodies[0] == bodies[1] else "DIFFERENT"
    click.echo(f"  the shipped tape's {len(bodies[0])} body bytes and the recorded tape's {len(bodies[1])}: {equal}")


def _what_next() -> None:
    click.echo("""
Now try it yourself:
  tokentape serve                                  (in another terminal)
  curl -N http://127.0.0.1:7357/openai/v1/chat/completions \\
    -H 'content-type: application/json' -d '{"model":"gpt-5.1","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
  python - <<'PY'
  from openai import OpenAI
  client = OpenAI(base_url="http://127.0.0.1:7357/openai/v1", api_key="x")
  for chunk in client.chat.completions.create(model="gpt-5.1", messages=[{"role": "user", "content": "Hi"}], stream=True):
      print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)
  PY
Record your own:
  tokentape record -o tapes -- python your_app.py""")
