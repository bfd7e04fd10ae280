"""Bad input: one line on stderr that names the place, what was expected and the fix; the documented status; no more.

Everything runs in this process through `tokentape.main`: an exception that is no mistake of the user's would come out.
"""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import tokentape
from cassettes.store import shipped_root

HELLO = shipped_root() / "openai" / "hello.yaml"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 8


class Case(NamedTuple):
    """A command line in a folder of files (`FILES`), its status, and words of the one line."""

    name: str
    argv: str
    status: int
    words: tuple[str, ...]


def nest() -> bytes:
    return b"version: 1\ninteractions: " + b"[" * 40 + b"]" * 40


def aliases() -> bytes:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 400))
    return f"a0: &a0 x\n{levels}".encode()


FILES: dict[str, Callable[[], bytes]] = {
    "broken.yaml": lambda: b"version: 1\ninteractions: [\n",
    "sizes.yaml": lambda: HELLO.read_bytes().replace(b" 1e\n", b" 2e\n", 1),
    "nest.yaml": nest,
    "aliases.yaml": aliases,
    "photo.jpg": lambda: JPEG,
    "photo.yaml": lambda: JPEG,
    "cut.yaml.gz": lambda: gzip.compress(HELLO.read_bytes())[:900],
    "empty.yaml": lambda: b"",
    "list.yaml": lambda: b"- 1\n- 2\n",
    "version.yaml": lambda: HELLO.read_bytes().replace(b" v: 1\n", b" v: 7\n"),
    "answer.sse": lambda: b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n',
    "answer.yaml": HELLO.read_bytes,
    "notes.txt": lambda: b"nothing that is a recording\n",
    "hello.yaml": HELLO.read_bytes,
    "no-tapes/readme.txt": lambda: b"none here\n",
}

CASES = [
    # tapes
    Case("broken YAML", "show broken.yaml", 3, ("broken.yaml:3:1", "expected")),
    Case("broken YAML is served", "serve broken.yaml", 3, ("broken.yaml:3:1",)),
    Case("broken YAML where tapes are recorded", "record -o .", 3, ("mend it or move it out",)),
    Case("sizes that do not add up", "show sizes.yaml", 3, ("sizes.yaml:", "tokentape edit --fix-sizes")),
    Case("sizes, verify", "verify sizes.yaml", 3, ("tokentape edit --fix-sizes",)),
    Case("a deep nest", "show nest.yaml", 3, ("nest.yaml:2:", "32")),
    Case("an alias bomb", "show aliases.yaml", 3, ("aliases.yaml:", "aliases")),
    Case("no file", "show nothing.yaml", 3, ("nothing.yaml", "tokentape record")),
    Case("nearly a shipped tape", "show openai/helo", 3, ("did you mean openai/hello?",)),
    Case("no file to serve", "serve nothing", 3, ("nothing", "tokentape record -o DIR")),
    Case("no file to list", "list nothing", 3, ("nothing",)),
    Case("no file to mend", "edit --fix-sizes nothing.yaml", 3, ("nothing.yaml",)),
    Case("no file to import", "import nothing.yaml", 3, ("nothing.yaml",)),
    Case("a folder without tapes", "serve no-tapes", 3, ("no-tapes", "tokentape record -o no-tapes")),
    Case("a folder without tapes, none", "record --record-mode none -o no-tapes", 3, ("there are no tapes here",)),
    Case("no tape's name to check", "check notes.txt", 3, ("notes.txt: its name is not that of a tape", "*.yaml")),
    Case("a folder as a tape", "show no-tapes", 3, ("no-tapes", "expected one tape")),
    Case("a folder to import", "import no-tapes", 3, ("no-tapes", "expected a cassette")),
    Case("a folder to recover that is none", "recover nothing", 3, ("nothing is no folder",)),
    Case("a file to recover", "recover hello.yaml", 3, ("hello.yaml is no folder",)),
    Case("a picture as a tape", "show photo.yaml", 3, ("photo.yaml:1",)),
    Case("a picture to import", "import photo.jpg", 3, ("photo.jpg", "recording")),
    Case("a tape to import", "import hello.yaml", 3, ("hello.yaml:", "nothing to import")),
    Case("a text to import", "import notes.txt", 3, ("notes.txt",)),
    Case("a gzip that was cut", "show cut.yaml.gz", 3, ("cut.yaml.gz", "gzip")),
    Case("an empty file", "show empty.yaml", 3, ("empty.yaml",)),
    Case("YAML that is no cassette", "show list.yaml", 3, ("list.yaml:1:1", "expected")),
    Case("a version of the future", "show version.yaml", 3, ("version.yaml:", "7")),
    Case("no such interaction", "show hello.yaml -n 99", 3, ("#99", "#1 to #1")),
    Case("a tape that is there already", "import answer.sse -o .", 1, ("answer.yaml is there already", "--overwrite")),
    # options
    Case("no such command", "srve", 2, ("'srve'", "did you mean 'serve'?")),
    Case("no such option", "serve --sped 2", 2, ("--sped", "--speed")),
    Case("no such option of record", "record --mode all", 2, ("--mode",)),
    Case("an interaction 0", "show hello.yaml -n 0", 2, ("'-n'", "x>=1")),
    Case("no number for a speed", "serve --speed fast", 2, ("'--speed'", "'fast' is not a speed", "0.5 or 10, or max")),
    Case("a speed of nothing", "serve --speed 0", 2, ("'--speed'", "above 0")),
    Case("no duration", "serve --ttft soon", 2, ("'--ttft'", "'soon' is not a duration", "250ms")),
    Case("no duration of record", "record --idle-timeout 5y", 2, ("'--idle-timeout'", "'5y'")),
    Case("no number for a rate", "serve --tps many", 2, ("'--tps'", "'many'")),
    Case("a port that is none", "serve --port 70000", 2, ("'--port'", "65535")),
    Case("a port that is no number", "serve --port http", 2, ("'--port'", "'http' is not a whole number")),
    Case("a seed that is no number", "serve --seed x", 2, ("'--seed'", "'x' is not a whole number")),
    Case("an answer that nobody gets", "serve hello.yaml --answer lorem", 2, ("--answer", "--on-miss synth")),
    Case("an answer that nobody gets, strict", "serve --strict --answer lorem", 2, ("--answer", "--on-miss synth")),
    Case("a level that is not known", "serve --match fuzzy", 2, ("'--match'", "'exact', 'normalized', 'conversation', 'last-user', 'route', 'order'")),
    Case("a path that is none", "serve --ignore $.a..b", 2, ("'--ignore'", "'$.a>>>..b' is no path (column 4)", "$.messages[0].content")),
    Case("a path that is none, record", "record --ignore temperature", 2, ("'--ignore'", "'temperature' is no path")),
    Case("an expression that is none", "serve --normalize a(b=run", 2, ("'--normalize'", "at column 2: a>>>(b", "missing )")),
    Case("a rule without a name", "record --normalize run-[0-9]+", 2, ("'--normalize'", "RE=NAME")),
    Case("a loop that is not known", "record --loop trio", 2, ("'--loop'", "'uvloop'")),
    Case("a mode that is not known", "record --record-mode twice", 2, ("'--record-mode'", "'rewrite'")),
    Case("a policy that is not known", "record --on-client-close wait", 2, ("'--on-client-close'", "drain:DURATION (as in drain:10s), stop or finish")),
    Case("a policy without its duration", "record --on-client-close drain:", 2, ("'--on-client-close'", "'' is not a duration")),
    Case("a tape's name that is none", "record --one-file tape.txt", 2, ("'--one-file'", "'tape.txt'", ".yaml")),
    Case("a file as the folder", "record -o hello.yaml", 2, ("'-o' / '--output'", "is a file")),
    Case("an upstream without =", "record --upstream openai", 2, ("--upstream 'openai'", "NAME=URL")),
    Case("an upstream without a URL", "record --upstream bot=example", 2, ("there is no scheme", "http://HOST")),
    Case("an upstream that is no web", "record --upstream bot=ftp://h/", 2, ("the scheme is 'ftp'",)),
    Case("an upstream with a password", "record --upstream bot=http://u:hunter2@h", 2, ("no user and password",)),
    Case("a provider that is not known", "call opnai hello", 2, ("'opnai'", "did you mean openai?")),
    Case("a variable for nobody", "record --map OPENAI_BASE_URL=opnai", 2, ("did you mean openai?",)),
    Case("a variable that is none", "record --map 1x=openai", 2, ("--map '1x=openai'", "VARIABLE=PROVIDER")),
    Case("a call without a key", "call anthropic hello", 2, ("ANTHROPIC_API_KEY",)),
    Case("a call to no URL", "call openai hello --upstream nowhere", 2, ("there is no scheme",)),
    Case("a call without a prompt", "call openai", 2, ("'PROMPT'",)),
    Case("no command behind the dashes", "record --", 2, ("nothing follows `--`",)),
    Case("a command that is none", "record -- ./no-such-program", 2, ("./no-such-program", "No such file")),
    Case("a command that is none, serve", "serve -- ./no-such-program", 2, ("./no-such-program",)),
    Case("a schema of nothing", "schema tape", 2, ("'NAME'", "'cassette'")),
    Case("nothing to mend", "edit hello.yaml", 2, ("--fix-sizes",)),
    Case("a CA that is none", "env --ca notes.txt", 2, ("--ca notes.txt", "'BEGIN CERTIFICATE'", "PEM certificate")),
    # surroundings
    Case("a port in use", "serve --port PORT", 2, ("127.0.0.1:PORT", "--port", "0 for any")),
    Case("a port in use, record", "record --port PORT", 2, ("127.0.0.1:PORT", "--port")),
    Case("an address of someone else", "serve --host 192.0.2.1 --port 0", 2, ("192.0.2.1:0",)),
    Case("an address that is none", "serve --host no..host --port 0", 2, ("no..host",)),
    Case("a ready file in no folder", "serve --port 0 --ready-file no/r.json", 1, ("--ready-file no/r.json", "exists")),
    Case("a folder as ready file", "record --port 0 --ready-file no-tapes", 1, ("--ready-file no-tapes", "no regular file")),
    Case("an upstream that refuses", "call openai hi --upstream http://127.0.0.1:FREE", 5, ("127.0.0.1:FREE", "refused")),
    Case("an upstream of no name", "call openai hi --upstream http://no-such-host.invalid", 5, ("no-such-host.invalid",)),
    Case("an untrusted certificate", "call openai hi --upstream https://localhost:TLS", 5, ("localhost:TLS", "SSL_CERT_FILE")),
    Case("no TLS at all", "call openai hi --upstream https://127.0.0.1:PORT", 5, ("127.0.0.1:PORT", "https")),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `FILES` in it; no key and no proxy is set."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content())
    monkeypatch.chdir(tmp_path)
    for name in [
        name for name in os.environ if name.upper().endswith(("_PROXY", "_BASE_URL", "_API_KEY", "_API_BASE"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    return tmp_path


def handshakes(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Shows a certificate to the first that comes, and to nobody else."""
    with listener.accept()[0] as peer:
        try:
            context.wrap_socket(peer, server_side=True).close()
        except OSError:
            return


@pytest.fixture(scope="module")
def untrusted() -> Iterator[int]:
    """The port of a server whose certificate nobody has signed that we know."""
    trustme = pytest.importorskip("trustme")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=handshakes, args=(listener, context), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def speaks_no_tls(listener: socket.socket) -> None:
    with listener.accept()[0] as peer:
        peer.recv(1)
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input(
    case: Case, folder: Path, untrusted: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        ports = {"PORT": taken.getsockname()[1], "FREE": free.getsockname()[1], "TLS": untrusted}
        if "https://127.0.0.1:PORT" in case.argv:
            threading.Thread(target=speaks_no_tls, args=(taken,), daemon=True).start()

        def filled(text: str) -> str:
            for name, port in ports.items():
                text = text.replace(name, str(port)) if f":{name}" in text or f"port {name}" in text else text
            return text

        before = sorted(folder.rglob("*"))
        status = tokentape.main(filled(case.argv).split())
    out, err = capsys.readouterr()
    lines = [
        line for line in err.splitlines() if not line.startswith(("tokentape: serving", "tokentape: recording", "  "))
    ]
    assert [line[:18] for line in lines] == ["tokentape: error: "], err
    assert (status, out) == (case.status, "")
    for words in case.words:
        assert filled(words) in lines[0]
    assert "hunter2" not in err
    assert sorted(folder.rglob("*")) == before


def test_a_base_url_of_the_environment_that_is_none(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XAI_BASE_URL", "https://user:hunter2@gateway.example/v1")
    assert tokentape.main(["record", "--", "true"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("tokentape: error: XAI_BASE_URL is set")
    assert "hunter2" not in err
    assert err.count("\n") == 1


def test_a_good_file_among_bad_ones_is_imported_all_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["import", "photo.jpg", "answer.sse", "notes.txt", "-o", "made"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("answer.sse: raw-sse, 1 interaction ")
    assert [line.partition(": error: ")[2].partition(":")[0] for line in err.splitlines()] == ["photo.jpg", "notes.txt"]
    assert [path.name for path in (folder / "made").glob("*.yaml")] == ["answer.yaml"]


def test_a_file_whose_name_acts_on_terminals_is_named_without_that(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tokentape.main(["show", "a\x1b[31m\u202e\n.yaml"]) == 3
    err = capsys.readouterr().err
    assert err.startswith("tokentape: error: a\\x1b[31m\\u202e\\n.yaml: ")
    assert err.count("\n") == 1
