"""Where a test's tapes are: the order of the places, names that file systems do not take, what a missing one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassettes.shipped import shipped_root
from mockserver.handed import Source
from mockserver.lookup import LONGEST, find, missing, node_of, own_source, shown


@pytest.fixture
def chat(tmp_path: Path):
    return node_of("tests/test_chat.py::test_a", tmp_path / "tests" / "test_chat.py", None, "test_a", None)


def touched(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("class_name", "name", "told"),
    [
        (None, "test_a", "test_a"),
        ("TestX", "test_a", "TestX.test_a"),
        (None, "test_a[1/2:x]", "test_a[1-2-x]"),
        (None, "test_a[<>?%*:|\"'\\]", "test_a[----------]"),
    ],
)
def test_names_are_those_of_pytest_recording(class_name, name, told):
    from pytest_recording.plugin import get_default_cassette_name

    test = node_of("x", Path("tests/test_x.py"), class_name, name, None)
    assert test.own == Path("tests/cassettes/test_x") / f"{told}.yaml"
    theirs = type(class_name, (), {}) if class_name else None
    assert get_default_cassette_name(theirs, name) == told


def test_a_name_that_is_too_long_is_cut_and_stays_one_tests_own():
    made = [node_of("x", Path("t.py"), None, "test_" + "ü" * 200 + end, "folder") for end in "ab"]
    assert len({one.name for one in made}) == 2
    assert all(len(one.name.encode()) <= LONGEST for one in made)
    assert made[0].own.parent == Path("folder")


def test_the_order_of_the_places(tmp_path: Path, chat):
    configured = tmp_path / "tapes"
    places = [chat.folder, tmp_path / "tests" / "cassettes", configured, shipped_root()]
    assert find(chat, "openai/hello", [configured]) == Source(shipped_root() / "openai" / "hello.yaml", shipped_root())
    for place in reversed(places[:3]):
        file = touched(place / "openai" / "hello.yaml")
        assert find(chat, "openai/hello", [configured]) == Source(file, place)


def test_files_folders_suffixes_and_paths(tmp_path: Path, chat):
    file = touched(chat.folder / "one.yaml.gz")
    assert find(chat, "one", ()) == find(chat, "one.yaml.gz", ()) == Source(file, chat.folder)
    touched(chat.folder / "many" / "a.yaml")
    assert find(chat, "many", ()) == Source(chat.folder / "many", chat.folder)
    assert find(chat, file, ()) == Source(file, file)
    assert find(chat, tmp_path / "no.yaml", ()) is None
    single = touched(tmp_path / "single.yaml")
    assert find(chat, "single", [single]) == find(chat, "single.yaml", [single]) == Source(single, single)
    assert find(chat, "other", [single]) is None
    assert own_source(chat) is None
    assert own_source(chat._replace(name="one")) == Source(file, chat.folder)


def test_a_missing_tape_is_told_with_places_the_nearest_and_the_command(tmp_path: Path, chat):
    touched(chat.folder / "greeting.yaml")
    told = str(missing(chat, "greting", [tmp_path / "tapes"], tmp_path))
    assert told == (
        "the tape 'greting' is neither in tests/cassettes/test_chat, tests/cassettes, tapes nor in the library; did you "
        "mean 'greeting'? If not, `pytest 'tests/test_chat.py::test_a' --tokentape-record=once` records it"
    )
    assert "library; `pytest" in str(missing(chat, "zzzzzzzz", (), tmp_path))
    assert shown(Path("/elsewhere/x"), tmp_path) == "/elsewhere/x"
