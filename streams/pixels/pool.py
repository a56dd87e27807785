"""Decoding processes of one worker: files in, pictures out, a process that hangs or dies replaced."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import msgspec
import numpy as np

import streams
from streams.errors import RejectedMessage, RetryableError
from streams.pixels import wire
from streams.pixels.image import Image
from streams.pixels.limits import MIB, Limits
from streams.pixels.refusal import refusal

_START_S = 60.0
_CRASH = "crash"


class Pool:
    """As many processes as pictures are decoded at once; started when first needed.

    Parameters
    ----------
    size
        Processes.
    limits
        Of every decoding.
    """

    def __init__(self, size: int, limits: Limits) -> None:
        self.limits = limits
        self._free: asyncio.LifoQueue[_Process | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)
        self._size = size

    async def decode(self, content: bytes, frame: int | None = None) -> Image:
        """Decode one frame of a DICOM file; see `streams.pixels.decoding.decode`.

        Raises
        ------
        RejectedMessage
            With the reason; ``memory``, ``time``, ``crash`` where the file made the process exceed its limits or end.
        RetryableError
            Where no process can be started.
        """
        if len(content) > self.limits.file_bytes:
            raise refusal("too-large", f"a file of at most {self.limits.file_bytes} bytes", f"{len(content)} bytes")
        try:
            return await self._decoded(content, frame)
        except RejectedMessage as refused:
            if refused.reason != _CRASH:
                raise
        # A process may also have been ended from outside; whose fault it was shows with a new one.
        return await self._decoded(content, frame)

    async def _decoded(self, content: bytes, frame: int | None) -> Image:
        process = await self._free.get()
        try:
            if process is None:
                process = await _Process.start(self.limits)
            return await process.ask(content, self.limits, frame)
        finally:
            if process is not None and not process.whole:
                await process.kill()
                process = None
            self._free.put_nowait(process)

    async def close(self) -> None:
        """End every process."""
        for _ in range(self._size):
            process = await self._free.get()
            if process is not None:
                await process.kill()


class _Process:
    """One decoding process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.whole = True
        """False while an answer is awaited, and for good where it did not come or the memory has been exhausted."""

    @classmethod
    async def start(cls, limits: Limits) -> _Process:
        root = str(Path(streams.__file__).parent.parent)
        paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "streams.pixels.child", str(limits.memory_bytes),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                # Nothing of the worker's settings, which hold passwords, goes to where files are decoded.
                env={**kept, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                limit=4 * MIB, start_new_session=True,
            )  # fmt: skip
            made = cls(process)
            async with asyncio.timeout(_START_S):
                await made._out.readexactly(len(wire.READY))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise RetryableError(
                f"decoding: expected a process to start, received {type(error).__name__}; it is tried again, "
                "and the settings of memory should be looked at if this lasts"
            ) from error
        return made

    @property
    def _out(self) -> asyncio.StreamReader:
        reader = self._process.stdout
        assert reader is not None
        return reader

    async def ask(self, content: bytes, limits: Limits, frame: int | None) -> Image:
        """Ask for one picture; whatever goes wrong on the way leaves the process not whole."""
        self.whole = False
        try:
            async with asyncio.timeout(limits.seconds):
                found, values = await self._exchange(content, limits, frame)
        except TimeoutError:
            raise refusal("time", f"a file that is decoded within {limits.seconds:g} s", "a longer one") from None
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError):
            raise refusal(_CRASH, "a file that a decoder survives", "its sudden end") from None
        self.whole = found.reason != wire.OUT_OF_MEMORY
        if found.header is None:
            raise refusal(found.reason, found.expected, found.received)
        return Image(np.frombuffer(values, np.float32).reshape(found.rows, found.columns), found.header)

    async def _exchange(self, content: bytes, limits: Limits, frame: int | None) -> tuple[wire.Answer, bytes]:
        writer = self._process.stdin
        assert writer is not None
        message = wire.encode(wire.Question(limits, frame))
        writer.write(wire.LENGTHS.pack(len(message), len(content)))
        writer.write(message)
        writer.write(content)
        await writer.drain()
        length, size = wire.LENGTHS.unpack(await self._out.readexactly(wire.LENGTHS.size))
        if length > wire.LONGEST or size > 4 * limits.pixels:
            raise ConnectionError("an answer beyond its bounds")
        found = wire.answer(await self._out.readexactly(length))
        values = await self._out.readexactly(size)
        if size != 4 * found.rows * found.columns:
            raise ConnectionError("an answer that contradicts itself")
        return found, values

    async def kill(self) -> None:
        """End it at once, and everything it may have started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
