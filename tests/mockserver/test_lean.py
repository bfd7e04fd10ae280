"""A server's process starts without the trust store of a client it has not; nobody else's is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADED = "import os, ssl\nfrom mockserver.lean import load_aiohttp\nload_aiohttp()\n"


def python(code: str, **variables: str) -> str:
    """What a new Python says."""
    environ = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"} | variables
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.mark.parametrize("variables", [{}, {"SSL_CERT_FILE": "mine.pem"}])
def test_the_environment_is_as_before(variables: dict[str, str]) -> None:
    said = python(LOADED + "import sys; print('aiohttp' in sys.modules, os.environ.get('SSL_CERT_FILE'))", **variables)
    assert said == f"True {variables.get('SSL_CERT_FILE')}"


def test_what_is_made_later_reads_the_store(tls_store: Path) -> None:
    count = "print(len(ssl.create_default_context().get_ca_certs()))"
    assert python(LOADED + count, SSL_CERT_FILE=str(tls_store)) == "1"


def test_its_own_context_has_not_read_it(tls_store: Path) -> None:
    """What aiohttp made as it was imported is found among all objects, as none has a public name."""
    code = (
        "import gc\nprint(max(len(one.get_ca_certs()) for one in gc.get_objects() if isinstance(one, ssl.SSLContext)))"
    )
    assert python(LOADED + code, SSL_CERT_FILE=str(tls_store)) == "0"
    assert python("import ssl, aiohttp\n" + code, SSL_CERT_FILE=str(tls_store)) == "1"


def test_aiohttp_that_is_there_stays() -> None:
    code = "import aiohttp\nbefore = aiohttp.connector\n" + LOADED + "print(aiohttp.connector is before)"
    assert python(code) == "True"


def test_the_api_and_the_plugin_leave_it_alone() -> None:
    code = "import sys, tokentape, mockserver.embed, mockserver.rig\ntokentape.serve\nprint('mockserver.lean' in sys.modules)"
    assert python(code) == "False"


@pytest.fixture
def tls_store(tmp_path: Path) -> Path:
    """A trust store of one certificate."""
    trustme = pytest.importorskip("trustme")
    file = tmp_path / "store.pem"
    trustme.CA().cert_pem.write_to_path(file)
    return file
