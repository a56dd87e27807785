"""The drawn films of golden cases; none of them is of a person."""

from __future__ import annotations

import msgspec

from streams.simulate.films import Film


class Phantom(msgspec.Struct, frozen=True):
    """A drawn film with what it is to show."""

    title: str
    film: Film


CASES: tuple[Phantom, ...] = (
    Phantom("a small heart, 12 bit", Film(heart=0.34, offset=200.0, gain=3000.0)),
    Phantom("a middling heart, wider than tall", Film(rows=400, columns=480, heart=0.40)),
    Phantom("a large heart", Film(heart=0.45)),
    Phantom("a very large heart behind hazy lungs", Film(heart=0.55, haze=0.2)),
    Phantom("nothing but one grey", Film(offset=7.0, gain=0.0)),
    Phantom("too small", Film(rows=20, columns=20)),
)
