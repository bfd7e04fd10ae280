"""Writing spans over, and the part of a masker that all maskers share: tails, spans that reach into them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cassettes.escapes import Peeled
from cassettes.masking import Masker, Span, covered


def test_spans_are_covered_once_in_any_order() -> None:
    spans = [Span(5, 7, "b"), Span(1, 3, "a"), Span(2, 4, "c"), Span(6, 6, "d")]
    assert covered(b"0123456789", spans) == b"0***4**789"
    assert covered(b"0123456789", []) == b"0123456789"


def test_line_ends_stay() -> None:
    assert covered(b"a\r\nb\tc", [Span(0, 6, "key")]) == b"*\r\n***"


class Threes(Masker):
    """Masks every `aaa`, overlapping ones too."""

    def _is_plain(self, buffer: bytes) -> bool:
        return b"a" not in buffer and b"\\" not in buffer

    def _search(self, peeled: Peeled, *, final: bool) -> tuple[list[Span], int]:
        spans = []
        hold = len(peeled.texts[0])
        for level, text in enumerate(peeled.texts):
            starts = [at for at in range(len(text)) if text.startswith(b"aaa", at)]
            spans += [Span(*peeled.raw_span(level, at, at + 3), "aaa") for at in starts]
            begun = len(text) - (2 if text.endswith(b"aa") else text.endswith(b"a"))
            hold = min(hold, peeled.raw_start(level, begun)) if begun < len(text) else hold
        return spans, hold

    def _passed(self, peeled: Peeled, cut: int) -> None:
        assert peeled.unsplit(cut) == cut


pieces = st.lists(st.sampled_from([b"a", b"aa", b"b", b"\\u0061", b"\\", b"u006", b"1"]), max_size=20)


@given(pieces)
def test_the_output_does_not_depend_on_the_splitting(data: list[bytes]) -> None:
    findings: list[Span] = []
    whole = Threes(findings).feed(b"".join(data), final=True)
    masker = Threes()
    fed = [masker.feed(piece) for piece in data]
    assert b"".join((*fed, masker.feed(b"", final=True))) == whole
    assert len(whole) == len(b"".join(data))
    assert covered(b"".join(data), findings) == whole


def test_plain_data_is_released_at_once() -> None:
    masker = Threes()
    assert masker.feed(b"") == b""
    assert masker.feed(b"plein") == b"plein"
    assert masker.feed(b"xaa") == b"x"
    assert masker.feed(b"", final=True) == b"aa"


def test_findings_count_from_the_beginning_of_the_stream() -> None:
    findings: list[Span] = []
    masker = Threes(findings)
    for piece in (b"bbb", b"ba", b"aab", b"aaa"):
        masker.feed(piece)
    masker.feed(b"", final=True)
    assert covered(b"bbbbaaabaaa", findings) == b"bbbb***b***"
