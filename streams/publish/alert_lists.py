"""Lists of open alerts, of all and by ward: derived from the patients' own, and put right by looking again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import Any, NamedTuple

from streams.publish import keys

_SCAN, _AT_ONCE = 500, 500

Name = tuple[str, str]
"""Patient id and alert id."""


class Stand(NamedTuple):
    """What stands of one alert in its patient's own keys."""

    place: bytes
    """``topic_id epoch offset changed_at ward`` of its newest word; empty where there is none."""
    is_open: bool

    @property
    def ward(self) -> str:
        """Ward of the newest word; empty where unknown."""
        return self.place.decode().split(" ", 4)[4] if self.place else ""

    @property
    def lists(self) -> dict[str, float]:
        """Keys of the lists that it belongs in, and its score there: when it changed, in ms."""
        if not (self.place and self.is_open):
            return {}
        changed_at = float(self.place.split(b" ", 4)[3])
        return dict.fromkeys((keys.OPEN_ALERTS, keys.open_alerts(self.ward)), changed_at)


async def settle(redis: Any, wards: Mapping[Name, Set[str]]) -> None:
    """Put alerts into the lists where they belong, and again where a newer word has come meanwhile.

    Lists may stand in another part of a cluster than the patients' keys, so no script compares them: whoever moves last
    has looked after moving.

    Parameters
    ----------
    wards
        Of each alert the wards in whose lists it may be wrongly.
    """
    names = list(wards)
    for start in range(0, len(names), _AT_ONCE):
        leave = {name: {*wards[name], ""} for name in names[start : start + _AT_ONCE]}
        found = await _standing(redis, leave)
        while leave:
            await _move(redis, {name: found[name] for name in leave}, leave)
            after = await _standing(redis, leave)
            leave = {name: {"", found[name].ward} for name, stand in after.items() if stand != found[name]}
            found = after


async def repair(redis: Any) -> tuple[int, int]:
    """Go through every patient's open alerts and put right the lists that differ.

    Returns
    -------
    open_
        Alerts that stand open.
    lost
        Listed alerts of which Redis holds no word at all, as after the loss of a part of it: who ends keeps a place.
    """
    # Lists before patients: what is raised between the two is then wanted and not listed, and settled.
    before = await listed(redis)
    wanted: dict[Name, Stand] = {}
    async for key in redis.scan_iter(match=keys.alerts("*"), count=_SCAN):
        patient_id = key.decode()[len("risk:{") : -len("}:alerts")]
        ids = [(patient_id, alert_id.decode()) for alert_id in await redis.hgetall(key.decode())]
        wanted |= await _standing(redis, ids)
    wrong: defaultdict[Name, set[str]] = defaultdict(set)
    for name in {*wanted, *before}:
        stand = wanted.get(name, Stand(b"", is_open=False))
        if before.get(name, {}) != stand.lists:
            wrong[name] |= {stand.ward, *map(keys.ward_of_alerts, before.get(name, {}))}
    gone = await _standing(redis, [name for name in wrong if name in before])
    await settle(redis, wrong)
    return len(wanted), sum(not stand.place for stand in gone.values())


async def listed(redis: Any) -> dict[Name, dict[str, float]]:
    """Return of each listed alert the keys of the lists that it is in, as they stand, and its score there."""
    found: defaultdict[Name, dict[str, float]] = defaultdict(dict)
    wards = {key.decode() async for key in redis.scan_iter(match=keys.open_alerts("*"), count=_SCAN)}
    for key in {*wards, keys.OPEN_ALERTS}:
        for member, score in await redis.zrange(key, 0, -1, withscores=True):
            found[split(member.decode())][key] = float(score)
    return found


async def _standing(redis: Any, names: Iterable[Name]) -> dict[Name, Stand]:
    chosen = list(names)
    async with redis.pipeline(transaction=False) as pipeline:
        for patient_id, alert_id in chosen:
            pipeline.hget(keys.places(patient_id), alert_id)
            pipeline.hget(keys.alerts(patient_id), alert_id)
        values = await pipeline.execute() if chosen else []
    pairs = zip(values[::2], values[1::2], strict=True)
    return {name: Stand(place or b"", json is not None) for name, (place, json) in zip(chosen, pairs, strict=True)}


async def _move(redis: Any, stands: Mapping[Name, Stand], wards: Mapping[Name, Set[str]]) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for name, stand in stands.items():
            for key in {keys.open_alerts(ward) for ward in wards[name]} - stand.lists.keys():
                pipeline.zrem(key, member(*name))
            for key, changed_at in stand.lists.items():
                pipeline.zadd(key, {member(*name): changed_at})
        await pipeline.execute()


def member(patient_id: str, alert_id: str) -> str:
    """Return an alert's name in the lists."""
    return f"{patient_id} {alert_id}"


def split(name: str) -> Name:
    """Return patient and alert of a name in the lists."""
    patient_id, _, alert_id = name.partition(" ")
    return patient_id, alert_id
