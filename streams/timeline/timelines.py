"""The timelines of one partition: those looked at lately open, all others at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set

from streams.clock import Instant
from streams.timeline.closed import Instants, closed, instants, may_hold, opened
from streams.timeline.retention import Retention
from streams.timeline.rows import NEVER, identify
from streams.timeline.signatures import Signatures
from streams.timeline.studies import Resource
from streams.timeline.timeline import Timeline

OPEN_BYTES = 32 * 2**20
"""Memory of the open timelines of a partition beyond which those asked for longest ago are laid to rest, where nobody
says otherwise. To open 100 facts takes 40 µs and to close them 150 µs; `bench.state`."""

Key = tuple[str, str]
"""source and resource id."""


class Timelines(Mapping[str, Timeline]):
    """Identity to timeline; what is asked for is opened.

    A timeline is closed by `rest` alone: until then whoever holds one may change it.
    """

    def __init__(self, retention: Retention, voids: Callable[[str, Resource], bool]) -> None:
        self._retention, self._voids = retention, voids
        self._open: dict[str, Timeline] = {}
        """Those asked for last stand last."""
        self._closed: dict[str, bytes] = {}
        self._said_alone: dict[str, Instant] = {}
        """Of those at rest under which nothing but studies and notes is known: the oldest time of one."""
        self._signatures = Signatures()
        self._opened = 0
        """How many since it was last looked at how large they are: that is a walk over all that are open."""
        self.open_bytes = OPEN_BYTES
        """Memory of the open ones beyond which those asked for longest ago are laid to rest."""

    def __len__(self) -> int:
        return len(self._open) + len(self._closed)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._open, *self._closed])

    def __contains__(self, identity: object) -> bool:
        return identity in self._open or identity in self._closed

    def __getitem__(self, identity: str) -> Timeline:
        timeline = self._open.pop(identity, None)
        if timeline is None:
            timeline = opened(self._closed.pop(identity), self._retention, self._voids_for(identity))
            self._said_alone.pop(identity, None)
            self._opened += 1
        self._open[identity] = timeline
        return timeline

    def made(self, identity: str) -> Timeline:
        """Return what is remembered under an identity, an empty timeline where nothing is known yet."""
        if identity in self:
            return self[identity]
        made = self._open[identity] = Timeline(self._retention, self._voids_for(identity))
        self._opened += 1
        return made

    def _voids_for(self, identity: str) -> Callable[[Resource], bool]:
        voids = self._voids
        return lambda resource: voids(identity, resource)

    def drop(self, identity: str) -> Timeline | None:
        """Forget a timeline and return it."""
        if identity not in self:
            return None
        timeline = self[identity]
        self._signatures.clear(timeline.signatures, free=True)
        return self._open.pop(identity)

    def close(self, identity: str) -> None:
        """Lay a timeline to rest; nobody may hold it any more, and nothing of it waits to be written."""
        timeline = self._open.pop(identity)
        timeline.signatures = self._signatures.put(identity, timeline.signatures, timeline.ids())
        self._closed[identity] = closed(timeline)
        if (oldest := timeline.oldest_said()) is not None:
            self._said_alone[identity] = oldest

    def rest(self) -> None:
        """Lay to rest those that were asked for longest ago, as far as they are more than may stay open."""
        if self._opened <= len(self._open) // 16:
            return
        sizes = {identity: timeline.facts.size for identity, timeline in self._open.items()}
        beyond = sum(sizes.values()) - self.open_bytes
        for identity, size in sizes.items():
            if beyond > 0 and not self._open[identity].touched:
                self.close(identity)
                beyond -= size
        # What could not be closed is looked at again.
        self._opened = len(self._open) if beyond > 0 else 0

    def holding(self, key: Key) -> list[str]:
        """Return the identities under which a resource may be remembered."""
        resource = identify(key[1])[1]
        resting = {name for name in self._signatures.holders(resource) if self._rests_with(name, resource)}
        awake = [name for name, timeline in self._open.items() if timeline.may_hold(key, resource)]
        return [*awake, *sorted(resting)]

    def _rests_with(self, identity: str, resource: bytes) -> bool:
        raw = self._closed.get(identity)
        return raw is not None and may_hold(raw, resource)

    def held_among(self, keys: Set[Key]) -> Set[Key]:
        """Return those of the keys under which an Observation, an Encounter or a study is remembered by anyone."""
        return {key for key in keys if any(self[name].held_among({key}) for name in self.holding(key))}

    def said_alone(self, limit: Instant) -> list[str]:
        """Return the identities without a horizon under which a study or note from before an instant is held."""
        resting = [identity for identity, oldest in self._said_alone.items() if oldest < limit]
        awake = ((identity, timeline.oldest_said()) for identity, timeline in self._open.items())
        return resting + [identity for identity, oldest in awake if oldest is not None and oldest < limit]

    def instants(self, identity: str) -> Instants:
        """Return the newest usable instant and the horizon of an identity, without opening what rests."""
        raw = self._closed.get(identity)
        if raw is not None:
            return instants(raw)
        timeline = self._open.get(identity)
        if timeline is None:
            return Instants(NEVER, NEVER)
        return Instants(timeline.facts.newest_usable(), NEVER if timeline.horizon is None else timeline.horizon)


def as_of(found: list[Instants]) -> Instant | None:
    """Return the instant that a score of one patient is as of; see `snapshot.as_of`."""
    newest = max((one.newest_usable for one in found), default=NEVER)
    newest = newest if newest > NEVER else max((one.horizon for one in found), default=NEVER)
    return newest if newest > NEVER else None
