"""The table of answers in the configuration, `[tool.tokentape.answers]`: found, and read row by row.

Imports `cassettes`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cassettes.config import ANSWERS
from cassettes.configfile import search
from cassettes.synth.replies import Row, table


def rows(environ: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows of the file that counts here; none without one. Raises RepliesError, ConfigError, VariableError."""
    document = search(Path.cwd(), environ, getattr(os, "geteuid", lambda: None)()).document
    if document is None or not isinstance(found := document.table.get(ANSWERS), dict):
        return ()
    return table(found, lambda *keys: document.place(ANSWERS, *keys))
