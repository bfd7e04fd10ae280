"""Whether a tape is as it should be: its streams against the grammar of their dialect, secrets, age. Pure.

`check_stream` is for bytes, `check_answer` for what is on a tape, `check_tape` for a file.
"""

from __future__ import annotations

from cassettes.check.answer import Answer, check_answer
from cassettes.check.finding import Finding, Place
from cassettes.check.stream import check_stream
from cassettes.check.tape import Checked, Terms, check_tape, terms

__all__ = ["Answer", "Checked", "Finding", "Place", "Terms", "check_answer", "check_stream", "check_tape", "terms"]
