"""Which version of each study or note this process has last heard of, so that overtaken ones cost nothing."""

from __future__ import annotations

from collections import OrderedDict

from streams.records import Overruling, SlowEvent, Version

Heard = SlowEvent | Overruling


class Known:
    """The highest version of each, the latest heard of; a convenience, for readers unite versions.

    Parameters
    ----------
    most
        Resources remembered.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._highest: OrderedDict[tuple[str, str], tuple[Version, str]] = OrderedDict()

    def hear(self, said: Heard) -> None:
        """Take in a version, or word that it has become another patient's or nobody's."""
        key = said.source, said.resource_id
        known = self._highest.pop(key, None)
        here = said.version, said.patient_id
        self._highest[key] = here if known is None else max(known, here)
        if len(self._highest) > self._most:
            self._highest.popitem(last=False)

    def is_overtaken(self, event: SlowEvent) -> bool:
        """Tell whether a higher version has been heard of."""
        known = self._highest.get((event.source, event.resource_id))
        return known is not None and known[0] > event.version
