"""Where the SDKs live that are tested against: environments of their own, as two majors do not fit into one.

`make test` makes them below `.venv`; a test that needs one that is not there skips and says so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python(which: str = "new") -> Path:
    """The interpreter of the environment `new` (the current majors) or `old` (the majors before)."""
    found = ROOT / ".venv" / f"sdk-{which}" / "bin" / "python"
    if not found.exists():
        pytest.skip(f"the {which} SDKs are not installed; make test installs them")
    return found
