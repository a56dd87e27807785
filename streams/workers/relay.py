"""What one partition owes to others: words on who is who, and the facts of retired ids and aliases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

import msgspec

from streams import topics
from streams.clock import Instant
from streams.identity import is_alias
from streams.records import Identities, Identity, Transfer
from streams.timeline.share import Share
from streams.transport.produce import Out, partition_of

_encode = msgspec.json.Encoder().encode


class Relay:
    """Sends to the partitions concerned what they cannot know by themselves.

    A partition is the home of the ids whose key falls into it. The home of a Patient resource tells what it says of
    identities: a retired id to all partitions, an alias to that of the alias. The home of a retired id or of an alias
    sends on the facts that came under it, to the home of the patient whose they are. Everything may be sent again.

    Parameters
    ----------
    partitions
        Partitions of every patient-keyed topic.
    """

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions

    def home(self, identity: str) -> int:
        """Return the partition that an identity's key falls into."""
        return _home(identity, self.partitions)

    def of_here(self, identities: Iterable[str], number: int) -> list[str]:
        """Return those of the identities whose keys fall into a partition."""
        return [name for name in identities if self.home(name) == number]

    def words(self, share: Share, patient_ids: Iterable[str], received_at: Instant) -> list[Out]:
        """Return what the Patient resources under these ids say of identities, to whom it concerns."""
        outs: list[Out] = []
        for patient_id in patient_ids:
            said = [w for p in share.timelines[patient_id].patients.values() for w in p.words()]
            for subject in sorted({word.subject for word in said}):
                found = tuple(word for word in said if word.subject == subject)
                outs += self._told(subject, Identities(found, received_at))
        return outs

    def _told(self, subject: str, words: Identities) -> list[Out]:
        # Where something is taken back, whoever was sent facts under the alias must hear it; that is not known here.
        alone = is_alias(subject) and all(word.stands for word in words.words)
        return _addressed(subject, words, [self.home(subject)] if alone else range(self.partitions))

    def contested(self, share: Share, number: int, origin: str, received_at: Instant) -> list[Out]:
        """Return all words on an alias of this partition that several were said of, to all others."""
        words = share.identities.words_of(origin)
        if not is_alias(origin) or self.home(origin) != number or len(words) < 2:
            return []
        others = [other for other in range(self.partitions) if other != number]
        return _addressed(origin, Identities(words, received_at), others)

    def transfers(
        self, share: Share, number: int, origin: str, pieces: Collection[int], received_at: Instant
    ) -> list[Out]:
        """Return pieces of what came under a retired id or an alias, to the home of the patient whose they are.

        Nothing where that is here, or where the origin is not at home: its home is the one to send them.
        """
        way = share.identities.way(origin)
        target = self.home(way[-1])
        if target == number or self.home(origin) != number:
            return []
        words = tuple(word for identity in way for word in share.identities.words_of(identity))
        return [
            self._transfer(target, origin, piece, value, words, received_at)
            for piece in sorted(pieces)
            if (value := share.encoded(origin, piece)) is not None
        ]

    def _transfer(
        self, target: int, origin: str, piece: int, value: bytes, words: Sequence[Identity], received_at: Instant
    ) -> Out:
        record = Transfer(origin, piece, value, tuple(words), received_at)
        return Out(topics.EVENTS_TRANSFERS, target, origin.encode(), _encode(record))


def _addressed(subject: str, words: Identities, partitions: Iterable[int]) -> list[Out]:
    key, value = subject.encode(), _encode(words)
    return [Out(topics.EVENTS_TRANSFERS, number, key, value) for number in partitions]


@lru_cache(maxsize=100_000)
def _home(identity: str, partitions: int) -> int:
    """Remembered: it is asked for every patient of every flush, and murmur2 in Python costs several microseconds."""
    return partition_of(identity.encode(), partitions)
