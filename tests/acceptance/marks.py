"""Marks of patients that are in no word of the system's own, and the search for them."""

from __future__ import annotations

import base64
import re

MARK = "MARKED-7f3a"
NAME, BORN, VALUE = "Zmarkovski", "1937-03-19", 77.7313


def needles() -> list[bytes]:
    """The marks as they are, in base64 at each of its three alignments, and in hexadecimal."""
    plain = [MARK.encode(), NAME.encode(), BORN.encode(), b"%.4f" % VALUE]
    shifted = [base64.b64encode(b"_" * k + MARK.encode())[4:-4] for k in range(3)]
    return [*plain, *shifted, MARK.encode().hex().encode()]


def leaks(text: bytes) -> list[str]:
    """The lines of `text` that hold a mark, whatever the case of its letters."""
    pattern = re.compile(b"|".join(map(re.escape, needles())), re.IGNORECASE)
    return [line.decode("utf-8", "replace")[:300] for line in text.splitlines() if pattern.search(line)]
