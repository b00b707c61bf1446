"""Servers that answer as no Moodle should: bytes of our choice, silence, another certificate."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Wire:
    """What was received, and where."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[bytes] = []


def http(body: bytes, *, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """One whole answer; `length` may lie."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextlib.contextmanager
def answering(answer: bytes, *, then_silent: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Send these bytes to whoever asks; then hang up, or keep the line open without a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
    wire = Wire(f"{scheme}://{host}:{listener.getsockname()[1]}")
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                line, _ = listener.accept()
                with line, contextlib.closing(tls.wrap_socket(line, server_side=True) if tls else line) as talk:
                    wire.received.append(_request(talk))
                    talk.sendall(answer)
                    if then_silent:
                        over.wait(20)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _request(line: socket.socket) -> bytes:
    """Headers and body: hanging up with bytes unread would reset the line."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := line.recv(65536)):
            return data
        data += more
        if data.startswith(b"\x16"):  # a TLS handshake: somebody took us for a secure server
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    sizes = [int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length:")]
    while sizes and len(body) < sizes[0]:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
