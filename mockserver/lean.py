"""What a process that is a server and nothing else leaves out of its start.

For the commands; the API never calls it: there the process is the user's, who may use aiohttp's client. Imports the
standard library.
"""

from __future__ import annotations

import os
import sys

TRUSTED = "SSL_CERT_FILE"
"""The variable that names the file of the trust store, for OpenSSL."""


def load_aiohttp() -> None:
    """Loads aiohttp without the trust store, which it reads twice for its client as it is imported: a sixth of what a
    start takes. No client of it is used here, and what is loaded later reads the store itself."""
    if "aiohttp" in sys.modules:
        return
    before = os.environ.get(TRUSTED)
    os.environ[TRUSTED] = os.devnull
    try:
        import aiohttp  # noqa: F401
    finally:
        if before is None:
            del os.environ[TRUSTED]
        else:
            os.environ[TRUSTED] = before
