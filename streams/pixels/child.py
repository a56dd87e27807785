"""The decoding process: reads files from its standard input, within an address space that has a limit.

Whatever a file makes a decoder do, ask for all memory, run for ever or crash, happens here and not in the worker.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import BinaryIO

from streams.errors import RejectedMessage
from streams.pixels.decoding import decode
from streams.pixels.limits import Limits
from streams.pixels.wire import LENGTHS, OUT_OF_MEMORY, READY, Answer, encode, question
from streams.stepping_back import step_back


def confine(limits: Limits) -> None:
    """Limit this process: address space, no core dump, no file written."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * os.sysconf("SC_PAGE_SIZE") + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer questions until the worker closes the pipe, or a file has exhausted the memory."""
    while head := source.read(LENGTHS.size):
        length, size = LENGTHS.unpack(head)
        asked = question(source.read(length))
        try:
            image = decode(source.read(size), asked.limits, asked.frame)
            rows, columns = image.values.shape
            answer = Answer(image.header, rows, columns)
            _send(sink, answer, image.values.data.cast("B"))
        except RejectedMessage as refused:
            _send(sink, Answer(None, 0, 0, refused.reason, refused.expected, refused.received), b"")
        except (MemoryError, RecursionError) as error:
            expected = f"a file that is decoded within {asked.limits.memory_bytes} bytes"
            _send(sink, Answer(None, 0, 0, OUT_OF_MEMORY, expected, type(error).__name__), b"")
            # What is left of the address space is in pieces; the worker starts another.
            return


def _send(sink: BinaryIO, answer: Answer, pixels: bytes | memoryview) -> None:
    message = encode(answer)
    sink.write(LENGTHS.pack(len(message), len(pixels)))
    sink.write(message)
    sink.write(pixels)
    sink.flush()


def main() -> None:
    """Serve standard input and output under the limit that the worker names."""
    import warnings

    import pydicom.pixels.decoders

    warnings.simplefilter("ignore")
    # As the worker that started it, whose session this is not.
    step_back(0)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Decoders in C write where they like: to nowhere, for what they write may quote the file.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    _load_decoders(pydicom.pixels.decoders)
    confine(Limits(memory_bytes=int(sys.argv[1])))
    sink.write(READY)
    sink.flush()
    serve(source, sink)


def _load_decoders(decoders: object) -> None:
    """Load every decoder's library now: later there may be no address space for it."""
    for decoder in vars(decoders).values():
        if hasattr(decoder, "available_plugins"):
            _ = decoder.available_plugins


if __name__ == "__main__":
    main()
