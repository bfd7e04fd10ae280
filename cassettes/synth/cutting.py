"""A text as the pieces in which a model would send it: words, parts of words and signs, as many as a drawn size takes.

Pure; the chance is given. Imports `rhythm`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Final

from cassettes.synth.rhythm import Quantiles, drawn

# Roughly what tokenizers make: a word with the blank before it, digits by threes, a run of signs; nothing is left out.
_TOKEN: Final = re.compile(r"[ ]?[^\W\d_]{1,12}|[ ]?\d{1,3}|[ ]?[^\w\s]{1,4}|\s{1,8}|[\s\S]")
_WIDE: Final = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_MOST_WIDE: Final = 3


def cut(text: str, sizes: Quantiles, chance: Random) -> Iterator[str]:
    """`text` in pieces (none empty) that are about as long as `sizes` (characters) has them."""
    piece: list[str] = []
    size, wanted = 0, drawn(sizes, chance)
    for token in _tokens(text):
        piece.append(token)
        size += len(token)
        if size >= wanted:
            yield "".join(piece)
            piece.clear()
            size, wanted = 0, drawn(sizes, chance)
    if piece:
        yield "".join(piece)


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        token = found[0]
        if len(token) > _MOST_WIDE and _WIDE.search(token):
            # Of Hangul and Han a token holds a syllable or two.
            yield from (token[at : at + _MOST_WIDE] for at in range(0, len(token), _MOST_WIDE))
        else:
            yield token
