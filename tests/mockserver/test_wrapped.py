"""A wrapped command: its variables, its signals, its status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from cassettes import providers
from cassettes.providers import ProviderError
from cassettes.secrets import is_credential
from mockserver.wrapped import DUMMY_KEY, CommandError, Ended, Signals, client_variables, run_wrapped

ROOT = "http://127.0.0.1:4000"

# Variables


def test_every_base_url_variable_is_set_to_what_its_sdk_takes() -> None:
    variables = client_variables(ROOT, {})
    for row in providers.load().values():
        for name in row.base_url_variables:
            own = row.sdk_path if row.own_sdk_path is None else row.own_sdk_path
            assert variables.get(name) == (None if row.only_if_used else ROOT + row.mount + own)
    assert variables["GROQ_BASE_URL"] == f"{ROOT}/groq"
    assert variables["DEEPSEEK_API_BASE"] == f"{ROOT}/deepseek"
    assert variables["OPENAI_BASE_URL"] == f"{ROOT}/openai/v1"


def test_azures_variables_are_for_those_who_use_it() -> None:
    """openai's module client refuses to choose between OpenAI's key and Azure's."""
    variables = client_variables(ROOT, {"OPENAI_API_KEY": "k"}, dummy_keys=True)
    assert not [name for name in variables if name.startswith("AZURE")]
    variables = client_variables(ROOT, {"AZURE_OPENAI_ENDPOINT": "https://r"}, dummy_keys=True)
    assert variables["AZURE_OPENAI_ENDPOINT"] == f"{ROOT}/azure"
    assert variables["AZURE_OPENAI_API_KEY"] == DUMMY_KEY


def test_a_variable_can_be_anothers() -> None:
    variables = client_variables(ROOT, {}, {"OPENAI_BASE_URL": "grok", "MY_LLM": "anthropic"})
    assert variables["OPENAI_BASE_URL"] == f"{ROOT}/xai/v1"
    assert variables["OPENAI_API_BASE"] == f"{ROOT}/openai/v1"
    assert variables["MY_LLM"] == f"{ROOT}/anthropic"
    variables = client_variables(ROOT, {}, {"OPENAI_BASE_URL": "gateway", "ANTHROPIC_BASE_URL": "gateway"})
    assert variables["OPENAI_BASE_URL"] == f"{ROOT}/gateway/v1"
    assert variables["ANTHROPIC_BASE_URL"] == f"{ROOT}/gateway"
    with pytest.raises(ProviderError, match="did you mean xai"):
        client_variables(ROOT, {}, {"OPENAI_BASE_URL": "xia"})


@pytest.mark.parametrize(
    ("environ", "bypass"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "corp.example , localhost"}, "corp.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "a", "NO_PROXY": "b,a"}, "a,b,127.0.0.1,localhost,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_loopback_goes_past_every_proxy_and_nothing_is_lost(environ: dict[str, str], bypass: str) -> None:
    """Clients that read the lower spelling first must not lose what the upper one says."""
    variables = client_variables(ROOT, environ)
    assert variables["NO_PROXY"] == variables["no_proxy"] == bypass


def test_dummy_keys_where_none_is_set() -> None:
    rows = providers.load()
    assert not any(name in client_variables(ROOT, {}) for row in rows.values() for name in row.key_variables)
    variables = client_variables(ROOT, {"GEMINI_API_KEY": "mine", "XAI_API_KEY": ""}, dummy_keys=True)
    assert variables["OPENAI_API_KEY"] == variables["XAI_API_KEY"] == DUMMY_KEY
    # Nothing leads to RunYourAI, unless it is said.
    assert "RUNYOURAI_API_KEY" not in variables
    mapped = client_variables(ROOT, {}, {"OPENAI_BASE_URL": "runyourai"}, dummy_keys=True)
    assert mapped["RUNYOURAI_API_KEY"] == mapped["OPENAI_API_KEY"] == DUMMY_KEY
    # google-genai warns where both are set.
    assert not {"GOOGLE_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_AUTH_TOKEN"} & set(variables)
    assert not is_credential(DUMMY_KEY.encode())


# Running


def run(code: str, environ: dict[str, str] | None = None) -> Ended:
    """Runs Python code as the command."""

    async def whole() -> Ended:
        with Signals() as signals:
            given = {"PATH": os.environ.get("PATH", ""), **(environ or {})}
            return await run_wrapped([sys.executable, "-c", code], given, signals)

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", 137),
        ("import os; os.abort()", 134),
        ("import os, sys; sys.exit(0 if os.environ['GIVEN'] == 'x' else 1)", 0),
    ],
)
def test_the_status_is_that_of_a_shell(code: str, status: int) -> None:
    assert run(code, environ={"GIVEN": "x"}) == (status, False)


def test_what_cannot_be_run_is_told() -> None:
    async def missing() -> None:
        with Signals() as signals:
            await run_wrapped(["./no-such-program"], {}, signals)

    with pytest.raises(CommandError, match=r"cannot run './no-such-program' \(No such file or directory\)"):
        asyncio.run(missing())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_is_the_commands(number: int) -> None:
    code = f"""
import os, signal, sys, time
signal.signal({int(number)}, lambda n, _: sys.exit(100 + n))
os.kill(os.getppid(), {int(number)})
time.sleep(60)
"""
    assert run(code) == (100 + number, True)


def test_signals_are_ours_again_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    run("pass")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_signals_come_in_order() -> None:
    async def three() -> list[int]:
        with Signals() as signals:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(os.getpid(), number)
                await asyncio.sleep(0)
            return [await signals.next() for _ in range(3)]

    assert asyncio.run(three()) == [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
