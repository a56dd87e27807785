"""Who runs a command, for what is written down of it."""

from __future__ import annotations

import getpass

from streams.errors import RejectedMessage


def user() -> str:
    """Return the name of this machine's user; raises RejectedMessage where there is none, as for the image's uid."""
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise RejectedMessage("by", "--by", "who asks, for this machine knows no name of its user", "none") from error
