r"""Key-shaped strings: what the keys of providers look like, as data.

A shape begins with a literal, preceded by nothing that a word or a base64url blob is made of, and goes on as long as a
class of bytes lasts. Lengths are those of real keys or a little less; a key of letters and dashes needs a digit, so
that `sk-learn`, `sk-estimator-doc-link` and `sk-proj-your-key-goes-here` stay. Pure data.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

_ALNUM = "[A-Za-z0-9]"
_TOKEN = "[A-Za-z0-9_-]"
_DOTTED = "[A-Za-z0-9_.-]"
_BASE64 = "[A-Za-z0-9+/=_-]"
# A digit among the first 80 bytes: one real key in a million has none.
_DIGIT = "(?=[A-Za-z_-]{0,80}+[0-9])"
_DIGIT_ALNUM = "(?=[A-Za-z]{0,80}+[0-9])"


class Shape(NamedTuple):
    """What begins with `literal`: `whole` matches all of it, and decides on the first `bound` bytes.

    `rest` is the run that its end is made of, `reach` all that `whole` could stand on. `bordered`: no letter, digit,
    `_` or `-` precedes it.
    """

    kind: str
    literal: bytes
    whole: re.Pattern[bytes]
    rest: re.Pattern[bytes]
    reach: re.Pattern[bytes]
    bound: int
    bordered: bool = True


def _shape(kind: str, literal: str, body: str, run: str = _TOKEN, bound: int = 128) -> Shape:
    """A shape of `literal` and `body`; `body` is made of bytes of the class `run`, and so is what may follow."""
    pattern = re.escape(literal) + body
    return Shape(
        kind,
        literal.encode(),
        re.compile(f"{pattern}{run}*+".encode()),
        re.compile(f"{run}*+".encode()),
        re.compile(f"{re.escape(literal)}{run}*+".encode()),
        bound,
    )


_SK = (
    f"(?:(?>proj|svcacct|admin|None|or-v1|or|lf|ant-[a-z]{{2,10}}[0-9]{{2}}|ant)-{_DIGIT}{_TOKEN}{{24}}"
    f"|{_DIGIT_ALNUM}{_ALNUM}{{20}}|{_ALNUM}{{40}}"
    f"|(?>(?:{_ALNUM}{{1,12}}-){{1,3}}){_DIGIT_ALNUM}{_ALNUM}{{24}})"
)
# The first members of a JOSE header (RFC 7515 4.1), base64 after `{"`, are enough; else a second part that begins so.
_JWT = (
    f"(?:(?:hbGci|0eXAi|raWQi|lbmMi|jdHki|4NXQi|4NXUi|qa3Ui|6aXAi|qd2si){_DOTTED}{{24}}"
    rf"|{_TOKEN}{{8,512}}+\.eyJ{_TOKEN}{{8}})"
)
_PEM = (
    "(?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[ \r\n\t]{0,8}"
    "(?:[A-Za-z-]{2,20}: [A-Za-z0-9 .,:+/=-]{1,60}[ \r\n\t]{1,8}){0,2}[A-Za-z0-9+/=]{32}"
)
_PEM_RUN = "[A-Za-z0-9+/=\r\n]"

SHAPES: tuple[Shape, ...] = (
    _shape("sk- key", "sk-", _SK),
    _shape("secret key", "sk_", f"(?:(?:live|test)_{_ALNUM}{{20}}|[0-9a-f]{{40}})"),
    _shape("secret key", "rk_", f"(?:live|test)_{_ALNUM}{{20}}"),
    _shape("Google API key", "AIza", f"{_TOKEN}{{35}}"),
    _shape("Google API key", "AQ.A", f"{_DIGIT}{_TOKEN}{{30}}"),
    _shape("Google access token", "ya29.", f"{_DOTTED}{{30}}", _DOTTED),
    _shape("xAI key", "xai-", f"(?:token-)?+{_ALNUM}{{40}}"),
    _shape("Groq key", "gsk_", f"{_ALNUM}{{40}}"),
    _shape("RunYourAI key", "runyour-v1-", f"{_DIGIT}{_TOKEN}{{16}}"),
    _shape("Hugging Face token", "hf_", f"{_ALNUM}{{30}}"),
    _shape("Hugging Face token", "api_org_", f"{_ALNUM}{{30}}"),
    *(_shape("GitHub token", f"gh{letter}_", f"{_ALNUM}{{36}}") for letter in "pousr"),
    _shape("GitHub token", "github_pat_", f"{_DIGIT}[A-Za-z0-9_]{{40}}"),
    _shape("GitLab token", "glpat-", f"{_TOKEN}{{20}}"),
    *(_shape("AWS access key", start, "[A-Z0-9]{16}") for start in ("AKIA", "ASIA")),
    _shape("Bedrock key", "ABSK", f"{_BASE64}{{60}}", _BASE64),
    _shape("Bedrock key", "bedrock-api-key-", f"{_BASE64}{{60}}", _BASE64),
    _shape("Replicate token", "r8_", f"{_ALNUM}{{30}}"),
    _shape("Perplexity key", "pplx-", f"{_ALNUM}{{40}}"),
    _shape("NVIDIA key", "nvapi-", f"{_TOKEN}{{40}}"),
    _shape("Fireworks key", "fw_", f"{_DIGIT_ALNUM}{_ALNUM}{{22}}"),
    _shape("Cerebras key", "csk-", f"{_ALNUM}{{40}}"),
    _shape("Together key", "tgp_v1_", f"{_TOKEN}{{40}}"),
    _shape("OpenAI session", "sess-", f"{_ALNUM}{{40}}"),
    _shape("Vercel key", "vck_", f"{_ALNUM}{{40}}"),
    _shape("Jina key", "jina_", f"{_DIGIT}{_TOKEN}{{40}}"),
    _shape("Tavily key", "tvly-", f"{_DIGIT}{_TOKEN}{{28}}"),
    _shape("LangSmith key", "lsv2_", f"{_DIGIT}{_TOKEN}{{40}}"),
    _shape("Pinecone key", "pcsk_", f"{_DIGIT}{_TOKEN}{{40}}"),
    _shape("Databricks token", "dapi", "[0-9a-f]{32}"),
    *(_shape("Slack token", f"xox{letter}-", f"{_DIGIT}{_TOKEN}{{30}}") for letter in "abprs"),
    _shape("npm token", "npm_", f"{_ALNUM}{{36}}"),
    _shape("JWT", "eyJ", _JWT, _DOTTED, bound=560),
    Shape(
        "private key",
        b"-----BEGIN",
        re.compile(f"-----BEGIN {_PEM}{_PEM_RUN}*+".encode()),
        re.compile(f"{_PEM_RUN}*+".encode()),
        re.compile(b"[A-Za-z0-9+/=\r\n\t .,:-]*+"),
        512,
        bordered=False,
    ),
)
