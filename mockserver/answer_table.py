"""The table of answers in the configuration, `[tool.tokentape.answers]`: found, and read row by row.

Imports `cassettes`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cassettes.config import ANSWERS
from cassettes.configfile import search
from cassettes.synth.replies import RepliesError, Row, table


def rows(environ: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows of the file that counts here; none without one. Raises RepliesError, ConfigError, VariableError."""
    document = search(Path.cwd(), environ, getattr(os, "geteuid", lambda: None)()).document
    if document is None or not isinstance(found := document.table.get(ANSWERS), dict):
        return ()
    made = table(found, lambda *keys: document.place(ANSWERS, *keys))
    for (pattern, _), row in zip(found.items(), made, strict=True):
        if row.reply.faults:
            _try(row.reply.faults, document.place(ANSWERS, pattern, "faults"))
    return made


def _try(faults: str, place: str) -> None:
    """Raises RepliesError for faults that no answer can have: better now than with the first request that fits."""
    from mockserver.faults.grammar import FaultError
    from mockserver.faults.table import read

    try:
        read(faults)
    except FaultError as error:
        raise RepliesError(f"{place}: {error}") from None
