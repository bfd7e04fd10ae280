"""What a new tape is called: `<provider>/<model>-<first words>-<8 hex of the request key>.yaml` (DESIGN 5). Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 48
"""Characters of the readable part: with the key it stays far below any file system's limit, in bytes too."""
WORDS = 4
"""Words of the prompt in a name."""
LOOKED_AT = 1000
"""Characters of a prompt that are looked at for them: a prompt may be a book."""


def slug(text: str, longest: int = LONGEST) -> str:
    """`text` as a part of a file name: letters and digits of any script, everything else a dash."""
    folded = unicodedata.normalize("NFC", text)
    return re.sub(r"[\W_]+", "-", folded, flags=re.UNICODE).strip("-").lower()[:longest].strip("-")


def model_slug(model: str) -> str:
    """A model's name; dots stay, slashes of gateway names (`vendor/name`) become dashes."""
    return re.sub(r"[^0-9A-Za-z.]+", "-", model).strip("-.")[:LONGEST]


def tape_name(provider: str, model: str | None, prompt: str, key: str) -> str:
    """The path of a tape below the folder, `/` between its two parts."""
    words = slug(" ".join(prompt[:LOOKED_AT].split()[:WORDS]), 32)
    parts = [part for part in (model_slug(model or ""), words) if part]
    return f"{slug(provider) or 'unknown'}/{'-'.join([*parts, key[:8]])}.yaml"
