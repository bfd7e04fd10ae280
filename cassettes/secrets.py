"""What a secret is: the headers, cookies and query parameters that carry one, and the values that a request or an
environment gives away. Which of them are dummies, so that tests with `sk-test` keep their text.

No search (that is `byvalue` and `byshape`), no access to `os.environ`: the caller passes a mapping. Pure.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal
from urllib.parse import unquote_plus, unquote_to_bytes

from cassettes.byvalue import MINIMUM
from cassettes.model import Headers

HeaderRule = Literal["authorization", "credential", "cookie", "set-cookie", "organisation"]

_RULES: dict[str, HeaderRule] = {
    "authorization": "authorization",
    "proxy-authorization": "authorization",
    "cookie": "cookie",
    "set-cookie": "set-cookie",
    "api-key": "credential",
    "apikey": "credential",
    "x-apikey": "credential",
    "token": "credential",
    "openai-organization": "organisation",
    "openai-project": "organisation",
    "anthropic-organization-id": "organisation",
    "anthropic-workspace-id": "organisation",
    "chatgpt-account-id": "organisation",
    "x-goog-user-project": "organisation",
}
# Endings, because every gateway has a header of its own: cf-aig-authorization, helicone-auth, x-vault-token. The
# plural of rate limits (anthropic-ratelimit-tokens-remaining, x-ratelimit-limit-tokens) is not among them.
_AUTHORIZATION_ENDS = ("-authorization", "-auth")
_CREDENTIAL_ENDS = ("-api-key", "-apikey", "-token", "-secret", "-password", "-access-key", "-subscription-key")

_SCHEME = re.compile(
    r"\s*(?:bearer|basic|digest|token|api-?key|key|negotiate|ntlm|oauth|dpop|hawk|hoba|mutual|vapid|sharedkey|aws4-[a-z0-9-]+"
    r"|privatetoken|private-token|googlelogin|sapisidhash|scram-sha-(?:1|256)|goog4-[a-z0-9-]+)(?:\s+|$)",
    re.IGNORECASE,
)
_BASIC = re.compile(r"\s*basic\s+([A-Za-z0-9+/_=-]+)\s*", re.IGNORECASE)
_SIGNED = re.compile(
    r'(?:credential|signature|response|oauth_token|oauth_signature|access_token)="?([^",\s]+)', re.IGNORECASE
)

_PARAMETER = re.compile(
    r"(?:x-(?:(?:amz|goog)-)?)?(?:(?:api-?|access-|subscription-)?key|(?:(?:access|auth|id|refresh|session|security)-)?token"
    r"|auth|authorization|password|passwd|pwd|(?:client-)?secret|sig|signature|credential)"
)

_VARIABLE = re.compile(
    r"(?:^|_)(?:API_?|ACCESS_?|AUTH_?|SECRET_?|PRIVATE_?)?"
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASS|PASSPHRASE|CREDENTIALS?|APIKEY|AUTH|PAT|COOKIE)(S?)(?:_?[0-9]{1,3})?$"
)
_ADDRESS_VARIABLE = re.compile(r"(?:^|_)(?:URL|URI|DSN|PROXY)$")
_USERINFO = re.compile(r"^[a-z][a-z0-9+.-]*://([^/?#@]*)@", re.IGNORECASE)

# A dummy says so with one of the first, and has nothing but the second beside it.
_DUMMY_WORD = re.compile(
    "changeme|demo|dummy|empty|example|fake|false|foo|goes|here|insert|local|localhost|mock|mocked|needed|no|none|not|null"
    "|placeholder|redacted|replace|replaced|sample|stub|tape|test|testing|tests|todo|tokentape|unused|xxx|your"
)
_NEUTRAL_WORD = re.compile(
    "a|admin|an|ant|anthropic|any|api|api03|apikey|auth|bar|baz|bearer|client|dev|for|gemini|google|gsk|hello|is|key|me|my"
    "|name|number|ollama|only|openai|or|password|proj|project|provider|real|required|runyour|secret|set|sk|some|string|the"
    "|this|to|token|used|user|v1|value|with|xai|you|[01]|1234?5?6?"
)
_FILE = re.compile(r"(?:[/~.]|[A-Za-z]:[\\/]).*\.[A-Za-z0-9]{1,8}", re.DOTALL)
_WORD_BREAK = re.compile(r"[^A-Za-z0-9]+")


def is_credential(value: bytes) -> bool:
    """Whether `value` is to be masked wherever it appears: 12 bytes or more, and not a known dummy."""
    # `abababababab`, `************`: too few different bytes to be anything but a filler.
    if len(value) < MINIMUM or len(set(value)) <= 3:
        return False
    words = [word for word in _WORD_BREAK.split(value.decode("utf-8", "replace").lower()) if word]
    saying_so = {word for word in words if _DUMMY_WORD.fullmatch(word) or (len(word) > 2 and len(set(word)) == 1)}
    is_dummy = saying_so and all(word in saying_so or _NEUTRAL_WORD.fullmatch(word) for word in words)
    return not is_dummy and "tokentape" not in words


def header_rule(name: str) -> HeaderRule | None:
    """How the values of the header `name` are masked; None for an ordinary header."""
    lower = name.lower().replace("_", "-")
    if rule := _RULES.get(lower):
        return rule
    if lower.endswith(_AUTHORIZATION_ENDS):
        return "authorization"
    return "credential" if lower.endswith(_CREDENTIAL_ENDS) else None


def scheme_length(value: str) -> int:
    """The length of the scheme word of an Authorization value with its space (RFC 9110 11.4); 0 if none is known."""
    found = _SCHEME.match(value)
    return found.end() if found else 0


def is_secret_parameter(name: str) -> bool:
    """Whether the query parameter `name` (as it stands in the URL) carries a secret."""
    return _PARAMETER.fullmatch(unquote_plus(name).lower().replace("_", "-")) is not None


def secrets_from_env(environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """The values of the variables whose names end as key variables do (`_API_KEY`, `_TOKEN`, `_PASSWORD`, …), and the
    passwords in addresses (`HTTPS_PROXY=http://user:password@host`); dummies left out."""
    found: list[str] = []
    for name, value in environ.items():
        upper = name.upper()
        if variable := _VARIABLE.search(upper):
            if _FILE.fullmatch(value):
                continue  # GOOGLE_APPLICATION_CREDENTIALS=/etc/account.json
            found.append(value)
            if variable[1]:  # API_KEYS=one,two
                found += re.split(r"[\s,;]+", value)
        elif _ADDRESS_VARIABLE.search(upper):
            found += _userinfo(value)
    return _credentials(found)


def secrets_from_request(headers: Headers, uri: str) -> tuple[bytes, ...]:
    """The credentials in `headers` (cookies included; Set-Cookie too, so that a response may be asked) and in `uri`."""
    found: list[str] = []
    for name, value in headers:
        rule = header_rule(name)
        if rule == "authorization":
            found += _authorization(value)
        elif rule == "credential":
            found.append(value)
        elif rule in {"cookie", "set-cookie"}:
            pairs = value.split(";") if rule == "cookie" else value.split(";")[:1]
            found += (pair.partition("=")[2].strip().strip('"') for pair in pairs)
    found += _userinfo(uri)
    for pair in re.split("[&;]", uri.partition("?")[2].partition("#")[0]):
        name, _, value = pair.partition("=")
        if is_secret_parameter(name):
            found += (value, unquote_plus(value))
    return _credentials(found)


def _authorization(value: str) -> Iterator[str]:
    yield value[scheme_length(value) :]
    yield from _SIGNED.findall(value)
    if basic := _BASIC.fullmatch(value):
        token = basic[1].rstrip("=").replace("-", "+").replace("_", "/")
        if len(token) % 4 != 1:
            pair = b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "surrogateescape")
            yield from (pair, pair.partition(":")[2])


def _userinfo(address: str) -> Iterator[str]:
    if found := _USERINFO.match(address):
        user, _, password = found[1].partition(":")
        for part in (password, user if not password else ""):
            yield part
            yield unquote_to_bytes(part).decode("utf-8", "surrogateescape")


def _credentials(values: Iterable[str]) -> tuple[bytes, ...]:
    """The credentials among `values`, each once, in order."""
    encoded = (value.strip().encode("utf-8", "surrogateescape") for value in values)
    return tuple(dict.fromkeys(value for value in encoded if is_credential(value)))
