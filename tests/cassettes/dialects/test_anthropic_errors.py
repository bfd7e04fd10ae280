"""Anthropic's errors: the envelope and the headers of every status."""

from __future__ import annotations

import json

import pytest

from cassettes import dialects
from cassettes.dialects import anthropic_errors

ANTHROPIC = dialects.get("anthropic")
STATUSES = [
    (400, "invalid_request_error", "false"),
    (401, "authentication_error", "false"),
    (402, "billing_error", "false"),
    (403, "permission_error", "false"),
    (404, "not_found_error", "false"),
    (408, "invalid_request_error", None),
    (409, "conflict_error", None),
    (413, "request_too_large", "false"),
    (422, "invalid_request_error", "false"),
    (429, "rate_limit_error", "true"),
    (500, "api_error", "true"),
    (503, "api_error", "true"),
    (504, "timeout_error", "true"),
    (529, "overloaded_error", "true"),
]


@pytest.mark.parametrize(("status", "kind", "retried"), STATUSES)
def test_every_status_has_its_envelope_and_headers(status: int, kind: str, retried: str | None) -> None:
    headers, body = ANTHROPIC.error(status, "no")
    found = dict(headers)
    assert len(found) == len(headers)  # none twice
    assert json.loads(body) == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": found["request-id"],
    }
    assert found["content-type"] == "application/json"
    assert found["anthropic-organization-id"]
    assert found.get("x-should-retry") == retried
    assert ("retry-after" in found) == (status == 429)
    limits = {f"anthropic-ratelimit-{what}-{field}" for what in _LIMITED for field in ("limit", "remaining", "reset")}
    assert limits & set(found) == (limits if status == 429 else set())


_LIMITED = ("requests", "tokens", "input-tokens", "output-tokens")


def test_what_is_said_of_retrying_counts_once() -> None:
    for said, value in ((False, "false"), (True, "true")):
        headers, _ = ANTHROPIC.error(429, "no", retry=said)
        assert [one for name, one in headers if name == "x-should-retry"] == [value]


def test_a_spend_limit_is_not_cured_by_waiting() -> None:
    headers, body = ANTHROPIC.error(429, "no", anthropic_errors.SPEND_LIMIT)
    assert "retry-after" not in dict(headers)
    assert json.loads(body)["error"]["type"] == "rate_limit_error"
    assert json.loads(body)["error"]["details"] == {"error_code": "enforced_spend_limit_reached"}


@pytest.mark.parametrize(
    ("kind", "status"), [(kind, status) for status, kind, _ in STATUSES if status not in (408, 422, 503)]
)
def test_the_type_of_an_error_tells_its_status(kind: str, status: int) -> None:
    assert anthropic_errors.status_of(kind) == status


@pytest.mark.parametrize("kind", ["new_error", "", None, 3, [], {}])
def test_an_unknown_type_is_a_500(kind: object) -> None:
    assert anthropic_errors.status_of(kind) == 500
