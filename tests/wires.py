"""Raw sockets for tests: an upstream that follows a script byte for byte, and a client that sees what a socket sees.

Nothing of tokentape is imported: what a test expects must not come from what it tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

_RST = struct.pack("ii", 1, 0)


class Send(NamedTuple):
    """Send these bytes."""

    data: bytes


class Wait(NamedTuple):
    """Let this many seconds pass: what a script is about, not a synchronisation."""

    seconds: float


class Finish(NamedTuple):
    """FIN."""


class Reset(NamedTuple):
    """RST, once the peer's kernel has everything."""


class Hold(NamedTuple):
    """Stay open until the peer leaves."""


class Until(NamedTuple):
    """Go on once this is set."""

    event: threading.Event


Step = Send | Wait | Finish | Reset | Hold | Until


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def head(*fields: str, status: str = "200 OK", http: str = "1.1") -> bytes:
    """A response head."""
    return "\r\n".join([f"HTTP/{http} {status}", *fields, "", ""]).encode()


SSE_HEAD = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked")


def event(text: str) -> bytes:
    """One OpenAI chat event."""
    value = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


class ScriptedUpstream:
    """Answers the k-th connection with the k-th script (the last one repeats), or each request with the script that
    `by_path` has for the last segment of its path. Requests are kept in `requests`. `left` is set when a peer leaves
    a `Hold`. With `tls` it speaks https."""

    def __init__(
        self,
        *scripts: Sequence[Step],
        by_path: Mapping[str, Sequence[Step]] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._scripts = scripts
        self._by_path = by_path
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://{'localhost' if tls else '127.0.0.1'}:{self.port}"
        self.requests: list[bytes] = []
        self.left = threading.Event()
        self.sent = 0
        """Bytes that peers' sockets took so far."""
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> ScriptedUpstream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._accepting.join(5)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        count = 0
        while not self._stop.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            peer, _ = self._listener.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self._scripts[min(count, len(self._scripts) - 1)] if self._scripts else ()
            count += 1
            thread = threading.Thread(target=self._serve, args=(peer, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket, script: Sequence[Step]) -> None:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.enter_context(peer)
            if self._tls is not None:
                peer = stack.enter_context(self._tls.wrap_socket(peer, server_side=True))
            request = read_request(peer)
            if not request:
                return
            self.requests.append(request)
            if self._by_path is not None:
                script = self._by_path[request.split(b" ", 2)[1].decode().partition("?")[0].rpartition("/")[2]]
            for step in script:
                self._step(peer, step)

    def _step(self, peer: socket.socket, step: Step) -> None:
        match step:
            case Send(data):
                for start in range(0, len(data), 65536):
                    peer.sendall(data[start : start + 65536])
                    self.sent += len(data[start : start + 65536])
            case Wait(seconds):
                self._stop.wait(seconds)
            case Until(event):
                while not self._stop.is_set() and not event.wait(0.02):
                    pass
            case Finish():
                peer.shutdown(socket.SHUT_WR)
                peer.recv(1)
            case Reset():
                wait_delivered(peer, self._stop)
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
                peer.close()
            case Hold():
                while not self._stop.is_set():
                    if select.select([peer], [], [], 0.05)[0] and not _alive(peer):
                        self.left.set()
                        return


def _alive(peer: socket.socket) -> bool:
    try:
        return bool(peer.recv(65536))
    except OSError:
        return False


def wait_delivered(peer: socket.socket, stop: threading.Event) -> None:
    """Until the peer's kernel has acknowledged everything (SIOCOUTQ is 0)."""
    import fcntl

    while not stop.is_set():
        if not struct.unpack("i", fcntl.ioctl(peer.fileno(), 0x5411, b"\0" * 4))[0]:
            return
        stop.wait(0.002)


def read_request(peer: socket.socket) -> bytes:
    """One whole request with a Content-Length body."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = peer.recv(65536)
        if not more:
            return data
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(v) for k, _, v in (line.partition(b":") for line in top.split(b"\r\n")) if k.lower() == b"content-length"),
        0,
    )
    while len(body) < length:
        more = peer.recv(65536)
        if not more:
            break
        body += more
    return top + b"\r\n\r\n" + body


@dataclass
class Seen:
    """What a raw client saw: (seconds since the request was sent, bytes) of each read, and how it ended."""

    reads: list[tuple[float, bytes]] = field(default_factory=list)
    ended: str = ""
    ended_at: float = 0.0

    @property
    def raw(self) -> bytes:
        """Every byte."""
        return b"".join(data for _, data in self.reads)

    @property
    def head(self) -> bytes:
        """The head, its blank line included."""
        top, blank, _ = self.raw.partition(b"\r\n\r\n")
        return top + blank

    @property
    def wire_body(self) -> bytes:
        """What follows the head, framing included."""
        return self.raw.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


def post(path: str, body: bytes, *fields: str, http: str = "1.1", method: str = "POST") -> bytes:
    """A request on the wire."""
    lines = [f"{method} {path} HTTP/{http}", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def ask(
    url: str,
    request: bytes,
    *,
    read_late: float = 0.0,
    leave_after: int | None = None,
    receive_buffer: int | None = None,
    quiet: float = 20.0,
    until: Callable[[bytes], bool] | None = None,
    watching: Callable[[bytes], object] | None = None,
    ca: str = "",
) -> Seen:
    """Sends `request` to the host of `url` and reads until it ends: `eof`, `reset`, `quiet` (nothing for so long),
    `left` (after `leave_after` bytes) or `until` (the bytes so far satisfy it). `watching` is told all so far. With
    `ca`, a PEM file, over TLS; then `eof` is a `close_notify`, and `truncated` a FIN without one."""
    host, _, port = url.partition("://")[2].partition("/")[0].rpartition(":")
    seen = Seen()
    with socket.socket() as below:
        if receive_buffer is not None:
            below.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        below.settimeout(quiet)
        below.connect((host, int(port)))
        below.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = OverTls(below, ca, host) if ca else below
        start = time.monotonic()
        client.sendall(request)
        if read_late:
            threading.Event().wait(read_late)
        total = bytearray()
        while True:
            try:
                data = client.recv(65536)
            except ConnectionResetError:
                seen.ended = "reset"
                break
            except TimeoutError:
                seen.ended = "quiet"
                break
            except ssl.SSLEOFError:
                seen.ended = "truncated"
                break
            if not data:
                seen.ended = "eof"
                break
            seen.reads.append((time.monotonic() - start, data))
            if until or watching or leave_after is not None:
                total += data
            if watching is not None:
                watching(bytes(total))
            if leave_after is not None and len(total) >= leave_after:
                seen.ended = "left"
                break
            if until is not None and until(bytes(total)):
                seen.ended = "until"
                break
        seen.ended_at = time.monotonic() - start
    return seen


class OverTls:
    """TLS on a connected socket, `host` being vouched for by the CA in the file `ca`. By hand: `ssl`'s own socket shows
    an RST as it shows a FIN (seen with Python 3.11 and OpenSSL 3)."""

    def __init__(self, below: socket.socket, ca: str, host: str) -> None:
        self.below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=ca)
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._until(self.tls.do_handshake)

    def recv(self, size: int) -> bytes:
        """Bytes; none after a `close_notify`. Raises ssl.SSLEOFError for a FIN without one, ConnectionResetError."""
        return self._until(lambda: self.tls.read(size))

    def sendall(self, data: bytes) -> None:
        """Sends `data`."""
        for start in range(0, len(data), 65536):
            self.tls.write(data[start : start + 65536])
            self.below.sendall(self._outgoing.read())

    def leave(self) -> None:
        """Sends a `close_notify`."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self._flush()

    def _until(self, done: Callable[[], Any]) -> Any:
        while True:
            try:
                value = done()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.below.recv(65536)
                if not data:
                    raise ssl.SSLEOFError(8, "a FIN without close_notify") from None
                self._incoming.write(data)
            else:
                self._flush()
                return value

    def _flush(self) -> None:
        if data := self._outgoing.read():  # sending nothing would take the RST before what came ahead of it
            self.below.sendall(data)


@contextlib.contextmanager
def connected(url: str, quiet: float = 20.0, ca: str = "") -> Iterator[Any]:
    """A connection to the host of `url`, over TLS with `ca`, for several requests; `quiet` seconds without a byte are a
    TimeoutError."""
    host, _, port = url.partition("://")[2].partition("/")[0].rpartition(":")
    with socket.create_connection((host, int(port)), quiet) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield OverTls(client, ca, host) if ca else client


def receive(client: socket.socket, size: int) -> bytes:
    """`size` bytes, fewer when the connection ends before."""
    data = b""
    while len(data) < size:
        more = client.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def whole(data: bytes) -> bool:
    """Whether a chunked answer is over."""
    return data.endswith(b"0\r\n\r\n")


def dechunked(wire: bytes) -> tuple[list[bytes], bytes]:
    """The HTTP chunks of a chunked body as far as they are whole, and what follows the last of them."""
    chunks: list[bytes] = []
    while True:
        line, end, rest = wire.partition(b"\r\n")
        size = int(line.partition(b";")[0] or b"0", 16) if end else 0
        if not size or rest[size : size + 2] != b"\r\n":
            return chunks, wire
        chunks.append(rest[:size])
        wire = rest[size + 2 :]


class Tool(NamedTuple):
    """A running `tokentape` command; `ca` is the file of its CA, if it has one."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    ca: str = ""

    def said(self) -> str:
        """What it printed so far, stdout and stderr."""
        return self.log.read_text(errors="replace")

    def recorded(self) -> int:
        """How many tapes it said to have written."""
        return sum(line.removeprefix("tokentape: ").startswith("recorded ") for line in self.said().splitlines())


@contextlib.contextmanager
def tool(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Tool]:
    """Runs `tokentape ARGUMENTS --port 0` until the block ends; then it gets SIGTERM and must leave within 5 s."""
    with tools(folder, arguments, environ=environ) as (one,):
        yield one


@contextlib.contextmanager
def tools(
    folder: Path, *commands: Sequence[str], environ: Mapping[str, str] | None = None, shell: str = ""
) -> Iterator[tuple[Tool, ...]]:
    """Runs several commands as `tool` does, started at once. `shell`: what a shell does before it becomes the command."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(_running(folder, one, environ or {}, shell)) for one in commands]
        yield tuple(_ready(*one) for one in started)


@contextlib.contextmanager
def _running(
    folder: Path, arguments: Sequence[str], environ: Mapping[str, str], shell: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
    number = len(list(folder.glob("log-*")))
    ready, log = folder / f"ready-{number}.json", folder / f"log-{number}"
    command = [sys.executable, "-m", "tokentape", *arguments, "--port", "0", "--ready-file", str(ready)]
    if shell:
        command = ["sh", "-c", f'{shell} && exec "$0" "$@"', *command]
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**os.environ, **environ}
        )
    try:
        yield process, ready, log
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> Tool:
    until = time.monotonic() + 20
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise AssertionError(f"{process.args}: not ready: {log.read_text(errors='replace')}")
        threading.Event().wait(0.01)
    said = json.loads(ready.read_text())
    return Tool(said["url"], process, log, said.get("ca", ""))


def memory(process: subprocess.Popen[bytes]) -> int:
    """Bytes of memory that a process has in use (VmRSS)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


def settled(what: Callable[[], Any], seconds: float = 0.3) -> Any:
    """The value of `what()` once it was the same for so long."""
    value, since = what(), time.monotonic()
    while time.monotonic() - since < seconds:
        threading.Event().wait(0.02)
        if (now := what()) != value:
            value, since = now, time.monotonic()
    return value


def tokentape(
    *arguments: str, environ: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Runs a `tokentape` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tokentape", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environ or {})},
        check=False,
        **options,
    )


def wait_for(what: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true value of `what()`; an AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > until:
            raise AssertionError(f"nothing within {seconds} s")
        threading.Event().wait(0.01)
    return value
