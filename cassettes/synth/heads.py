"""The head of a response as each provider sends it, ids and figures made up. Data from recordings (providers.md 3-8).

Pure; imports `dialects` and `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Final

from cassettes.dialects.speech import Voice
from cassettes.model import Headers

_TYPES: Final[Mapping[str, str]] = dict.fromkeys(
    ("google", "openrouter", "groq", "xai", "together", "ollama"), "text/event-stream"
)
_CLOUDFLARE: Final[Headers] = (("CF-Cache-Status", "DYNAMIC"), ("Server", "cloudflare"), ("CF-RAY", "$ray-ICN"))
_OPENAI: Final[Headers] = (
    ("access-control-expose-headers", "X-Request-ID"),
    ("openai-organization", "************"),
    ("openai-processing-ms", "$took"),
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-limit-requests", "500"),
    ("x-ratelimit-limit-tokens", "500000"),
    ("x-ratelimit-remaining-requests", "499"),
    ("x-ratelimit-remaining-tokens", "499500"),
    ("x-ratelimit-reset-requests", "120ms"),
    ("x-ratelimit-reset-tokens", "60ms"),
    ("x-request-id", "req_$hex32"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
    ("X-Content-Type-Options", "nosniff"),
    *_CLOUDFLARE,
    ("alt-svc", 'h3=":443"; ma=86400'),
)
_ANTHROPIC: Final[Headers] = (
    ("Cache-Control", "no-cache"),
    ("anthropic-ratelimit-requests-limit", "50"),
    ("anthropic-ratelimit-requests-remaining", "49"),
    ("anthropic-ratelimit-requests-reset", "2026-11-20T09:30:01Z"),
    ("anthropic-organization-id", "************************************"),
    ("request-id", "req_01$token22"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
    ("x-envoy-upstream-service-time", "$took"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Robots-Tag", "none"),
    *_CLOUDFLARE,
)
_GOOGLE: Final[Headers] = (
    ("Content-Disposition", "attachment"),
    ("Vary", "Origin"),
    ("Vary", "X-Origin"),
    ("Vary", "Referer"),
    ("Server", "scaffolding on HTTPServer2"),
    ("X-XSS-Protection", "0"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Content-Type-Options", "nosniff"),
    ("Server-Timing", "gfet4t7; dur=$took"),
    ("Alt-Svc", 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'),
)
_OWN: Final[Mapping[str, Headers]] = {
    "openai": _OPENAI,
    "anthropic": _ANTHROPIC,
    "google": _GOOGLE,
    "vertex": _GOOGLE,
    "xai": (
        ("Cache-Control", "no-cache"),
        ("X-Ratelimit-Limit-Tokens", "10000000"),
        ("X-Ratelimit-Remaining-Tokens", "10000000"),
        ("X-Ratelimit-Limit-Requests", "1800"),
        ("X-Ratelimit-Remaining-Requests", "1800"),
        ("X-Request-Id", "$uuid"),
        ("Access-Control-Allow-Origin", "*"),
        *_CLOUDFLARE,
    ),
    "openrouter": (
        ("Access-Control-Allow-Origin", "*"),
        ("Cache-Control", "no-cache"),
        ("X-Generation-Id", "gen-$created-$token20"),
        ("Access-Control-Expose-Headers", "X-Generation-Id,X-Provider-Name,cf-ray"),
        ("X-Content-Type-Options", "nosniff"),
        *_CLOUDFLARE,
    ),
    "deepseek": (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-cache"), ("X-Ds-Trace-Id", "$hex32")),
    "groq": (("cache-control", "no-cache"), ("vary", "Origin"), ("alt-svc", 'h3=":443"; ma=86400')),
    "mistral": (
        ("access-control-allow-origin", "*"),
        ("mistral-correlation-id", "$uuid"),
        ("x-envoy-upstream-service-time", "$took"),
        *_CLOUDFLARE,
    ),
    "azure": (
        ("apim-request-id", "$uuid"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
        ("x-ms-region", "East US 2"),
        ("x-ms-rai-invoked", "true"),
        ("x-request-id", "$uuid"),
    ),
}


def head_of(voice: Voice, stream_type: str, took_ms: float) -> Headers:
    """The headers of a stream; `stream_type` is its dialect's content-type, `took_ms` the time to the head."""
    values = {
        "$took": str(round(took_ms)),
        "$uuid": voice.uuid("request"),
        "$hex32": voice.hexes("request", 32),
        "$token22": voice.token("request", 22),
        "$token20": voice.token("answer 0", 20),
        "$created": str(voice.created),
        "$ray": voice.hexes("ray", 16),
    }
    kind = _TYPES.get(voice.provider, stream_type) if stream_type.startswith("text/event-stream") else stream_type
    common: Headers = (
        ("Date", formatdate(voice.created, usegmt=True)),
        ("Content-Type", kind),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "keep-alive"),
    )
    return common + tuple((name, _filled(text, values)) for name, text in _OWN.get(voice.provider, ()))


def _filled(text: str, values: Mapping[str, str]) -> str:
    for place, value in values.items():
        text = text.replace(place, value)
    return text
