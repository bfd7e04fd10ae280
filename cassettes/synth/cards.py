"""Test cards: prompts (or models) by which a client asks for one thing that streams do, as cards of payment sandboxes.

`tt:NAME` alone, or with what it is about: `tt:error 429`. Pure. Imports `answer`, `asked`, `replies`, `instance`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

from cassettes.model import TokentapeError
from cassettes.synth.answer import Answer, Call
from cassettes.synth.asked import Wishes
from cassettes.synth.instance import instance_of
from cassettes.synth.replies import Reply, dumped, lorem, told_by_tools

PREFIX: Final = "tt:"
_CARD: Final = re.compile(r"tt:([A-Za-z-]*)(?:[ :]+(.*?))?\s*", re.DOTALL)
_SHOWN: Final = 40
_PARAGRAPHS: Final = 30

MARKDOWN: Final = """\
# A heading

A paragraph with **bold**, *italic*, ~~struck~~ and `inline code`, and a [link](https://example.com/a?b=1&c=2).

## A list

1. first
2. second
   - nested, with a line that is long enough to be broken by whoever shows it in a narrow column
   - [x] done
   - [ ] not done

> A quotation
> of two lines.

```python
def greet(name: str) -> str:
    return f"Hello, {name}!"  # ``` inside a fence
```

| left | right |
|:-----|------:|
| a    |     1 |
| `|`  |    22 |

Euler: $e^{i\\pi} + 1 = 0$ and

$$\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}$$

<details><summary>HTML &amp; entities</summary>not a tag: 1 < 2</details>

---

The end.
"""
KOREAN: Final = (
    "안녕하세요! 👋 스트리밍은 글자가 한 조각씩 도착하는 방식이에요. 한글은 UTF-8에서 한 글자가 3바이트라서, 🎉 같은 "
    "이모지(4바이트)와 함께 조각의 경계에 걸리면 깨지기 쉬워요. 가족 👨‍👩‍👧‍👦, 국기 🇰🇷, 조합형 한글 각도 확인해 보세요."
)
REASONING: Final = (
    "The user asks for thoughts. First I look at what is known. Then I weigh it. 17 × 23 is 391, so the answer is 391."
)
REFUSAL: Final = "I'm sorry, but I can't help with that."


class CardError(TokentapeError):
    """A card that does not exist, or that lacks what it is about."""

    exit_code = 2


def card_of(wishes: Wishes) -> str | None:
    """The card that a request plays: its last user text, else its model, begins as one. None: none."""
    for text in (wishes.prompt.strip(), wishes.model):
        if text.lower().startswith(PREFIX):
            return text
    return None


def reply_to(card: str, wishes: Wishes) -> Reply:
    """What the card gets. Raises CardError."""
    found = _CARD.fullmatch(card)
    name, about = (found[1].lower(), found[2] or "") if found else ("", "")
    if name not in _CARDS:
        near = get_close_matches(name, _CARDS, n=1)
        meant = f"did you mean {PREFIX}{near[0]}?" if near else f"there are {', '.join(PREFIX + one for one in _CARDS)}"
        raise CardError(f"there is no test card {card[:_SHOWN]!r}; {meant}")
    if about and name not in _TAKING:
        raise CardError(f"{PREFIX}{name}: found {about[:_SHOWN]!r} behind it; expected {PREFIX}{name} alone")
    return _CARDS[name](about, wishes)


def listed() -> list[str]:
    """The cards as a list of models has them: those that need to say what they are about with an example."""
    return [PREFIX + (f"{name} {_EXAMPLES[name]}" if name in _EXAMPLES else name) for name in _CARDS]


def _says(answer: Answer) -> Callable[[str, Wishes], Reply]:
    return lambda _about, _wishes: Reply(answer)


def _long(_about: str, _wishes: Wishes) -> Reply:
    return Reply(Answer("\n\n".join(lorem(f"{PREFIX}long {n}") for n in range(_PARAGRAPHS))))


def _tool(about: str, wishes: Wishes) -> Reply:
    """The tool that the card names, else the first on offer; where none is, one of the card's own."""
    if wishes.results:
        return Reply(Answer(told_by_tools(wishes)))
    tool = wishes.tool(about)
    if tool is None and about and wishes.tools:
        offered = ", ".join(one.name for one in wishes.tools)
        raise CardError(f"{PREFIX}tool: no tool {about[:_SHOWN]!r} is offered; there are {offered[:200]}")
    if tool is None:
        return Reply(Answer(calls=(Call(about or "get_weather", '{"city": "서울", "unit": "celsius"}'),)))
    return Reply(Answer(calls=(Call(tool.name, dumped(instance_of(tool.schema or {"type": "object"}))),)))


def _error(about: str, _wishes: Wishes) -> Reply:
    if not (about.isascii() and about.isdigit() and 400 <= int(about[:4]) <= 599):
        raise CardError(
            f"{PREFIX}error: found {about[:_SHOWN]!r}, expected a status from 400 to 599, as {PREFIX}error 429"
        )
    return Reply(status=int(about), message=f"Asked for by the test card {PREFIX}error {about}")


def _fault(about: str, _wishes: Wishes) -> Reply:
    if not about:
        raise CardError(f"{PREFIX}fault: expected a fault, as {PREFIX}fault reset@3e (tokentape faults lists them)")
    return Reply(Answer(MARKDOWN), faults=about)


def _case(about: str, _wishes: Wishes) -> Reply:
    if not about:
        raise CardError(f"{PREFIX}case: expected a case, as {PREFIX}case utf8-split (tokentape cases lists them)")
    return Reply(Answer(KOREAN), faults=f"case:{about}")


_CARDS: Final[dict[str, Callable[[str, Wishes], Reply]]] = {
    "markdown": _says(Answer(MARKDOWN)),
    "long": _long,
    "tool": _tool,
    "reasoning": _says(Answer("391.", REASONING)),
    "korean": _says(Answer(KOREAN)),
    "refusal": _says(Answer(refusal=REFUSAL)),
    "error": _error,
    "fault": _fault,
    "case": _case,
}
_TAKING: Final = frozenset({"tool", "error", "fault", "case"})
_EXAMPLES: Final = {"error": "429", "fault": "reset@3e", "case": "utf8-split"}
