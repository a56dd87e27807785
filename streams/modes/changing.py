"""Changes of a model's modes: promote, shadow, silence, retire, roll back; each gives the modes that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.errors import RejectedMessage
from streams.modes.standing import live_of
from streams.records import Mode, ModelModes

Modes = Mapping[str, Mode]


def promoted(modes: Modes, version: str) -> dict[str, Mode]:
    """Return the modes once a version is live; the one that was live before is not asked any more.

    Silent versions are kept as shadows: silent means that nothing of the model is shown.
    """
    kept: dict[str, Mode] = {v: "shadow" for v, mode in modes.items() if mode != "live" and v != version}
    return _changed(modes, {**kept, version: "live"})


def shadowed(modes: Modes, version: str) -> dict[str, Mode]:
    """Return the modes once a version is asked beside the live one; refused where none is live."""
    if live_of(modes) is None:
        raise RejectedMessage("no-live-version", "version", "a live version beside it", "a model of which none is live")
    if live_of(modes) == version:
        raise RejectedMessage("is-live", "version", "a version that is not live", "the live one; promote another first")
    return _changed(modes, {**modes, version: "shadow"})


def silenced(modes: Modes, version: str) -> dict[str, Mode]:
    """Return the modes once nothing of the model is shown: this version and all that was asked is asked and kept."""
    return _changed(modes, dict.fromkeys({*modes, version}, "silent"))


def retired(modes: Modes, version: str) -> dict[str, Mode]:
    """Return the modes once a version is not asked any more; refused for the live one."""
    if live_of(modes) == version:
        raise RejectedMessage("is-live", "version", "a version that is not live", "the live one; silence it first")
    return _changed(modes, {v: mode for v, mode in modes.items() if v != version})


def rolled_back(modes: Modes, history: Sequence[ModelModes]) -> dict[str, Mode]:
    """Return the modes of before another version, or none, became live.

    Parameters
    ----------
    history
        Every change of this model, oldest first.
    """
    for record in reversed(history):
        if live_of(record.was) != live_of(modes):
            return _changed(modes, record.was)
    raise RejectedMessage("nothing-before", "model", "another live version before this one", "a model that never had")


def _changed(before: Modes, after: Modes) -> dict[str, Mode]:
    if dict(before) == dict(after):
        raise RejectedMessage("no-change", "version", "a change", "the modes that stand already")
    return {version: after[version] for version in sorted(after, key=_number)}


def _number(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isdecimal() else (0, version)
