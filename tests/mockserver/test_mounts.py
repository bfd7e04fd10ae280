"""Names that are mounts of their own."""

from mockserver.mounts import extra_mounts


def test_names_that_are_no_rows_are_mounts() -> None:
    assert extra_mounts({"up": "http://x", "openai": "http://y"}) == {"up"}
    assert extra_mounts(["play", "_tokentape", "mine"]) == {"mine"}
