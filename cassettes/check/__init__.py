"""Whether a tape is as it should be: its streams against the grammar of their dialect, secrets, age. Pure.

`check_stream` is for bytes, `check_interaction` for what is on a tape, `check_tape` for a file.
"""

from __future__ import annotations

from cassettes.check.finding import Finding, Place
from cassettes.check.stream import check_stream

__all__ = ["Finding", "Place", "check_stream"]
