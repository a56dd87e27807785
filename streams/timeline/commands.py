"""What people say of a patient's alerts, as it is remembered: of the same words the highest version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from streams.records import AlertCommand

_encode = msgspec.msgpack.Encoder().encode


def join_command(a: AlertCommand, b: AlertCommand) -> AlertCommand:
    """Unite two versions: the higher speaks; of two with one number the same, whatever the order of arrival."""
    return max(a, b, key=_rank)


def _rank(one: AlertCommand) -> tuple[int, bytes]:
    return one.version, _encode(one)


def standing(held: Iterable[Mapping[str, AlertCommand]]) -> tuple[AlertCommand, ...]:
    """Return what was said of one patient's alerts and not taken back, ascending by time and id.

    Parameters
    ----------
    held
        Commands by id, of every identity that is this patient's.
    """
    found = [word for words in held for word in words.values() if not word.withdrawn]
    return tuple(sorted(found, key=lambda word: (word.effective_at, word.command_id))) if found else ()
