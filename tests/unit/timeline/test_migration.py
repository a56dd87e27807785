"""State that the version before wrote is read whole, and rewritten piece by piece as it is touched."""

from __future__ import annotations

from streams.clock import HOUR
from streams.publish.identity import facts_digest
from streams.records import Measure, ObservationVersion, PatientVersion, Version
from streams.timeline.encoding import SCHEMA, decode_key
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * 24 * HOUR)
START = 1_700_000_000_000
RESOURCE = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"

VERSION_1 = [
    (bytes.fromhex(key), bytes.fromhex(value))
    for key, value in (
        # epoch, demographics, a withdrawal without time, two measures, tick, debt: as version 1 wrote them
        ("94a0d3fffffefffffffffe01c4046f6c6431", "0101"),
        (
            "94a27031d3fffffeffffffffff01c4046f6c6431",
            "019196a8686f73706974616ca2703194000100c400c2a7313935302d3033a666656d616c65",
        ),
        (
            "94a27031d3ffffff000000000001c4046f6c6431",
            "019198a8686f73706974616cc4016294cf0000018bcfe568000204c408616263646566676801c0c0c40090",
        ),
        (
            "94a27031ce0056776a01c4046f6c6431",
            "019198a8686f73706974616cc411001b4e28ba2fa111d2883f0016d3cca42794000102c408313233343536373800cf0000018bcfe5"
            "680000c4026531960050a004cb405e200000000000a0",
        ),
        ("94a0d3fffffefffffffffd01c4046f6c6431", "01cf0000018bcfe56800"),
        ("94a27031d3fffffefffffffffc01c4046f6c6431", "0101"),
    )
]

FACTS = (
    ObservationVersion(
        "hospital", RESOURCE, "p1", Version(0, 1, 2, b"12345678"), False, START, START, "e1",
        (Measure("8867-4", "8867-4", 80.0), Measure("8480-6", "8480-6", 120.5)),
    ),
    ObservationVersion("hospital", "b", "p1", Version(START, 2, 4, b"abcdefgh"), True, START),
    PatientVersion("hospital", "p1", "p1", Version(0, 1), False, START, "1950-03", "female"),
)  # fmt: skip


def digest(timeline: Timeline) -> bytes:
    found = snapshot("p1", [timeline])
    assert found is not None
    return facts_digest(found)


def restored() -> Share:
    share = Share(b"new1", RETENTION)
    share.restore(VERSION_1)
    return share


def test_state_of_version_1_gives_the_features_that_its_facts_give_now() -> None:
    now = Timeline(RETENTION)
    for event in FACTS:
        now.apply(event)
    share = restored()
    assert digest(share.timelines["p1"]) == digest(now)
    assert (share.epoch, share.tick, share.owed) == (2, START, {"p1"})


def test_facts_of_version_2_were_written_as_those_of_version_1() -> None:
    share = Share(b"new1", RETENTION)
    share.restore([(key, b"\x02" + value[1:]) for key, value in VERSION_1])
    assert digest(share.timelines["p1"]) == digest(restored().timelines["p1"])


def test_a_patient_of_version_1_says_nothing_of_identities_until_it_comes_again() -> None:
    [patient] = restored().timelines["p1"].patients.values()
    assert patient.words() == ()


def test_a_touched_piece_is_written_in_this_version_and_the_older_one_is_removed() -> None:
    share = restored()
    late = ObservationVersion("hospital", "c", "p1", Version(0, 1, 2), False, START, START, "", FACTS[0].measures)  # type: ignore[union-attr]
    share.apply(late)
    written = share.changed(["p1"])
    assert [(decode_key(key).epoch, (value or b"")[0]) for key, value in written] == [(2, SCHEMA)]
    assert share.superseded(written) == [(VERSION_1[3][0], None)]


def test_state_half_migrated_is_the_same_state() -> None:
    share = restored()
    share.apply(FACTS[2])
    again = Share(b"new2", RETENTION)
    again.restore([*VERSION_1, *share.changed(["p1"])])
    assert digest(again.timelines["p1"]) == digest(share.timelines["p1"])
