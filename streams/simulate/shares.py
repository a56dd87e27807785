"""How much of a simulated feed is disturbed."""

from __future__ import annotations

import msgspec


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of the ward's observations that are disturbed, each in its way, and the number of merges."""

    delayed: float = 0.20
    """Arrive 10 minutes to 6 hours after the server has them; as many Patients and Encounters do."""
    corrected: float = 0.05
    """Come with a wrong value first and are corrected within three hours."""
    withdrawn: float = 0.02
    """Are entered in error and say so within three hours; where the fact itself is delayed, sometimes before it."""
    duplicated: float = 0.01
    """Arrive a second time, unchanged, within an hour, also behind a newer version; so do Patients and Encounters."""
    moved: float = 0.005
    """Are charted for another patient first; a correction names the right one."""
    nameless: float = 0.002
    """Turn out to be nobody's: a correction names no patient."""
    by_identifier: float = 0.02
    """Name their patient by the hospital's number alone, also while the Patient that has it is still delayed."""
    deleted: float = 0.002
    """Are deleted within three hours, by a transaction."""
    misdated: float = 0.002
    """Are dated a day or two ahead, one in ten up to nine days, and withdrawn within three hours."""
    merges: int = 2
    """Persons with a second record, which is merged into the first in mid-feed; of two or more the last is undone."""


AS_STATED = Shares()
"""What a bad day brings."""
