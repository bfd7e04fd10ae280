"""A text as the pieces in which a model would send it: words, parts of words and signs, in the sizes that were drawn.

Pure; the chance is given. Imports `rhythm`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Final

from cassettes.synth.rhythm import Quantiles, drawn

# Roughly what tokenizers make: a word with the blank before it, digits by threes, a run of signs; nothing is left out.
_TOKEN: Final = re.compile(r"[ ]?[^\W\d_]{1,12}|[ ]?\d{1,3}|[ ]?[^\w\s]{1,4}|\s{1,8}|[\s\S]")
_WIDE: Final = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_MOST_WIDE: Final = 3
_WAITING: Final = 6
"""Drawn sizes among which one is looked for that fits a word. More of them break fewer words."""
_NEAR: Final = 8
"""A piece of so many characters may be one longer or shorter to end with a word, of twice as many two, and so on."""


def cut(text: str, sizes: Quantiles, chance: Random) -> Iterator[str]:
    """`text` in pieces (none empty) as long as `sizes` (characters) has them. Every size that was drawn is used, first
    one that ends with a word; one that waited longest breaks a word, as the tokens of a rare word do. Nothing measured:
    a piece is a word."""
    if not sizes:
        yield from _tokens(text)
        return
    ends = set(accumulate(map(len, _tokens(text))))
    waiting = [_size(sizes, chance) for _ in range(_WAITING)]
    at = 0
    while at < (whole := len(text)):
        # What is longer than the rest fits, too: else short texts would have none but short pieces.
        size = waiting.pop(next((n for n, size in enumerate(waiting) if min(at + size, whole) in ends), 0))
        waiting.append(_size(sizes, chance))
        end = _end(at, size, ends)
        yield text[at:end]
        at = end


def _size(sizes: Quantiles, chance: Random) -> int:
    return max(1, round(drawn(sizes, chance)))


def _end(at: int, size: int, ends: set[int]) -> int:
    """Where a piece ends that begins at `at`: with the word nearest to its size, if one ends near enough."""
    near = (end for by in range(size // _NEAR + 1) for end in (at + size - by, at + size + by) if end in ends)
    return next(near, at + size)


def _tokens(text: str) -> Iterator[str]:
    for found in _TOKEN.finditer(text):
        token = found[0]
        if len(token) > _MOST_WIDE and _WIDE.search(token):
            # Of Hangul and Han a token holds a syllable or two.
            yield from (token[at : at + _MOST_WIDE] for at in range(0, len(token), _MOST_WIDE))
        else:
            yield token
