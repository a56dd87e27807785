"""State by union: order, repeats, restarts and former owners leave no trace."""

import random
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clock import HOUR
from streams.errors import ContractError
from streams.publish.identity import facts_digest
from streams.records import ClinicalEvent, Measure, ObservationVersion, PatientVersion, Version
from streams.timeline.codebook import CODEBOOK
from streams.timeline.encoding import PieceKey, decode_slot, encode_key, encode_slot
from streams.timeline.held import Held, held, join
from streams.timeline.pieces import Piece
from streams.timeline.retention import Retention
from streams.timeline.rows import narrowed, no_words, rows_of, viewed
from streams.timeline.share import Share
from streams.timeline.slot import SLOT
from streams.timeline.snapshot import snapshot

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * 24 * HOUR)
START = 1_700_000_000_000


def digested(event: ClinicalEvent) -> ClinicalEvent:
    """Give a version the digest of its content, as normalise does."""
    digest = blake2b(msgspec.msgpack.encode(event), digest_size=8).digest()
    return msgspec.structs.replace(event, version=msgspec.structs.replace(event.version, digest=digest))


observations = st.builds(
    ObservationVersion,
    source=st.sampled_from(["hospital", "monitor"]),
    resource_id=st.sampled_from(["a", "b", "c", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"]),
    patient_id=st.sampled_from(["p1", "p2"]),
    version=st.builds(
        Version,
        last_updated=st.sampled_from([0, START]),
        version_id=st.integers(0, 3),
        status_rank=st.integers(1, 4),
    ),
    withdrawn=st.booleans(),
    received_at=st.just(0),
    # Within the retention of each other: which versions of one resource were refused for age depends on their order.
    effective_at=st.integers(START, START + 70 * HOUR) | st.none(),
    encounter_id=st.sampled_from(["", "e1"]),
    measures=st.lists(
        st.builds(
            lambda code, value: Measure(code, code, value),
            st.sampled_from(["8867-4", "9279-1", "2823-3", "made-up"]),
            st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(40, 120).map(float),
        ),
        max_size=3,
    ).map(tuple),
).map(digested)
patients = st.builds(
    PatientVersion,
    source=st.just("hospital"),
    resource_id=st.sampled_from(["p1", "other"]),
    patient_id=st.sampled_from(["p1", "p2"]),
    version=st.builds(Version, version_id=st.integers(0, 3)),
    withdrawn=st.booleans(),
    received_at=st.just(0),
    birth_date=st.sampled_from(["", "1950", "1961-04-02"]),
    sex=st.sampled_from(["", "female", "male"]),
).map(digested)
events = st.lists(observations | patients, max_size=12)


def slot(resources: list[Held]) -> bytes:
    words = no_words()
    rows = b"".join(rows_of(one, words) for one in resources)
    return encode_slot(*narrowed(viewed(rows), words))


class Log:
    """A compacted changelog of one partition."""

    def __init__(self) -> None:
        self.records: list[Piece] = []

    def append(self, pieces: list[Piece]) -> list[Piece]:
        self.records += pieces
        return pieces


def own(log: Log, mark: bytes = b"mark") -> Share:
    share = Share(mark, RETENTION)
    log.append(share.superseded(log.append(share.restore(log.records))))
    return share


def take(share: Share, log: Log, batch: list[ClinicalEvent], *, cleanup: bool = True) -> None:
    touched = {event.patient_id for event in batch}
    for event in batch:
        share.apply(event)
    written = log.append(share.changed(sorted(touched)))
    if cleanup:
        log.append(share.superseded(written))


def digests(share: Share) -> dict[str, bytes]:
    found = {p: snapshot(p, [timeline]) for p, timeline in share.timelines.items()}
    return {p: facts_digest(s) for p, s in found.items() if s is not None}


def clean(batch: list[ClinicalEvent]) -> dict[str, bytes]:
    log = Log()
    share = own(log)
    take(share, log, batch)
    return digests(share)


@given(events, st.randoms(use_true_random=False))
@settings(max_examples=500, deadline=None)
def test_any_order_with_repeats_ends_in_the_same_state(batch: list[ClinicalEvent], rng: random.Random) -> None:
    shuffled = batch + [e for e in batch if rng.random() < 0.3]
    rng.shuffle(shuffled)
    assert clean(shuffled) == clean(batch)


@given(events, st.integers(0, 12), st.booleans())
@settings(max_examples=500, deadline=None)
def test_a_restart_between_any_two_events_restores_bit_identical_features(
    batch: list[ClinicalEvent], at: int, cleanup: bool
) -> None:
    log = Log()
    take(own(log), log, batch[:at], cleanup=cleanup)
    restored = own(log)
    take(restored, log, batch[at:])
    assert digests(restored) == clean(batch)
    assert digests(own(log)) == clean(batch)


@given(events, st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=500, deadline=None)
def test_a_former_owner_that_writes_late_adds_only_what_was_really_read(
    batch: list[ClinicalEvent], paused_at: int, late: int
) -> None:
    log = Log()
    former = own(log, b"old1")
    take(former, log, batch[:paused_at])
    owner = own(log, b"new1")
    take(owner, log, batch[paused_at:])
    take(former, log, batch[paused_at : paused_at + late])
    again = own(log, b"new2")
    take(former, log, batch[paused_at : paused_at + late])
    take(again, log, [])
    assert digests(own(log, b"new3")) == clean(batch)


@given(observations, observations, observations)
def test_joining_is_commutative_associative_and_idempotent(
    a: ObservationVersion, b: ObservationVersion, c: ObservationVersion
) -> None:
    x, y, z = (held(e) for e in (a, b, c))
    assert join(x, x) == x
    if len({x.version, y.version, z.version}) == 3:
        assert join(x, y) == join(y, x)
        assert join(join(x, y), z) == join(x, join(y, z))


@given(st.lists(observations, max_size=6))
def test_a_slot_reads_back_as_it_was_written(batch: list[ObservationVersion]) -> None:
    resources = sorted({held(e).key: held(e) for e in batch}.values(), key=lambda r: r.key)
    assert resources == [] or decode_slot(slot(resources)) == resources


def test_a_typical_fact_takes_less_than_eighty_bytes() -> None:
    resources = [
        held(
            ObservationVersion(
                "hospital", f"1b4e28ba-2fa1-11d2-883f-0016d3cca{i:03d}", "p1", Version(0, 1, 2, bytes(8)), False, 0,
                START + i * 60_000, "9c6f2a4e-2fa1-11d2-883f-0016d3cca427", (Measure("8867-4", "8867-4", 80.0 + i),),
            )
        )
        for i in range(60)
    ]  # fmt: skip
    assert len(slot(resources)) / 60 < 80


def test_every_owner_takes_an_epoch_one_higher() -> None:
    log = Log()
    assert [own(log, bytes([i])).epoch for i in range(3)] == [1, 2, 3]


def test_older_epochs_pieces_are_removed_only_when_their_successor_is_acknowledged() -> None:
    log = Log()
    event = ObservationVersion("hospital", "a", "p1", Version(), False, 0, START, "", (Measure("x", "8867-4", 80.0),))
    take(own(log, b"old1"), log, [event])
    owner = own(log, b"new1")
    owner.apply(ObservationVersion("hospital", "b", "p1", Version(), False, 0, START, "", ()))
    written = owner.changed(["p1"])
    old = encode_key(PieceKey("p1", START // SLOT, 1, b"old1"))
    assert written == [(encode_key(PieceKey("p1", START // SLOT, 2, b"new1")), written[0][1])]
    assert owner.superseded(written) == [(old, None)]
    assert owner.superseded(written) == []


def test_ticks_only_move_forward_and_survive_a_restart() -> None:
    log = Log()
    share = own(log)
    log.append(share.advance(START))
    assert share.advance(START - 1) == []
    assert own(log).tick == START


def test_a_debt_survives_a_restart_until_it_is_paid() -> None:
    log = Log()
    share = own(log, b"old1")
    log.append(share.owe(["p1", "p2"]))
    assert share.owe(["p1"]) == []
    owner = own(log, b"new1")
    assert owner.owed == {"p1", "p2"}
    log.append(owner.superseded(log.append(owner.settle(["p1"]))))
    assert own(log, b"new2").owed == {"p2"}


def test_state_of_another_schema_version_stops_the_worker() -> None:
    with pytest.raises(ContractError, match="expected schema version 1 or 2 or 3, received 9"):
        decode_slot(b"\x09rest")


@pytest.mark.parametrize("cut", [b"\x03", b"\x03\xff\xff\xff\x7f", b"\x03\1\0\0\0\xc1" + bytes(74)])
def test_a_piece_that_is_cut_off_stops_the_worker(cut: bytes) -> None:
    with pytest.raises(ContractError, match="a piece does not decode"):
        decode_slot(cut)
    with pytest.raises(ContractError, match="a piece does not decode"):
        Share(b"mark", RETENTION).restore([(encode_key(PieceKey("p1", 0, 1, b"old1")), cut)])


def test_a_foreign_record_on_the_changelog_stops_the_worker() -> None:
    with pytest.raises(ContractError, match="is the topic used by another program"):
        Share(b"mark", RETENTION).restore([(b"{}", b"{}")])


def test_the_codebook_of_the_state_is_append_only() -> None:
    assert CODEBOOK[:4] == ("8867-4", "9279-1", "2708-6", "8310-5")
    assert blake2b(" ".join(CODEBOOK[:38]).encode(), digest_size=8).hexdigest() == "febb450c66c46407"


def test_an_hour_of_six_vital_signs_a_second_stays_far_below_the_topics_limit() -> None:
    log = Log()
    share = own(log)
    for n in range(6 * 3600):
        at = START // HOUR * HOUR + n // 6 * 1000
        measures = (Measure("8867-4", "8867-4", 80.5),)
        share.apply(ObservationVersion("hospital", f"o-{n}", "p1", Version(), False, 0, at, "e1", measures))
    assert max(len(value or b"") for _, value in share.changed(["p1"])) < 1_048_576 / 4
