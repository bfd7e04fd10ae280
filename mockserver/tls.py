"""Who the server is under TLS: a throwaway CA and its leaf, or the user's certificate; what clients need to trust it.

No transport, no event loop. Imports the standard library; trustme (extra `tls`) once a throwaway CA is asked for.
"""

from __future__ import annotations

import contextlib
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from cassettes.model import TokentapeError

if TYPE_CHECKING:
    from types import ModuleType

NAMES = ("localhost", "127.0.0.1", "::1")
"""Whom a throwaway certificate is for, beside the name given to --host."""
_INSTALL = "`pip install tokentape[tls]`, or give a certificate of your own: --cert FILE --key FILE"


class TlsError(TokentapeError):
    """TLS cannot be spoken: trustme is not there, or the certificate cannot be used."""

    exit_code = 2


class Identity(NamedTuple):
    """How the server shows itself. `ca`: the PEM file of the CA that clients have to trust, None where that of the
    certificate is the user's own affair. `folder`: for what a wrapped command needs; it goes with `identity`."""

    context: ssl.SSLContext
    ca: Path | None
    folder: Path

    def trusted(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The variables by which clients trust `ca`, for a wrapped command that has the variables `environ`.

        It may ask others than us: what replaces a client's own store (SSL_CERT_FILE, REQUESTS_CA_BUNDLE,
        CURL_CA_BUNDLE) names the files that were trusted before and the CA. Raises TlsError when one cannot be read.
        """
        if self.ca is None:
            return {}
        system = environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or ""
        before = (system, environ.get("REQUESTS_CA_BUNDLE", ""), environ.get("CURL_CA_BUNDLE", ""))
        store = _bundle(self.folder / "trusted.pem", before, self.ca)
        extra = self.ca
        if environ.get("NODE_EXTRA_CA_CERTS"):
            extra = _bundle(self.folder / "extra.pem", (environ["NODE_EXTRA_CA_CERTS"],), self.ca)
        replaced = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), str(store))
        return {**replaced, "NODE_EXTRA_CA_CERTS": str(extra)}


def trusting(ca: Path) -> dict[str, str]:
    """The variables by which clients trust the CA in the file `ca`, and, but for Node, nobody else. Raises
    TlsError when no certificate is in it: with such a file they trust nobody, and each says something else of that."""
    _look(ca, "--ca", b"-----BEGIN CERTIFICATE-----", "a PEM certificate")
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return dict.fromkeys(names, str(ca.resolve()))


@contextlib.contextmanager
def identity_of(options: Mapping[str, Any]) -> Iterator[Identity | None]:
    """The identity that a command's --tls, --cert, --key and --host ask for, None without --tls. Raises TlsError."""
    cert, key = options["cert"], options["key"]
    if not options["tls"]:
        if cert is not None or key is not None:
            raise TlsError(f"--{'cert' if cert is not None else 'key'} is for --tls; add --tls, or leave it out")
        yield None
        return
    if cert is None and key is not None:
        raise TlsError(f"--key {key} is the key of a certificate; expected --cert FILE beside it")
    with identity(options["host"], cert, key) as shown:
        yield shown


@contextlib.contextmanager
def identity(host: str, cert: Path | None, key: Path | None) -> Iterator[Identity]:
    """The server's identity at `host`: from the PEM files `cert` and `key`, else a throwaway one. Its files are removed
    in the end; the throwaway CA's key never is in one. Raises TlsError."""
    with tempfile.TemporaryDirectory(prefix="tokentape-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if cert is not None:
            context = own_context(cert, key or cert)
            yield Identity(context, cert.resolve() if _holds_root(cert) else None, folder)
        else:
            yield _throwaway(host, folder)


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def _throwaway(host: str, folder: Path) -> Identity:
    trustme = _trustme()
    ca = trustme.CA(organization_name="tokentape, a CA for one run")
    try:
        leaf = ca.issue_cert(*dict.fromkeys((*NAMES, host)), common_name="tokentape")
    except (ValueError, UnicodeError) as error:
        raise TlsError(
            f"--tls: no certificate can be made for --host {host!r} ({error}); give one with --cert"
        ) from None
    context = _context()
    leaf.configure_cert(context)
    path = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return Identity(context, path, folder)


def _trustme() -> ModuleType:
    try:
        import trustme
    except ImportError:
        raise TlsError(f"--tls: trustme, which makes a certificate, is not installed; {_INSTALL}") from None
    return trustme


class _EncryptedError(Exception):
    """OpenSSL asks for a passphrase."""


def _no_passphrase() -> NoReturn:
    raise _EncryptedError


def own_context(cert: Path, key: Path) -> ssl.SSLContext:
    """The context of a certificate (PEM, the chain after it) and its key. Raises TlsError that says what is wrong with
    which file."""
    _look(cert, "--cert", b"-----BEGIN CERTIFICATE-----", "a PEM certificate")
    _look(key, "--key", b"PRIVATE KEY-----", "a PEM private key")
    context = _context()
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except _EncryptedError:
        raise TlsError(
            f"--key {key}: it is encrypted; expected one without passphrase: `openssl pkey -in {key} -out plain.pem`"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(
                f"--key {key}: it is not the key of the first certificate in {cert}; the server's own comes first, "
                "then the chain"
            ) from None
        why = (error.reason or str(error)).lower().replace("_", " ")
        raise TlsError(f"--cert {cert}, --key {key}: OpenSSL cannot use them ({why}); expected PEM files") from None
    return context


def _look(path: Path, option: str, mark: bytes, expected: str) -> None:
    """Raises TlsError when the file cannot be read or has no line with `mark`."""
    if mark not in _read(path, f"{option} {path}"):
        raise TlsError(f"{option} {path}: it holds no {mark.decode().strip('-')!r} line; expected {expected}")


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"{what}: it cannot be read ({error.strerror})") from None


def _holds_root(cert: Path) -> bool:
    """Whether the file ends in a CA that vouches for itself: clients can trust it by this file."""
    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        store.load_verify_locations(cert)
    except ssl.SSLError:
        return False
    return any(one["subject"] == one["issuer"] for one in store.get_ca_certs())


def _bundle(path: Path, files: tuple[str, ...], ca: Path) -> Path:
    """Writes `path`: what is in those of `files` that are files, and the CA."""
    # A file that is not there is what OpenSSL passes over too.
    named = [Path(name) for name in dict.fromkeys(filter(None, files)) if Path(name).is_file()]
    path.write_bytes(
        b"\n".join([*(_read(file, f"{file}, named by the environment") for file in named), ca.read_bytes()])
    )
    return path
