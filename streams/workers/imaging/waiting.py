"""How long a study waits for another try, and when waiting has an end."""

from __future__ import annotations

from streams import topics
from streams.clock import Instant
from streams.settings import Settings

ARRIVING, BUSY = "arriving", "busy"
_TRIES_A_DELAY = 6
"""How many waits of one length make the next longer."""


class Waits:
    """The delays and deadlines of a site."""

    def __init__(self, settings: Settings) -> None:
        self._delays = dict(zip(topics.IMAGING_RETRIES, settings.imaging_retry_delays_s, strict=True))
        self._arrival_ms = settings.imaging_arrival_deadline_s * 1000
        self._give_up_ms = settings.imaging_give_up_s * 1000

    def delay_ms(self, topic: str) -> int | None:
        """Return how long what lies on a topic waits; None where it does not."""
        delay = self._delays.get(topic)
        return None if delay is None else int(delay * 1000)

    def topic(self, since: Instant, now: Instant) -> str:
        """Return the topic on which a study waits: the longer it has waited, the longer until the next try."""
        age_s = (now - since) / 1000
        fitting = [name for name, delay in self._delays.items() if age_s < _TRIES_A_DELAY * delay]
        return fitting[0] if fitting else topics.IMAGING_RETRIES[-1]

    def has_arrived(self, since: Instant, now: Instant) -> bool:
        """Tell whether instances that have not come by now are not waited for any more."""
        return now - since >= self._arrival_ms

    def gives_up(self, since: Instant, now: Instant) -> bool:
        """Tell whether a PACS or a model has been away for too long."""
        return now - since >= self._give_up_ms
