"""Which of OpenAI's models reason."""

from __future__ import annotations

import pytest

from cassettes.dialects.openai_models import effort, reasons


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("gpt-5-nano-2025-08-07", "medium"),
        ("o4-mini", "medium"),
        ("openai/gpt-5-mini", "medium"),
        ("gpt-5.1", "none"),
        ("gpt-5.4-2026-03-05", "none"),
        ("gpt-5.5-2026-04-23", "low"),
        ("gpt-4o-2024-08-06", None),
        ("gpt-4.1", None),
        ("gpt-3.5-turbo-0125", None),
        ("gpt-5-chat-latest", None),
        ("omni", None),
        ("", None),
    ],
)
def test_how_hard_a_model_thinks(model: str, wanted: str | None) -> None:
    assert effort(model) == wanted
    assert reasons(model) == (wanted is not None)
