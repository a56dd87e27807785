"""When what is charted: a monitor every five minutes, a cuff every quarter of an hour, a nurse every four hours."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec

from streams.simulate.artefacts import cuffed, disturbed
from streams.simulate.chance import moments
from streams.simulate.laboratory import Chemistry
from streams.simulate.physiology import Body, Vitals
from streams.simulate.resources import Resource, absent, blood_pressure, fahrenheit, laboratory_value, vital_sign
from streams.simulate.trajectories import Course

MONITORED = 0.6
"""Share of patients on a monitor; the rest are charted by a nurse alone."""
IN_FAHRENHEIT = 0.08
"""Share of patients whose thermometer tells degrees Fahrenheit."""
OFF_PER_HOUR = 1 / 8
"""How often a monitored patient leaves the monitor, for 10 to 60 minutes."""
ABSENT = 0.02
"""Share of a nurse's entries that say why there is no value."""
WORRIED = 0.3
"""Severity from which a nurse charts hourly and gives oxygen as needed."""


class Charted(msgspec.Struct, frozen=True):
    """One thing charted."""

    hours: float
    """When it was measured, after the beginning."""
    known_h: float
    """When it stands in the hospital's system."""
    content: Resource


class Habits(msgspec.Struct, frozen=True):
    """How one patient is watched."""

    monitored: bool
    in_fahrenheit: bool


def habits(chance: Random) -> Habits:
    """Draw how a patient is watched."""
    return Habits(chance.random() < MONITORED, chance.random() < IN_FAHRENHEIT)


def chart(
    body: Body, chemistry: Chemistry, course: Course, kept: Habits, hours: float, chance: Random
) -> Iterator[Charted]:
    """Yield everything charted of one patient in the order in which it is measured."""
    for at, kind in sorted(_rounds(course, kept, hours, chance)):
        if kind == "blood":
            yield from _blood(chemistry, at, chance)
            continue
        reading = body.measured(at)
        if kind == "monitor":
            yield from _monitor(disturbed(reading, chance), at)
        elif kind == "cuff":
            yield _at(at, _pressure(cuffed(reading, chance)))
        else:
            yield from _nurse(reading, at, course.severity(at), kept, chance)


def _rounds(course: Course, kept: Habits, hours: float, chance: Random) -> Iterator[tuple[float, str]]:
    if kept.monitored:
        off = [(start, start + chance.uniform(1 / 6, 1)) for start in moments(chance, OFF_PER_HOUR, hours)]
        for every, kind in ((5 / 60, "monitor"), (0.25, "cuff")):
            yield from ((at, kind) for at in _every(every, hours, chance) if not any(a < at < b for a, b in off))
    at = chance.uniform(0, 1)
    while at < hours:
        yield at, "nurse"
        at += (1 if course.severity(at) > WORRIED else 4) * chance.uniform(0.9, 1.1)
    at = chance.uniform(0.05, 0.8)
    while at < hours:
        yield at, "blood"
        at += (4 if course.severity(at) > WORRIED else 16) * chance.uniform(0.8, 1.2)


def _every(interval: float, hours: float, chance: Random) -> Iterator[float]:
    start = chance.uniform(0, interval)
    for number in range(int(hours / interval)):
        yield min(hours, start + number * interval + chance.uniform(0, 0.05) * interval)


def _monitor(reading: Vitals, at: float) -> Iterator[Charted]:
    yield _at(at, vital_sign("8867-4", round(reading.heart_rate)))
    yield _at(at, vital_sign("9279-1", round(reading.respiratory_rate)))
    yield _at(at, vital_sign("2708-6", round(reading.spo2)))


def _nurse(reading: Vitals, at: float, severity: float, kept: Habits, chance: Random) -> Iterator[Charted]:
    known = at + chance.uniform(0.5, 6) / 60
    celsius = round(reading.temperature, 1)
    contents = [fahrenheit(celsius) if kept.in_fahrenheit else vital_sign("8310-5", celsius)]
    if not kept.monitored:
        contents += [one.content for one in _monitor(reading, at)]
        contents.append(_pressure(cuffed(reading, chance)))
    contents.append(vital_sign("9269-2", round(reading.coma_score)))
    if severity > WORRIED or reading.spo2 < 92:
        contents.append(vital_sign("3151-8", round(1 + 8 * severity)))
    if chance.random() < 0.5:
        contents.append(vital_sign("72514-3", chance.randint(0, 6)))
    for content in contents:
        yield Charted(at, known, absent(content) if chance.random() < ABSENT else content)


def _blood(chemistry: Chemistry, at: float, chance: Random) -> Iterator[Charted]:
    known = at + chance.uniform(0.6, 1.6)
    for assay, value in chemistry.sample(at):
        yield Charted(at, known, laboratory_value(assay.code, assay.name, value, assay.unit))


def _pressure(reading: Vitals) -> Resource:
    return blood_pressure(round(reading.systolic), round(reading.diastolic))


def _at(at: float, content: Resource) -> Charted:
    return Charted(at, at + 2 / 3600, content)
