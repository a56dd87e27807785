"""Versions that may have left their patient: what every partition remembers of them, whoever they were held for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from hashlib import blake2b

import msgspec

from streams.clock import Instant
from streams.records import Overruling
from streams.timeline.studies import HeldStudy, Resource

FactKey = tuple[str, str]
"""source and resource id."""

BUCKETS = 2**20
"""Overrulings are written together with those of the same bucket, so that a new one rewrites few others."""


def bucket_of(key: FactKey) -> int:
    """Return the bucket of a resource, by digest."""
    return int.from_bytes(blake2b("\x1f".join(key).encode(), digest_size=8).digest(), "big") % BUCKETS


class Overruled:
    """The highest overruling of each resource; united by version, forgotten by arrival.

    Parameters
    ----------
    retention_ms
        How long before the newest arrival an overruling is remembered at least; longer while it voids something.
    """

    def __init__(self, retention_ms: Instant) -> None:
        self._retention_ms = retention_ms
        self._known: dict[int, dict[FactKey, Overruling]] = {}
        self._newest: Instant = 0
        self._looked_at: Instant = 0

    def take(self, word: Overruling) -> bool:
        """Remember an overruling; True where that changed anything."""
        key = word.source, word.resource_id
        bucket = self._known.setdefault(bucket_of(key), {})
        old = bucket.get(key)
        self._newest = max(self._newest, word.received_at)
        bucket[key] = word if old is None else _join(old, word)
        return bucket[key] != old

    def voids(self, patient_id: str, resource: Resource) -> bool:
        """Tell whether a resource held for this identity has been left by a higher version.

        What was said of a study or a note is void as soon as a higher version of it is heard of, whoever's that is:
        what a model says of the new one comes later, or never.
        """
        if not self._known:
            return False
        word = self._known.get(bucket_of(resource.key), {}).get(resource.key)
        if word is None or word.version <= resource.version:
            return False
        return isinstance(resource, HeldStudy) or word.patient_id != patient_id

    def forget_old(self, held_among: Callable[[Set[FactKey]], Set[FactKey]]) -> set[int]:
        """Forget what came too long ago and voids nothing, and return the buckets that this changed.

        Looks only once the newest arrival has moved by a part of the retention; a look costs a walk over all.
        """
        if self._newest - self._looked_at < self._retention_ms // 24:
            return set()
        self._looked_at = self._newest
        limit = self._newest - self._retention_ms
        old = {key for bucket in self._known.values() for key, word in bucket.items() if word.received_at < limit}
        old -= held_among(old)
        buckets = {bucket_of(key) for key in old}
        for key in old:
            del self._known[bucket_of(key)][key]
        for number in [number for number in buckets if not self._known[number]]:
            del self._known[number]
        return buckets

    def resources(self) -> Iterator[FactKey]:
        """Yield every resource that has been overruled."""
        for bucket in self._known.values():
            yield from bucket

    def bucket(self, number: int) -> list[Overruling]:
        """Return the overrulings that are written together."""
        return list(self._known.get(number, {}).values())


def _join(a: Overruling, b: Overruling) -> Overruling:
    top = a if (a.version, a.patient_id) >= (b.version, b.patient_id) else b
    newest = max(a.received_at, b.received_at)
    return top if top.received_at == newest else msgspec.structs.replace(top, received_at=newest)
