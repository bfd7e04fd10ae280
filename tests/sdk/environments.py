"""Where the SDKs live that are tested against: environments of their own, as two majors do not fit into one.

`make test` makes them below `.venv`; a test that needs one that is not there skips and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"

QUIET = {
    "NO_PROXY": "*",
    "no_proxy": "*",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "OTEL_SDK_DISABLED": "true",
    "DO_NOT_TRACK": "1",
    "PYTHONWARNINGS": "ignore",
    "PYTHONUTF8": "1",
}
"""Nothing but loopback: no proxy, no cost map from the network, no telemetry."""


def python(which: str = "new") -> Path:
    """The interpreter of the environment `new` (the current majors), `old` (the majors before) or `litellm` (litellm
    and langchain-openai, which do not take the newest openai)."""
    found = ROOT / ".venv" / f"sdk-{which}" / "bin" / "python"
    if not found.exists():
        pytest.skip(f"the {which} SDKs are not installed; make test installs them")
    return found


def node() -> tuple[str, Path]:
    """The Node interpreter, and the node_modules that hold the SDKs."""
    found, modules = shutil.which("node"), ROOT / ".venv" / "sdk-node" / "node_modules"
    if found is None:
        pytest.skip("there is no node on this machine")
    if not modules.exists():
        pytest.skip("the Node SDKs are not installed; make test installs them where there is npm")
    return found, modules


def bench(folder: Path) -> Path:
    """`folder` with our Node programs and the node_modules beside them: a module is looked for from where the program
    lies, and nothing is written among the sources."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node_modules").symlink_to(node()[1])
    for program in PROGRAMS.glob("*.mjs"):
        shutil.copy(program, folder)
    return folder


def surroundings(**more: str) -> dict[str, str]:
    """The environment of a client: of ours only what a process needs, so that no proxy or key gets in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {**kept, **QUIET, **more}


def told(command: list[str], **more: str) -> Any:
    """What a program printed: the JSON of its last line. Fails with what it said if it did not end well."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=surroundings(**more),
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def run(which: str, program: str, asked: object) -> Any:
    """What `programs/PROGRAM.py` found in the environment `which`; it gets `asked` as JSON."""
    return told([str(python(which)), str(PROGRAMS / f"{program}.py"), json.dumps(asked)])


def run_node(folder: Path, program: str, asked: object) -> Any:
    """What `PROGRAM.mjs` on the bench `folder` found; it gets `asked` as JSON."""
    return told([node()[0], str(folder / f"{program}.mjs"), json.dumps(asked)])
