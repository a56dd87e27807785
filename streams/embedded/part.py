"""What every part of the embedded stack has in common: start, readiness, stop, and a word when it fails."""

from __future__ import annotations

import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from streams.embedded import ports
from streams.embedded.child import Child, exit_text
from streams.embedded.leash import Leash
from streams.errors import CardioStreamError

_TAKEN = re.compile(r"address (already )?in use|socket '[^']*' already in use", re.IGNORECASE)
"""How the programs say that a port is taken; the last is Triton's."""


class PartFailed(CardioStreamError):
    """A part of the stack died or never became ready; says which, why, and what to do."""

    def __init__(self, part: str, what: str, lines: Sequence[str], log_path: Path, advice: str) -> None:
        self.part = part
        told = "\n".join(f"    {line}" for line in lines) or "    (it logged nothing)"
        super().__init__(f"{part} {what}.\n  Last lines of {log_path}:\n{told}\n  What to do: {advice}")


class Place(msgspec.Struct, frozen=True):
    """Where a stack keeps its files, and whether it prefers the well-known ports."""

    run_dir: Path
    leash: Leash
    default_ports: bool = False

    def log_path(self, name: str) -> Path:
        """Return the log file of a part."""
        return self.run_dir / "logs" / f"{name}.log"

    def folder(self, name: str) -> Path:
        """Return a part's own folder, made if need be."""
        path = self.run_dir / name
        path.mkdir(parents=True, exist_ok=True)
        return path


class Part(ABC):
    """One program of the stack."""

    name: str
    advice: str
    """What a user can do when it fails."""
    start_timeout_s: float = 180.0
    """Generous: on a crowded machine Java alone has been seen to take 50 s."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.child: Child | None = None
        self._started_at = 0.0
        self.remarks: list[str] = []
        """What the user should know, e.g. that a port was taken."""

    @abstractmethod
    def start(self) -> None:
        """Start the program and return at once; a second start uses the same ports."""

    @abstractmethod
    def ready(self) -> bool:
        """Tell whether it serves now; never blocks for longer than a second or two."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it listens, for people."""

    def age_s(self) -> float:
        """Seconds since its present start."""
        return time.monotonic() - self._started_at

    @abstractmethod
    def pick_ports(self) -> None:
        """Choose the ports to listen on; called again where another program was quicker."""

    def reason(self) -> list[str]:
        """Return the log lines that say best why it ended."""
        return self.child.tail() if self.child else []

    @property
    def has_ended(self) -> bool:
        """Whether the program was started and has ended."""
        return self.child is not None and self.child.returncode is not None

    def check(self) -> None:
        """Raise `PartFailed` if the program has ended."""
        if self.child is not None and self.has_ended:
            raise self.failed(f"died ({exit_text(self.child.returncode)})")

    def failed(self, what: str) -> PartFailed:
        """Return the error that tells of this part's failure."""
        return PartFailed(self.name, what, self.reason(), self.place.log_path(self.name), self.advice)

    def port_was_taken(self) -> bool:
        """Tell whether it ended because another program took its port in the meantime."""
        return any(_TAKEN.search(line) for line in (self.child.tail(40) if self.child else []))

    def _run(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._started_at = time.monotonic()
        self.child = Child(
            self.name, argv, self.place.log_path(self.name), {**os.environ, **(env or {})}, self.place.leash
        )

    def _choose(self, preferred: int) -> int:
        port, remark = ports.choose(preferred if self.place.default_ports else None)
        if remark:
            self.remarks.append(remark)
        return port
