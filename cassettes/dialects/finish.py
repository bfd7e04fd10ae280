"""Why an answer ended, as each grammar words it, and which word of one is which of another. Pure; imports nothing.

Sources: providers.md 3-8 (the words of each), the SDKs' types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Meaning = Literal["stop", "length", "tools", "refused"]

_MEANINGS: Final[Mapping[Meaning, tuple[str, ...]]] = {
    "stop": ("stop", "end_turn", "STOP", "completed", "stop_sequence", "COMPLETE", "STOP_SEQUENCE", "eos"),
    "length": ("length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"),
    "tools": ("tool_calls", "tool_use", "function_call", "TOOL_CALL", "tool-calls"),
    "refused": (
        *("content_filter", "refusal", "content-filter", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT"),
        *("SPII", "MODEL_ARMOR", "JAILBREAK", "IMAGE_SAFETY"),
    ),
}
_OF: Final[Mapping[str, Meaning]] = {word: meaning for meaning, words in _MEANINGS.items() for word in words}


def meaning(word: str) -> Meaning | None:
    """What a finish word means; None for one that has no counterpart elsewhere."""
    return _OF.get(word)


def own_word(
    word: str, own: Mapping[Meaning, str], known: frozenset[str], *, called: bool, refused: bool
) -> str | None:
    """The word of a grammar for another's: `own` are its usual words, `known` all that pass as they are.

    Some grammars end every whole answer with the same word: `called` (the answer holds calls) and `refused` (it is a
    refusal in words) tell which of ours is meant. None: there is no counterpart.
    """
    meant = meaning(word)
    if meant in (None, "length", "refused") or not (called or refused):
        return word if word in known else own.get(meant) if meant else None
    return own["refused"] if refused else own["tools"]
