"""How long slow work waits for another try, and when waiting has an end."""

from __future__ import annotations

from streams import topics
from streams.clock import Instant
from streams.settings import Settings

ARRIVING, BUSY = "arriving", "busy"
_TRIES_A_DELAY = 6
"""How many waits of one length make the next longer."""


class Waits:
    """The delays and deadlines of one kind of work.

    Parameters
    ----------
    delays_s
        Retry topic to how long what lies there waits, rising.
    arrival_s
        Seconds that something is waited for which has not come.
    give_up_s
        Seconds that somebody may be away who has to be asked.
    """

    def __init__(self, delays_s: dict[str, float], arrival_s: float, give_up_s: float) -> None:
        self._delays = delays_s
        self._arrival_ms, self._give_up_ms = arrival_s * 1000, give_up_s * 1000

    @property
    def topics(self) -> frozenset[str]:
        """Topics on which something waits for another try."""
        return frozenset(self._delays)

    def delay_ms(self, topic: str) -> int | None:
        """Return how long what lies on a topic waits; None where it does not."""
        delay = self._delays.get(topic)
        return None if delay is None else int(delay * 1000)

    def topic(self, since: Instant, now: Instant) -> str:
        """Return the topic on which something waits: the longer it has waited, the longer until the next try."""
        age_s = (now - since) / 1000
        fitting = [name for name, delay in self._delays.items() if age_s < _TRIES_A_DELAY * delay]
        return fitting[0] if fitting else list(self._delays)[-1]

    def has_arrived(self, since: Instant, now: Instant) -> bool:
        """Tell whether what has not come by now is not waited for any more."""
        return now - since >= self._arrival_ms

    def gives_up(self, since: Instant, now: Instant) -> bool:
        """Tell whether a server or a model has been away for too long."""
        return now - since >= self._give_up_ms


def of_imaging(settings: Settings) -> Waits:
    """Return the waits of imaging studies at a site."""
    delays = dict(zip(topics.IMAGING_RETRIES, settings.imaging_retry_delays_s, strict=True))
    return Waits(delays, settings.imaging_arrival_deadline_s, settings.imaging_give_up_s)


def of_notes(settings: Settings) -> Waits:
    """Return the waits of notes at a site."""
    delays = dict(zip(topics.NOTES_RETRIES, settings.notes_retry_delays_s, strict=True))
    return Waits(delays, settings.notes_arrival_deadline_s, settings.notes_give_up_s)
