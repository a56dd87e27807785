"""DICOM files damaged in every way that comes to mind, the same ones for the same seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator, Sequence

Damage = Callable[[random.Random, bytearray], bytearray]
_SIZES = (b"\x28\x00\x10\x00", b"\x28\x00\x11\x00", b"\x28\x00\x02\x00", b"\x28\x00\x00\x01", b"\x28\x00\x01\x01")
"""Rows, Columns, Samples per Pixel, Bits Allocated, Bits Stored, as they stand in little-endian files."""
_FRAMES = b"\x28\x00\x08\x00"
_PIXELS = b"\xe0\x7f\x10\x00"
_SYNTAXES = (b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.2\0", b"1.2.840.10008.1.2.5\0",
             b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.70", b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.90",
             b"1.2.840.10008.1.2.4.201", b"1.2.3.4.5.6.7.8.9.10\0\0")  # fmt: skip


def truncated(chance: random.Random, content: bytearray) -> bytearray:
    """Cut off anywhere."""
    return content[: chance.randrange(len(content))]


def flipped(chance: random.Random, content: bytearray) -> bytearray:
    """A few bytes changed anywhere."""
    for _ in range(chance.choice((1, 3, 10, 100, 1000))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return content


def header_flipped(chance: random.Random, content: bytearray) -> bytearray:
    """A few bytes changed where the attributes stand."""
    for _ in range(chance.choice((1, 2, 5, 20))):
        content[chance.randrange(128, min(len(content), 4000))] = chance.randrange(256)
    return content


def pixels_flipped(chance: random.Random, content: bytearray) -> bytearray:
    """A few bytes changed where the pixels begin: markers, tables and tile sizes of code streams."""
    start = content.find(_PIXELS)
    for _ in range(chance.choice((1, 3, 10, 50))):
        content[min(start + chance.randrange(600), len(content) - 1)] = chance.randrange(256)
    return content


def gigantic(chance: random.Random, content: bytearray) -> bytearray:
    """Sizes that are not those of the pixels: rows, columns, samples, bits, all of 16 bits."""
    for tag in chance.sample(_SIZES, chance.randrange(1, 4)):
        at = content.find(tag)
        if at >= 0:
            content[at + 8 : at + 10] = struct.pack("<H", chance.choice((0, 1, 255, 4096, 32768, 65535)))
    return content


def lengths_changed(chance: random.Random, content: bytearray) -> bytearray:
    """The length of an element changed to anything, none, or the undefined one."""
    at = chance.choice([place for place in (content.find(tag) for tag in (*_SIZES, _FRAMES, _PIXELS)) if place >= 0])
    size = chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, chance.randrange(2**32)))
    place = at + chance.choice((4, 8))
    content[place : place + 4] = struct.pack("<I", size)
    return content


def nested(chance: random.Random, content: bytearray) -> bytearray:
    """Sequences in sequences, hundreds deep, before the pixels."""
    deep = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * chance.choice((10, 500, 20_000))
    at = max(content.find(_SIZES[0]), 132)
    content[at:at] = deep
    return content


def another_syntax(chance: random.Random, content: bytearray) -> bytearray:
    """A transfer syntax that is not that of the pixels."""
    at = content.find(b"1.2.840.10008.1.2")
    name = chance.choice(_SYNTAXES)
    content[at : at + len(name)] = name
    return content


def headless(chance: random.Random, content: bytearray) -> bytearray:
    """Without the header of PS3.10, wholly or in part."""
    return content[chance.choice((128, 132, 132 + chance.randrange(400))) :]


def noise(chance: random.Random, content: bytearray) -> bytearray:
    """Nothing but noise, perhaps behind a right beginning."""
    return content[: chance.choice((0, 132, 600))] + bytearray(chance.randbytes(chance.choice((0, 1, 10_000))))


KINDS: tuple[Damage, ...] = (
    truncated, flipped, header_flipped, pixels_flipped, gigantic, lengths_changed, nested, another_syntax, headless,
    noise,
)  # fmt: skip


def damaged(files: Sequence[bytes], count: int, seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """Yield kind and content of so many damaged files; every kind is met by every file."""
    chance = random.Random(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield kind.__name__, bytes(kind(chance, bytearray(files[number // len(KINDS) % len(files)])))
