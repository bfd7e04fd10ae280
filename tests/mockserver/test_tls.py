"""Who the server is under TLS: the throwaway CA, the user's certificate and what is wrong with it, what a client needs."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tapes import taped
from wires import SSE_HEAD, ScriptedUpstream, Send, ask, chunk, event, post, tokentape, tools

from mockserver.tls import Identity, TlsError, identity, identity_of, own_context, trusting

trustme = pytest.importorskip("trustme")

EVENTS = [event("one"), event("two"), b"data: [DONE]\n\n"]
LAST = b"0\r\n\r\n"
CLOSING = "Connection: close"


class Own:
    """A certificate of the user's: files and the CA that vouches for it."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        leaf = self.authority.issue_cert("localhost", "127.0.0.1")
        self.cert, self.key, self.both, self.ca = (folder / f"{name}.pem" for name in ("cert", "key", "both", "ca"))
        self.cert.write_bytes(leaf.cert_chain_pems[0].bytes())
        self.key.write_bytes(leaf.private_key_pem.bytes())
        self.both.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
        self.authority.cert_pem.write_to_path(str(self.ca))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Own:
    return Own(tmp_path_factory.mktemp("own"))


# A throwaway CA


def test_a_throwaway_ca_leaves_with_the_run() -> None:
    with identity("mock.test", None, None) as shown:
        assert shown.ca is not None
        text = shown.ca.read_text()
        assert text.count("BEGIN CERTIFICATE") == 1
        assert "PRIVATE" not in "".join(file.read_text() for file in shown.folder.iterdir())
        (root,) = (store := ssl.create_default_context(cafile=str(shown.ca))).get_ca_certs()
        assert "tokentape" in str(root["subject"])
        assert store.verify_mode is ssl.CERT_REQUIRED
        assert shown.context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert not shown.folder.exists()


def test_a_name_that_no_certificate_can_be_for() -> None:
    with (
        pytest.raises(TlsError, match=r"--tls: no certificate can be made for --host 'a\.\.b' \("),
        identity("a..b", None, None),
    ):
        pass


def test_without_trustme_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(TlsError, match=r"pip install tokentape\[tls\].*--cert FILE --key FILE") as caught:
        identity("localhost", None, None).__enter__()
    assert caught.value.exit_code == 2


def test_a_certificate_of_ones_own_needs_no_trustme(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with identity("localhost", own.cert, own.key) as shown:
        assert shown.ca is None
        assert shown.trusted({}) == {}


# A certificate of the user's


def test_key_and_chain_may_be_in_one_file(own: Own) -> None:
    assert own_context(own.both, own.both).cert_store_stats()["x509"] == 0


def test_a_certificate_that_vouches_for_itself_is_its_own_ca(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on this machine")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*made, "-keyout", tmp_path / "k.pem", "-out", tmp_path / "c.pem"], check=True, capture_output=True)
    with identity("localhost", tmp_path / "c.pem", tmp_path / "k.pem") as shown:
        assert shown.ca == tmp_path / "c.pem"
    locked = tmp_path / "locked.pem"
    lock = [openssl, "pkey", "-in", tmp_path / "k.pem", "-aes256", "-passout", "pass:x", "-out", locked]
    subprocess.run(lock, check=True, capture_output=True)
    with pytest.raises(TlsError, match=r"locked\.pem: it is encrypted; expected .*`openssl pkey -in .*locked\.pem"):
        own_context(tmp_path / "c.pem", locked)


@pytest.mark.parametrize(
    ("cert", "key", "words"),
    [
        ("none.pem", "key.pem", r"^--cert .*none\.pem: it cannot be read \(No such file or directory\)$"),
        ("cert.pem", "none.pem", r"^--key .*none\.pem: it cannot be read \(No such file"),
        (".", "key.pem", r"^--cert .*: it cannot be read \(Is a directory\)"),
        ("key.pem", "key.pem", r"^--cert .*key\.pem: it holds no 'BEGIN CERTIFICATE' line; expected a PEM cert"),
        ("cert.pem", "cert.pem", r"^--key .*cert\.pem: it holds no 'PRIVATE KEY' line; expected a PEM private key"),
        ("cert.pem", "other.pem", r"^--key .*other\.pem: it is not the key of the first certificate in .*cert\.pem"),
        ("broken.pem", "key.pem", r"^--cert .*broken\.pem, --key .*key\.pem: OpenSSL cannot use them \("),
    ],
)
def test_what_is_wrong_with_which_file(cert: str, key: str, words: str, own: Own) -> None:
    folder = own.cert.parent
    (folder / "other.pem").write_bytes(trustme.CA().issue_cert("x.test").private_key_pem.bytes())
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(TlsError, match=words) as caught:
        own_context(folder / cert, folder / key)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cert": Path("c")}, "--cert is for --tls; add --tls"),
        ({"key": Path("k")}, "--key is for --tls; add --tls"),
        ({"tls": True, "key": Path("k")}, "--key k is the key of a certificate; expected --cert FILE beside it"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], words: str) -> None:
    with pytest.raises(TlsError, match=words):
        identity_of({"tls": False, "cert": None, "key": None, "host": "h", **options}).__enter__()


def test_without_tls_there_is_no_identity() -> None:
    with identity_of({"tls": False, "cert": None, "key": None}) as shown:
        assert shown is None


# What clients trust


def identified(tmp_path: Path) -> Identity:
    (tmp_path / "ca.pem").write_text("OURS\n")
    return Identity(ssl.create_default_context(), tmp_path / "ca.pem", tmp_path)


def test_a_command_trusts_the_ca_and_what_it_trusted_before(tmp_path: Path) -> None:
    for name in ("system", "requests", "node"):
        (tmp_path / f"{name}.pem").write_text(f"{name.upper()}\n")
    environ = {
        "SSL_CERT_FILE": str(tmp_path / "system.pem"),
        "REQUESTS_CA_BUNDLE": str(tmp_path / "requests.pem"),
        "CURL_CA_BUNDLE": str(tmp_path / "requests.pem"),
        "NODE_EXTRA_CA_CERTS": str(tmp_path / "node.pem"),
    }
    variables = identified(tmp_path).trusted(environ)
    assert set(variables) == set(environ)
    texts = {name: Path(value).read_text().split() for name, value in variables.items()}
    assert texts.pop("NODE_EXTRA_CA_CERTS") == ["NODE", "OURS"]
    assert set(map(tuple, texts.values())) == {("SYSTEM", "REQUESTS", "OURS")}


def test_without_any_of_them_it_is_the_systems_own_and_the_ca(tmp_path: Path) -> None:
    environ = {"SSL_CERT_FILE": str(tmp_path / "not-there"), "REQUESTS_CA_BUNDLE": str(tmp_path)}
    shown = identified(tmp_path)
    assert Path(shown.trusted(environ)["SSL_CERT_FILE"]).read_text().split() == ["OURS"]
    assert shown.trusted({})["NODE_EXTRA_CA_CERTS"] == str(shown.ca)
    bundle = Path(shown.trusted({})["SSL_CERT_FILE"]).read_text()
    system = ssl.get_default_verify_paths().cafile
    assert bundle.endswith("OURS\n")
    assert system is None or Path(system).read_text() in bundle


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    locked.write_text("x")
    locked.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("this user reads everything")
    with pytest.raises(TlsError, match=r"locked\.pem, named by the environment: it cannot be read"):
        identified(tmp_path).trusted({"SSL_CERT_FILE": str(locked)})


def test_a_shell_trusts_the_ca(own: Own) -> None:
    done = tokentape("env", "openai", "--url", "https://127.0.0.1:7357", "--ca", str(own.ca), "--json")
    variables = json.loads(done.stdout)
    assert variables["OPENAI_BASE_URL"] == "https://127.0.0.1:7357/openai/v1"
    assert {name: variables[name] for name in trusting(own.ca)} == trusting(own.ca)
    assert trusting(own.ca)["SSL_CERT_FILE"] == str(own.ca)


# Whole commands


def test_serve_with_a_certificate_of_ones_own(own: Own, tmp_path: Path) -> None:
    taped(tmp_path / "tapes", "one", EVENTS)
    serve = ("serve", str(tmp_path / "tapes"), "--tls", "--cert", str(own.cert), "--key", str(own.key))
    with tools(tmp_path, serve) as (served,):
        assert served.ca == ""
        seen = ask(served.url, post("/up/one", b"{}", CLOSING), ca=str(own.ca))
        assert (seen.ended, seen.wire_body) == ("eof", b"".join(map(chunk, EVENTS)) + LAST)


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    done = tokentape("serve", "--tls", "--cert", "no.pem", "--port", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "tokentape: error: --cert no.pem: it cannot be read (No such file or directory)\n"


def test_curl_and_a_wrapped_command_trust_the_server(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    taped(tmp_path / "tapes", "one", EVENTS)
    told = "echo $OPENAI_BASE_URL $NODE_EXTRA_CA_CERTS; curl -sS --noproxy '*' -d '{}' ${OPENAI_BASE_URL%/openai/v1}/up/one"
    done = tokentape("serve", str(tmp_path / "tapes"), "--tls", "--", "sh", "-c", told)
    assert done.returncode == 0, done.stderr
    first, _, rest = done.stdout.partition("\n")
    url, extra = first.split()
    assert url.startswith("https://127.0.0.1:")
    assert not Path(extra).exists()
    assert rest.encode() == b"".join(EVENTS)


def test_a_node_program_trusts_the_server(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("there is no node on this machine")
    taped(tmp_path / "tapes", "one", EVENTS)
    program = (
        "fetch(process.env.OPENAI_BASE_URL.replace('/openai/v1', '/up/one'), {method: 'POST', body: '{}'})"
        ".then(answer => answer.text()).then(text => process.stdout.write(text))"
    )
    done = tokentape("serve", str(tmp_path / "tapes"), "--tls", "--", "node", "-e", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.encode() == b"".join(EVENTS)


def test_a_recorder_speaks_tls_to_its_client(tmp_path: Path) -> None:
    upstream = ScriptedUpstream([Send(SSE_HEAD + b"".join(map(chunk, EVENTS)) + LAST)])
    with (
        upstream,
        tools(tmp_path, ("record", "-o", str(tmp_path / "t"), "--tls", "--upstream", f"openai={upstream.url}/v1")) as (
            recorder,
        ),
    ):
        seen = ask(recorder.url, post("/openai/v1/chat/completions", b"{}", CLOSING), ca=recorder.ca)
        assert (seen.ended, seen.wire_body) == ("eof", b"".join(map(chunk, EVENTS)) + LAST)
