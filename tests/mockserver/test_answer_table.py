"""The table of answers in a configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest
import wires

from cassettes.synth.replies import RepliesError
from mockserver.answer_table import rows


def test_rows_come_from_the_file_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert rows({}) == ()
    (tmp_path / "pyproject.toml").write_text('[tool.tokentape.answers]\n"*weather*" = "Sunny."\n')
    (row,) = rows({})
    assert row.pattern.search("what weather?")
    assert row.reply.answer.text == "Sunny."


def test_a_typo_is_told_with_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tokentape.toml").write_text('[answers]\n"a" = "x"\n[answers."b*"]\ntxt = "y"\n')
    with pytest.raises(RepliesError, match=r"^tokentape\.toml:4: an answer has no 'txt'; did you mean 'text'\?$"):
        rows({})


@pytest.mark.parametrize(
    ("text", "arguments", "status", "said"),
    [
        (
            '[answers."b*"]\ntxt = "y"\n',
            (),
            3,
            "tokentape: error: tokentape.toml:2: an answer has no 'txt'; did you mean",
        ),
        (
            '[answers]\n"a" = "b"\n[answers."b*"]\ntext = "y"\nfaults = "rset@3e"\n',
            (),
            3,
            "tokentape: error: tokentape.toml:5: faults, character 1 (▸rset@3e): there is no fault 'rset'; did you",
        ),
        ("answers = 3\n", (), 3, "tokentape: error: tokentape.toml:1: answers: found a number, expected a table"),
        ("", ("--answer", "lorme"), 3, "tokentape: error: --answer lorme: No such file or directory; expected echo"),
    ],
)
def test_bad_input_is_one_line(text: str, arguments: tuple[str, ...], status: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "tokentape.toml").write_text(text)
    done = wires.tokentape("serve", "--port", "0", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1
