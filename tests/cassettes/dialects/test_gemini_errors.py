"""Gemini's errors: the google.rpc.Status and the headers of every status."""

from __future__ import annotations

import json

import pytest

from cassettes import dialects
from cassettes.dialects import gemini_errors

GEMINI = dialects.get("gemini")
STATUSES = [
    (400, "INVALID_ARGUMENT"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (409, "ABORTED"),
    (429, "RESOURCE_EXHAUSTED"),
    (499, "CANCELLED"),
    (500, "INTERNAL"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
]


@pytest.mark.parametrize(("status", "name"), STATUSES)
def test_every_status_has_its_envelope_and_headers(status: int, name: str) -> None:
    headers, body = GEMINI.error(status, "no")
    error = json.loads(body)["error"]
    details = error.pop("details", [])
    assert error == {"code": status, "message": "no", "status": name}
    assert [one["retryDelay"] for one in details] == (["1s"] if status == 429 else [])
    assert dict(headers)["content-type"] == "application/json; charset=UTF-8"
    assert "retry-after" not in dict(headers)
    assert len(dict(headers)) == len(headers)
    assert gemini_errors.status_of(error) == status
    assert gemini_errors.status_of({"status": name}) == status


def test_a_bad_key_is_told_as_google_tells_it() -> None:
    details = json.loads(GEMINI.error(400, "API key not valid.", gemini_errors.BAD_KEY)[1])["error"]["details"]
    assert details == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        }
    ]


def test_a_reason_of_ours_stands_before_when_to_come_back() -> None:
    details = json.loads(GEMINI.error(429, "no", "tokentape_no_match")[1])["error"]["details"]
    assert [one.get("reason") for one in details] == ["tokentape_no_match", None]
    assert details[0]["domain"] == "tokentape"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 503}, 503),
        ({"code": 7, "status": "PERMISSION_DENIED"}, 403),  # a code of google.rpc, not of HTTP
        ({"status": "FAILED_PRECONDITION"}, 400),
        ({"status": "ALREADY_EXISTS"}, 409),
        ({"status": "NEW"}, 500),
        ({"status": ["x"]}, 500),
        ({}, 500),
        (None, 500),
    ],
)
def test_an_error_tells_its_status(error: object, status: int) -> None:
    assert gemini_errors.status_of(error) == status
