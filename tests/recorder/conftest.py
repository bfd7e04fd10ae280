"""Fixtures of the recorder's tests: the two event loops, a certificate authority of our own."""

import asyncio

import pytest


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine on each event loop."""
    factory = None
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop

    def runner(coroutine):
        with asyncio.Runner(loop_factory=factory) as active:
            return active.run(asyncio.wait_for(coroutine, 20))

    return runner


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A certificate authority that this process trusts."""
    trustme = pytest.importorskip("trustme")
    made = trustme.CA()
    path = tmp_path / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return made
