"""What one partition tells the others, and to whom: words on who is who, and the facts of retired ids and aliases."""

from __future__ import annotations

from typing import Any

import msgspec

from streams import topics
from streams.clock import HOUR
from streams.identity import alias
from streams.records import Identities, Identity, PatientVersion, Transfer, Version
from streams.timeline.retention import Retention
from streams.timeline.share import Share
from streams.timeline.timeline import DEMOGRAPHICS
from streams.transport.produce import Out
from streams.transport.runs import Run
from streams.workers.gathering import Gathered
from streams.workers.relay import Relay
from tests.unit.workers.fakes import START, Rec, encode, vitals

RELAY = Relay(3)
ANN = alias("urn:mrn", "ann", "hospital")
ALL = [0, 1, 2]
_decode = msgspec.json.Decoder(Identities | Transfer).decode


def at_home(number: int, count: int = 1) -> list[str]:
    """Patients of a partition."""
    return [name for name in (f"p{n}" for n in range(60)) if RELAY.home(name) == number][:count]


HOME = RELAY.home(ANN)
OTHER, THIRD = (n for n in ALL if n != HOME)
[MINE] = at_home(HOME)
[YOURS], [THEIRS] = at_home(OTHER), at_home(THIRD)


def share() -> Share:
    return Share(b"mark", Retention(72 * HOUR, 14 * 24 * HOUR))


def person(patient_id: str, version_id: int = 1, **says: Any) -> PatientVersion:
    return PatientVersion("hospital", patient_id, patient_id, Version(0, version_id), False, START, **says)


def word(subject: str, target: str, version_id: int = 1, *, stands: bool = True) -> Identity:
    return Identity(subject, target, "hospital", target, Version(0, version_id), stands)


def relayed(of: Share, number: int, *events: Any) -> list[Out]:
    """What one flush with these records sends."""
    gathered = Gathered()
    for event in events:
        record = Rec(0, encode(event))
        gathered.take(record, Run(topics.EVENTS_PATIENTS, number, (record,), 1), of)
    outs = gathered.relayed(of, number, RELAY)
    of.changed(gathered.arrivals)
    assert {out.topic for out in outs} <= {topics.EVENTS_TRANSFERS}
    return outs


def told(outs: list[Out]) -> list[tuple[int, str]]:
    """Partition and key of each record that carries words."""
    return [(o.partition, (o.key or b"").decode()) for o in outs if isinstance(_decode(o.value or b""), Identities)]


def sent(outs: list[Out]) -> list[tuple[int, str, int]]:
    """Partition, origin and piece of each record that carries facts."""
    found = [(out.partition, _decode(out.value or b"")) for out in outs]
    return [(number, one.origin, one.piece) for number, one in found if isinstance(one, Transfer)]


def test_a_patient_without_identifiers_and_links_tells_nobody() -> None:
    assert relayed(share(), OTHER, person(YOURS)) == []


def test_an_alias_is_told_to_the_home_of_the_alias_alone() -> None:
    assert told(relayed(share(), OTHER, person(YOURS, aliases=(ANN,)))) == [(HOME, ANN)]


def test_an_alias_taken_back_is_told_to_all() -> None:
    mine = share()
    relayed(mine, OTHER, person(YOURS, 1, aliases=(ANN,)))
    assert told(relayed(mine, OTHER, person(YOURS, 2))) == [(number, ANN) for number in ALL]


def test_a_merge_is_told_to_all_by_whoever_says_it() -> None:
    assert told(relayed(share(), OTHER, person(YOURS, replaced_by=(MINE,)))) == [(n, YOURS) for n in ALL]
    assert told(relayed(share(), OTHER, person(YOURS, replaces=(MINE,)))) == [(n, MINE) for n in ALL]


def test_an_alias_that_one_patient_claims_is_not_told_on_by_its_home() -> None:
    assert told(relayed(share(), HOME, Identities((word(ANN, YOURS),), START))) == []


def test_an_alias_that_several_claim_is_told_by_its_home_to_all_others() -> None:
    mine = share()
    relayed(mine, HOME, Identities((word(ANN, YOURS),), START))
    claimed = relayed(mine, HOME, Identities((word(ANN, THEIRS, 2),), START))
    assert sorted(told(claimed)) == [(number, ANN) for number in sorted((OTHER, THIRD))]
    assert {len(_decode(out.value or b"").words) for out in claimed} == {2}


def test_what_several_claim_is_told_again_when_the_word_comes_again() -> None:
    mine, claim = share(), Identities((word(ANN, YOURS),), START)
    relayed(mine, HOME, Identities((word(ANN, THEIRS, 2),), START), claim)
    assert sorted(told(relayed(mine, HOME, claim))) == [(number, ANN) for number in sorted((OTHER, THIRD))]


def test_what_several_claim_is_not_told_by_anyone_but_the_home_of_the_alias() -> None:
    claims = Identities((word(ANN, YOURS), word(ANN, THEIRS, 2)), START)
    assert relayed(share(), OTHER, claims) == []


def test_facts_of_an_alias_go_to_the_patients_home_once_the_word_comes() -> None:
    mine = share()
    assert relayed(mine, HOME, vitals(ANN)) == []
    assert [place[:2] for place in sent(relayed(mine, HOME, Identities((word(ANN, YOURS),), START)))] == [(OTHER, ANN)]


def test_a_further_fact_of_a_retired_id_goes_alone_and_again_when_it_comes_again() -> None:
    mine, late = share(), vitals(MINE, START + HOUR)
    relayed(mine, HOME, vitals(MINE), person(MINE), Identities((word(MINE, YOURS),), START))
    first, second = sent(relayed(mine, HOME, late)), sent(relayed(mine, HOME, late))
    assert len(first) == 1
    assert first == second


def test_a_word_that_comes_again_sends_all_facts_again() -> None:
    mine, merge = share(), Identities((word(MINE, YOURS),), START)
    relayed(mine, HOME, vitals(MINE), vitals(MINE, START + HOUR), person(MINE))
    first, second = sent(relayed(mine, HOME, merge)), sent(relayed(mine, HOME, merge))
    assert (len(first), first) == (3, second)
    assert (OTHER, MINE, DEMOGRAPHICS) in first


def test_facts_go_straight_to_the_end_of_a_chain_with_the_words_of_the_way() -> None:
    mine = share()
    relayed(mine, HOME, Identities((word(MINE, YOURS), word(YOURS, THEIRS)), START))
    [out] = relayed(mine, HOME, vitals(MINE))
    assert out.partition == THIRD
    assert [one.target for one in _decode(out.value or b"").words] == [YOURS, THEIRS]


def test_a_copy_is_not_sent_on_by_whom_it_was_sent_to() -> None:
    theirs = share()
    origin = share()
    relayed(origin, HOME, Identities((word(MINE, YOURS), word(YOURS, THEIRS)), START))
    [out] = relayed(origin, HOME, vitals(MINE))
    assert relayed(theirs, OTHER, _decode(out.value or b"")) == []
    assert MINE in theirs.timelines


def test_facts_stay_where_origin_and_patient_are_of_one_partition() -> None:
    first, second = at_home(HOME, 2)
    mine = share()
    relayed(mine, HOME, Identities((word(first, second),), START))
    assert relayed(mine, HOME, vitals(first)) == []


def test_no_identifier_stands_in_what_is_sent_but_its_digest() -> None:
    [out] = relayed(share(), OTHER, person(YOURS, aliases=(ANN,)))
    assert out.key == ANN.encode()
    assert b"ann" not in (out.key or b"") + (out.value or b"")
