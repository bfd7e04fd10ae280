import errno
import gzip
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cassettes import store
from cassettes.model import CassetteError, Chunk, Interaction, Request, Response, Stream, TokentapeError
from cassettes.store import LOCK, UNSAVED, Changes, FolderStore, append, find_tape, replace, shipped_root, update
from cassettes.yamlio import load_file

PLAIN = "interactions:\n- request: {method: GET, uri: /, body: null, headers: {}}\n  response: {status: {code: 200, message: OK}, headers: {}, body: {string: %s}}\n"


def interaction(body=b"data: 1\n\n"):
    response = Response(
        200, "OK", (("content-type", "text/event-stream"),), body, Stream(chunks=(Chunk(1, len(body)),))
    )
    return Interaction(Request("POST", "https://h/v1"), response)


def put(path, body="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLAIN % body)
    return path


def loaded(*roots):
    found = FolderStore(roots)
    found.load()
    return found


def names(found):
    return [tape.name for tape in found.tapes]


def bodies(path):
    return [each.response.body for each in load_file(path).interactions]


def test_folders_are_read_recursively_and_ordered_bytewise(tmp_path):
    for name in ["b.yaml", "a/z.yml", "a/hello.world.yaml", "B.yaml", "a.yaml", "é.yaml"]:
        put(tmp_path / name)
    (tmp_path / "a" / "c.yaml.gz").write_bytes(gzip.compress((PLAIN % "x").encode()))
    (tmp_path / "notes.txt").write_text("no tape")
    found = loaded(tmp_path)
    assert names(found) == ["B", "a", "a/c", "a/hello.world", "a/z", "b", "é"]
    assert found.tapes[0].path == tmp_path / "B.yaml"
    assert found.tapes[0].cassette.interactions[0].response.body == b"x"


def test_a_file_is_a_root_of_its_own(tmp_path):
    put(tmp_path / "x" / "hello.yaml")
    assert names(loaded(tmp_path / "x" / "hello.yaml")) == ["hello"]


def test_a_name_is_one_tape_s(tmp_path):
    for name in ("one/hello.yaml", "two/hello.yaml", "two/hello.yml", "two/other.yaml"):
        put(tmp_path / name, name)
    found = loaded(tmp_path / "two", tmp_path / "one")
    assert names(found) == ["hello", "hello~2", "hello~3", "other"]
    bodies_found = [tape.cassette.interactions[0].response.body.decode() for tape in found.tapes]
    assert bodies_found == ["one/hello.yaml", "two/hello.yaml", "two/hello.yml", "two/other.yaml"]


def test_dot_folders_and_dot_files_are_no_tapes(tmp_path):
    put(tmp_path / "a.yaml")
    put(tmp_path / ".tokentape-spool" / "b.yaml")
    put(tmp_path / ".c.yaml")
    assert names(loaded(tmp_path)) == ["a"]


def test_links_that_leave_the_root_are_skipped(tmp_path):
    root = tmp_path / "root"
    put(root / "a.yaml")
    put(tmp_path / "out" / "secret.yaml")
    (root / "in.yaml").symlink_to("a.yaml")
    (root / "out.yaml").symlink_to(tmp_path / "out" / "secret.yaml")
    (root / "folder").symlink_to(tmp_path / "out")
    (root / "up").symlink_to("..")
    (root / "loop.yaml").symlink_to("loop.yaml")
    (root / "gone.yaml").symlink_to("nothing.yaml")
    assert names(loaded(root)) == ["a", "in"]


def test_a_root_may_be_a_link_itself(tmp_path):
    put(tmp_path / "real" / "a.yaml")
    (tmp_path / "link").symlink_to("real")
    assert names(loaded(tmp_path / "link")) == ["a"]


@pytest.mark.parametrize(("name", "told"), [("absent", "no such file or folder"), ("empty", "there are no tapes here")])
def test_roots_without_tapes_name_the_fix(tmp_path, name, told):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CassetteError, match=told) as caught:
        FolderStore((tmp_path / name,)).load()
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert "tokentape record -o" in str(caught.value)
    assert caught.value.exit_code == 3


def test_broken_files_stop_the_load_and_are_counted(tmp_path):
    put(tmp_path / "a.yaml")
    for name in "bcd":
        (tmp_path / f"{name}.yaml").write_text("interactions: 1\n")
    with pytest.raises(CassetteError) as caught:
        FolderStore((tmp_path,)).load()
    assert str(caught.value).startswith(f"{tmp_path}/b.yaml:1:15: interactions: found text")
    assert str(caught.value).endswith("(and 2 more files cannot be read)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_read(tmp_path):
    put(tmp_path / "a.yaml")
    put(tmp_path / "shut" / "b.yaml")
    (tmp_path / "shut").chmod(0)
    try:
        with pytest.raises(CassetteError, match="cannot look into this folder"):
            FolderStore((tmp_path,)).load()
    finally:
        (tmp_path / "shut").chmod(0o755)


def test_a_folder_that_cannot_be_read_keeps_the_tapes(tmp_path, monkeypatch):
    put(tmp_path / "a.yaml")
    found = loaded(tmp_path)

    def refuse(root, onerror):
        onerror(PermissionError(errno.EACCES, "Permission denied", str(root)))
        return iter(())

    monkeypatch.setattr(store.os, "walk", refuse)
    assert found.refresh() == Changes(
        errors=(f"{tmp_path}: cannot look into this folder (Permission denied), expected tapes",)
    )
    assert names(found) == ["a"]


def test_refresh_reads_what_changed_came_and_went(tmp_path):
    for name in "abc":
        put(tmp_path / f"{name}.yaml")
    found = loaded(tmp_path)
    kept = found.tapes[0]
    assert not found.refresh()
    put(tmp_path / "b.yaml", "longer")
    put(tmp_path / "d.yaml")
    (tmp_path / "c.yaml").unlink()
    assert found.refresh() == Changes(loaded=("b", "d"), gone=("c",))
    assert names(found) == ["a", "b", "d"]
    assert found.tapes[0] is kept
    assert found.tapes[1].cassette.interactions[0].response.body == b"longer"


def test_a_tape_that_was_packed_is_one_that_was_loaded(tmp_path):
    put(tmp_path / "a.yaml")
    put(tmp_path / "b.yaml")
    found = loaded(tmp_path)
    (tmp_path / "a.yaml.gz").write_bytes(gzip.compress((tmp_path / "a.yaml").read_bytes()))
    (tmp_path / "a.yaml").unlink()
    assert found.refresh() == Changes(loaded=("a",))
    assert sorted(tape.path.name for tape in found.tapes) == ["a.yaml.gz", "b.yaml"]
    assert not found.refresh()


def test_refresh_sees_a_file_of_the_same_size_and_time(tmp_path):
    path = put(tmp_path / "a.yaml", "one")
    found = loaded(tmp_path)
    before = path.stat()
    other = put(tmp_path / "other", "two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)
    assert found.refresh().loaded == ("a",)


def test_a_broken_change_keeps_the_old_tape_and_is_told_once(tmp_path):
    path = put(tmp_path / "a.yaml")
    found = loaded(tmp_path)
    path.write_text("interactions: [")
    changes = found.refresh()
    assert not changes
    assert len(changes.errors) == 1
    assert changes.errors[0].startswith(f"{path}:")
    assert found.tapes[0].cassette.interactions[0].response.body == b"x"
    assert found.refresh() == Changes()
    put(path, "mended")
    assert found.refresh().loaded == ("a",)


def test_append_makes_the_file_and_adds_to_it(tmp_path):
    path = tmp_path / "openai" / "hello.yaml"
    append(path, [interaction(b"data: 1\n\n")])
    append(path, [interaction(b"data: 2\n\n"), interaction(b"data: 3\n\n")])
    assert bodies(path) == [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]
    assert sorted(each.name for each in path.parent.iterdir()) == [LOCK, "hello.yaml"]
    assert names(loaded(tmp_path)) == ["openai/hello"]


def test_replace_and_compressed_tapes(tmp_path):
    path = tmp_path / "hello.yaml.gz"
    append(path, [interaction()])
    first = path.read_bytes()
    assert first.startswith(b"\x1f\x8b")
    replace(path, [interaction()])
    assert path.read_bytes() == first
    replace(path, [])
    assert bodies(path) == []


def test_rights_follow_the_umask_then_the_file(tmp_path):
    path = tmp_path / "hello.yaml"
    before = os.umask(0o077)
    try:
        replace(path, [interaction()])
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    append(path, [interaction()])
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_is_replaced_not_written_through(tmp_path):
    outside = put(tmp_path / "out.yaml")
    (tmp_path / "root").mkdir()
    link = tmp_path / "root" / "a.yaml"
    link.symlink_to(outside)
    replace(link, [interaction()])
    assert not link.is_symlink()
    assert outside.read_text() == PLAIN % "x"


def test_a_lock_that_is_a_link_is_refused(tmp_path):
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TokentapeError, match="cannot write here"):
        replace(tmp_path / "a.yaml", [interaction()])
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_the_old_tape(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    replace(path, [interaction()])
    before = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(
        TokentapeError, match=r"a.yaml: cannot be written \(No space left on device\); what was there"
    ) as caught:
        append(path, [interaction()])
    assert caught.value.exit_code == 1
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == [LOCK, "a.yaml"]


def test_a_folder_where_nothing_can_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TokentapeError, match="cannot write here"):
        append(tmp_path / "file" / "a.yaml", [interaction()])


def test_what_cannot_take_its_place_is_kept_beside_it(tmp_path):
    path = tmp_path / "a.yaml"
    path.mkdir()
    for number in ("", "1"):
        with pytest.raises(
            TokentapeError, match=rf"cannot be replaced .*; the new tape is in .*a.yaml{UNSAVED}{number}$"
        ):
            replace(path, [interaction(b"data: %s\n\n" % (number or "0").encode())])
    assert bodies(tmp_path / f"a.yaml{UNSAVED}") == [b"data: 0\n\n"]
    assert bodies(tmp_path / f"a.yaml{UNSAVED}1") == [b"data: 1\n\n"]


def test_appending_to_a_broken_tape_keeps_both(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("interactions: [")
    with pytest.raises(CassetteError, match=rf"a.yaml:\d+:\d+: not YAML.*; the new recording is kept in .*{UNSAVED}$"):
        append(path, [interaction()])
    assert path.read_text() == "interactions: ["
    assert bodies(tmp_path / f"a.yaml{UNSAVED}") == [b"data: 1\n\n"]


WRITER = """
import sys
from pathlib import Path
from cassettes.store import append
from cassettes.yamlio import load_file
for _ in range(10):
    append(Path(sys.argv[1]), load_file(sys.argv[2]).interactions)
"""


def test_writers_in_threads_and_processes_lose_nothing(tmp_path):
    path, sample = tmp_path / "a.yaml", put(tmp_path / "sample.yaml")

    def add():
        for _ in range(10):
            append(path, [interaction()])

    house = Path(store.__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(sample)], cwd=house) as process:
        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert process.returncode == 0
    assert sorted(bodies(path)) == [b"data: 1\n\n"] * 20 + [b"x"] * 10


def test_the_shipped_tapes_are_beside_the_code():
    assert shipped_root() == Path(store.__file__).parent / "library"
    assert shipped_root().is_dir()


def test_what_a_killed_writer_left_is_in_nobodys_way(tmp_path):
    left = tmp_path / f".tokentape-{os.getpid()}-0.tmp"
    left.write_text("half a ta")
    replace(tmp_path / "a.yaml", [interaction()])
    assert left.read_text() == "half a ta"
    assert names(loaded(tmp_path)) == ["a"]


def test_a_tape_is_found_by_path_or_by_the_name_it_ships_under(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_tape("openai/hello") == shipped_root() / "openai" / "hello.yaml"
    assert find_tape("openai") == shipped_root() / "openai"
    mine = put(tmp_path / "openai" / "hello")
    assert find_tape(Path("openai/hello")) == mine.relative_to(tmp_path)
    assert find_tape(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai/helo", "did you mean openai/hello"),
        ("nothing", "tokentape record -o DIR"),
        ("../store", "no such file"),
        ("x" * 999, "no such file"),
        ("a\0b", "no such file"),
    ],
)
def test_what_is_no_tape_is_told_with_the_nearest(name, words):
    with pytest.raises(CassetteError, match=words):
        find_tape(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tapez", "tapes"),
        ("./tapez/", "./tapes"),
        ("tapes/helo.yaml", "tapes/hello.yaml"),
        ("tapez/hello.yaml", "tapes/hello.yaml"),
        ("tapez/helo.yaml", "tapes/hello.yaml"),
        ("tapes/hello.yml", "tapes/hello.yaml"),
        ("opnai/hello", "openai/hello"),
    ],
)
def test_the_nearest_may_be_a_path(name, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "tapes" / "hello.yaml")
    (tmp_path / "tapes" / "notes.txt").write_text("")
    with pytest.raises(CassetteError, match=re.escape(f"did you mean {meant}?")):
        find_tape(name)


def test_an_update_sees_what_is_there_and_says_what_is_there_now(tmp_path):
    path = tmp_path / "new" / "a.yaml"
    assert update(path, lambda present: [*present, interaction()]) == (interaction(),)
    assert update(path, lambda present: present * 2) == (interaction(), interaction())
    before = path.read_bytes()

    def fails(_present):
        raise CassetteError("no")

    with pytest.raises(CassetteError):
        update(path, fails)
    assert path.read_bytes() == before
