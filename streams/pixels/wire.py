"""What goes between a worker and its decoding process: one question, one answer, lengths before both."""

from __future__ import annotations

import struct

import msgspec

from streams.pixels.header import Header
from streams.pixels.limits import Limits

LENGTHS = struct.Struct(">QQ")
"""Bytes of the message, then bytes of what follows it: the file, or the pixels."""
READY = b"ready"
"""Said once by a process that has loaded its decoders and set its limits."""
OUT_OF_MEMORY = "memory"
"""Reason of a file that asked for more memory than there is; the process ends behind it."""
LONGEST = 64 * 1024
"""Bytes of an answer without its pixels."""


class Question(msgspec.Struct, frozen=True, array_like=True):
    """Which frame of the file that follows, within which limits."""

    limits: Limits
    frame: int | None


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """The picture whose values follow (float32, row by row), or why there is none."""

    header: Header | None = None
    rows: int = 0
    columns: int = 0
    reason: str = ""
    expected: str = ""
    received: str = ""


question = msgspec.msgpack.Decoder(Question).decode
answer = msgspec.msgpack.Decoder(Answer).decode
encode = msgspec.msgpack.Encoder().encode
