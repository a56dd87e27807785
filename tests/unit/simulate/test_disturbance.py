"""A disturbed feed: valid, repeatable, disturbed as much as it says, and still the same hospital in the end."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.encounter import Encounter
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient

from streams.clock import DAY, HOUR, MINUTE
from streams.feed.outline import instant
from streams.simulate.disturbance import disturbed, disturbed_arrivals
from streams.simulate.shares import Shares
from streams.simulate.ward import Arrival, arrivals
from tests.unit.simulate.truths import place, survivors, truth, usable, whose

START = 1_767_225_600_000  # 2026-01-01T00:00:00Z
PATIENTS, HOURS, SEED = 64, 24.0, 7
END = START + 24 * HOUR
MODELS = {"Bundle": Bundle, "Encounter": Encounter, "Observation": Observation, "Patient": Patient}
QUIET = Shares(
    delayed=0, corrected=0, withdrawn=0, duplicated=0, moved=0, nameless=0, by_identifier=0, deleted=0, misdated=0,
    merges=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> list[Arrival]:
    return list(arrivals(PATIENTS, HOURS, SEED, START, faultless=True))


@pytest.fixture(scope="module")
def fed() -> list[Arrival]:
    return list(disturbed_arrivals(PATIENTS, HOURS, SEED, START))


@pytest.fixture(scope="module")
def facts(fed: list[Arrival]) -> dict[str, list[Arrival]]:
    """Observation to its versions and its delete, each at its first arrival, in the order of arrival."""
    found: dict[str, list[Arrival]] = defaultdict(list)
    for at, one in fed:
        name = one["id"] if one["resourceType"] == "Observation" else deleted_id(one)
        if name and one not in [known for _, known in found[name]]:
            found[name].append((at, one))
    return found


def deleted_id(resource: dict[str, Any]) -> str:
    if resource["resourceType"] != "Bundle":
        return ""
    return str(resource["entry"][0]["request"]["url"].removeprefix("Observation/"))


def small(**shares: float) -> list[dict[str, Any]]:
    """Resources of a small ward with these disturbances and no other."""
    fed = disturbed_arrivals(12, 12, 3, START, msgspec.structs.replace(QUIET, **shares))
    return [one for _, one in fed]


def observed(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in resources if one["resourceType"] == "Observation"]


def effective(resource: dict[str, Any]) -> int:
    at = instant(resource["effectiveDateTime"])
    assert at is not None
    return at


def delays(fed: list[Arrival]) -> Iterator[int]:
    """Milliseconds from the server to the bus of every first version's first delivery."""
    seen = set()
    for at, one in fed:
        if one["resourceType"] != "Bundle" and one["meta"]["versionId"] == "1" and one["id"] not in seen:
            seen.add(one["id"])
            yield at - place(one)[0]


def test_the_same_arguments_give_the_same_feed_to_the_byte_and_another_seed_another() -> None:
    one, again, other = (msgspec.json.encode(list(disturbed_arrivals(9, 5, seed, START))) for seed in (3, 3, 4))
    assert one == again
    assert one != other


def test_a_feed_disturbed_by_nothing_is_the_wards_own(plain: list[Arrival]) -> None:
    assert list(disturbed(plain, SEED, END, QUIET)) == plain


def test_the_feed_stays_in_order_of_arrival_and_ends_with_the_ward(fed: list[Arrival]) -> None:
    times = [at for at, _ in fed]
    assert times == sorted(times)
    assert times[0] == START
    assert times[-1] <= END


def test_nothing_arrives_before_the_server_has_it(fed: list[Arrival]) -> None:
    assert all(place(one)[0] <= at for at, one in fed if one["resourceType"] != "Bundle")


def test_every_disturbed_resource_is_valid_fhir(fed: list[Arrival]) -> None:
    kinds: dict[tuple[object, ...], dict[str, Any]] = {}
    for _, one in fed:
        subject = one.get("subject", {})
        kind = (one["resourceType"], one.get("status"), *subject, "link" in one, "active" in one, "encounter" in one)
        kinds[*kind, one.get("code", {}).get("coding", [{}])[0].get("code")] = one
    assert len(kinds) > 60
    for one in [*kinds.values(), *(one for _, one in fed[::50])]:
        MODELS[one["resourceType"]](**one)


def test_the_shares_are_those_stated(facts: dict[str, list[Arrival]], fed: list[Arrival]) -> None:
    whole = [versions for versions in facts.values() if versions]
    found: Counter[str] = Counter()
    for versions in whole:
        found.update(fate([one for _, one in versions]))
    twice = Counter((one["id"], one["meta"]["versionId"]) for _, one in fed if one["resourceType"] != "Bundle")
    found["duplicated"] = sum(count > 1 for count in twice.values())
    found["delayed"] = sum(delay >= 10 * MINUTE for delay in delays(fed))
    stated = {name: share for name, share in msgspec.structs.asdict(Shares()).items() if name != "merges"}
    assert len(whole) > 30_000
    for name, share in stated.items():
        assert found[name] / len(whole) == pytest.approx(share, rel=0.15, abs=0.0008), name


def fate(versions: list[dict[str, Any]]) -> list[str]:
    """The disturbances that show in the versions of one fact."""
    if any("entry" in one for one in versions):
        return ["deleted"]
    versions = sorted(versions, key=place)
    if len(versions) == 1:
        return ["by_identifier"] if "identifier" in versions[0]["subject"] else []
    first, second = versions
    if second["status"] == "entered-in-error":
        return ["misdated" if ahead(first) else "withdrawn"]
    if "subject" not in second:
        return ["nameless"]
    return ["moved" if first["subject"] != second["subject"] else "corrected"]


def ahead(resource: dict[str, Any]) -> bool:
    return effective(resource) > place(resource)[0]


def test_delays_are_ten_minutes_to_six_hours_where_there_is_time(fed: list[Arrival]) -> None:
    late = sorted(delay for delay in delays(fed) if delay > 0)
    assert 5.9 * HOUR < late[-1] <= 6 * HOUR
    assert sum(delay < 10 * MINUTE for delay in late) < 0.02 * len(late)


def test_some_corrections_withdrawals_and_deletes_arrive_before_the_fact(facts: dict[str, list[Arrival]]) -> None:
    before = Counter(
        versions[0][1].get("status", "deleted")
        for versions in facts.values()
        if len(versions) > 1 and versions[0][1].get("meta", {}).get("versionId") != "1"
    )
    assert min(before[kind] for kind in ("corrected", "entered-in-error", "deleted")) >= 3


def test_a_repeat_may_come_after_the_correction(fed: list[Arrival]) -> None:
    newest: dict[str, str] = {}
    behind = 0
    for _, one in fed:
        if one["resourceType"] == "Observation":
            behind += one["meta"]["versionId"] < newest.get(one["id"], "")
            newest[one["id"]] = max(one["meta"]["versionId"], newest.get(one["id"], ""))
    assert behind > 10


def test_what_is_not_withdrawn_ends_as_the_ward_charted_it(plain: list[Arrival], fed: list[Arrival]) -> None:
    was, stands = truth(one for _, one in plain), truth(one for _, one in fed)
    meant, held = usable(was), usable(stands)
    changed = {"meta", "status", "issued", "subject", "encounter"}
    for name, one in held.items():
        assert {k: v for k, v in one.items() if k not in changed} == {
            k: v for k, v in meant[name].items() if k not in changed
        }
    assert 0.97 < len(held) / len(meant) < 0.98
    gone = set(meant) - set(held)
    ends = {one["status"] for name, one in stands.items() if name in gone}
    assert ends == {"entered-in-error"}


def test_every_observation_ends_with_the_patient_it_was_taken_of_or_nobody(
    plain: list[Arrival], fed: list[Arrival]
) -> None:
    meant, stands = truth(one for _, one in plain), truth(one for _, one in fed)
    taken_of, found = whose(meant), whose(stands)
    elsewhere = {found[name] for name in usable(stands) if found[name] != taken_of[name]}
    parted = next(name for name, one in stands.items() if one.get("active") is True)
    assert elsewhere == {"", parted}


def test_the_first_version_of_a_moved_fact_stands_with_the_stay_of_the_other_patient() -> None:
    stays = {f"Encounter/{one['id']}": one["subject"] for one in small() if one["resourceType"] == "Encounter"}
    moved = observed(small(moved=0.5))
    assert all(stays[one["encounter"]["reference"]] == one["subject"] for one in moved)
    assert len({one["id"] for one in moved}) < len(moved)


def test_a_patient_alone_has_nobody_to_be_mistaken_for() -> None:
    one = list(disturbed_arrivals(1, 2, 3, START, msgspec.structs.replace(QUIET, moved=1.0)))
    assert {fact["subject"]["reference"] for _, fact in one if "subject" in fact} == {"Patient/sim-0001"}


def test_by_number_alone_says_neither_patient_nor_encounter() -> None:
    numbered = observed(small(by_identifier=1.0))
    assert numbered[0]["subject"]["type"] == "Patient"
    assert {tuple(one["subject"]) for one in numbered} == {("type", "identifier")}
    assert not any("encounter" in one for one in numbered)


def test_some_numbers_come_before_the_patient_who_has_them(fed: list[Arrival]) -> None:
    known, early = set(), 0
    for _, one in fed:
        if one["resourceType"] == "Patient":
            known.add(one["identifier"][0]["value"])
        elif number := one.get("subject", {}).get("identifier", {}).get("value"):
            early += number not in known
    assert early > 10


def test_a_wrong_date_lies_days_ahead_and_is_withdrawn_under_the_same_date() -> None:
    was = usable(truth(small()))
    for one in observed(small(misdated=1.0)):
        days = (effective(one) - effective(was[f"Observation/{one['id']}"])) / DAY
        assert days in {1, 2, 4, 5, 6, 7, 8, 9}
    assert usable(truth(small(misdated=1.0))) == {}


def test_a_delete_is_a_transaction_of_one_entry() -> None:
    bundles = [one for one in small(deleted=1.0) if one["resourceType"] == "Bundle"]
    assert bundles[0]["type"] == "transaction"
    assert [one["entry"] for one in bundles] == [
        [{"request": {"method": "DELETE", "url": one["entry"][0]["request"]["url"]}}] for one in bundles
    ]
    assert observed(list(truth(small(deleted=1.0)).values())) == []


def test_a_merge_links_both_records_in_mid_feed_and_facts_come_under_both() -> None:
    fed = list(disturbed_arrivals(6, 12, 3, START, msgspec.structs.replace(QUIET, merges=1)))
    linked = [(at, one) for at, one in fed if "link" in one]
    (merged, retired), (_, survivor) = linked
    assert START + 4 * HOUR < merged < START + 7 * HOUR
    assert retired["id"] == f"{survivor['id']}-2"
    assert (retired["active"], retired["meta"]["versionId"], survivor["meta"]["versionId"]) == (False, "2", "2")
    assert retired["link"] == [{"other": {"reference": f"Patient/{survivor['id']}"}, "type": "replaced-by"}]
    assert survivor["link"] == [{"other": {"reference": f"Patient/{retired['id']}"}, "type": "replaces"}]
    under = Counter(
        (one["subject"]["reference"].removeprefix("Patient/"), at > merged)
        for at, one in fed
        if one["resourceType"] == "Observation"
    )
    assert min(under[name["id"], later] for name in (retired, survivor) for later in (False, True)) > 1
    assert survivors(truth(one for _, one in fed)) == {f"Patient/{retired['id']}": f"Patient/{survivor['id']}"}


@pytest.mark.parametrize(("merges", "standing"), [(0, 0), (1, 1), (2, 1), (3, 2), (99, 11)])
def test_of_two_or_more_merges_one_is_undone(merges: int, standing: int) -> None:
    assert len(survivors(truth(small(merges=merges)))) == standing


def test_records_that_are_parted_again_say_so_both() -> None:
    stands = truth(small(merges=2))
    parted = [one for one in stands.values() if one["resourceType"] == "Patient" and one["meta"]["versionId"] == "3"]
    assert len(parted) == 2
    assert not any("link" in one for one in parted)


def test_each_record_of_a_person_has_a_number_and_a_stay_of_its_own() -> None:
    stands = truth(small(merges=2))
    people = [one for one in stands.values() if one["resourceType"] == "Patient"]
    stays = {one["subject"]["reference"] for one in stands.values() if one["resourceType"] == "Encounter"}
    assert len({one["identifier"][0]["value"] for one in people}) == 14
    assert stays == {f"Patient/{one['id']}" for one in people}


def test_an_empty_feed_stays_empty() -> None:
    assert list(disturbed([], 1, END)) == []
