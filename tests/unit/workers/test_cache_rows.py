"""Scores as rows of the view: their place from their headers, and nothing that is not ours."""

from __future__ import annotations

import pytest

from streams.errors import ContractError
from streams.publish.headers import AS_OF, EPOCH, INDEX, LEVEL
from streams.publish.view import ViewRow
from streams.workers.cache import row_of
from tests.unit.workers.caches import (
    HEADERS,
    score,
)
from tests.unit.workers.fakes import MARKED, START, Rec


def test_a_score_is_a_row_with_its_place_from_its_headers() -> None:
    assert row_of(score(41)) == ViewRow("p1", START, "medium", 41.5, "abc", 3, 41, b"{}")


def test_a_row_has_the_ward_and_bed_of_its_headers() -> None:
    row = row_of(score(41, cs_ward="Süd".encode(), cs_bed=b"12"))
    assert (row.ward, row.bed) == ("Süd", "12")


def test_an_indeterminate_score_has_no_index() -> None:
    row = row_of(score(0, level=b"indeterminate", index=b""))
    assert (row.level, row.index) == ("indeterminate", None)


def test_a_retired_id_is_a_row_without_index() -> None:
    row = row_of(score(0, level=b"retired", index=b""))
    assert (row.level, row.index) == ("retired", None)


def test_on_the_compacted_topic_the_place_is_the_one_on_the_results_topic() -> None:
    assert row_of(score(2, cs_offset=b"977")).offset == 977


@pytest.mark.parametrize("missing", ["ce_id", LEVEL, INDEX, AS_OF, EPOCH])
def test_a_record_that_lacks_a_header_stops_the_worker_without_being_quoted(missing: str) -> None:
    headers = tuple((name, text) for name, text in HEADERS.items() if name != missing)
    with pytest.raises(ContractError, match=r"expected a (score with our headers|record with our epoch)") as caught:
        row_of(Rec(5, MARKED.encode(), MARKED.encode(), headers))
    assert MARKED not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"epoch": b"MARKED-7f3a"}, {"level": b"MARKED-7f3a"}, {"index": b"MARKED-7f3a"}])
def test_a_record_with_a_header_that_is_not_ours_stops_the_worker_without_being_quoted(wrong: dict[str, bytes]) -> None:
    with pytest.raises(ContractError) as caught:
        row_of(score(5, "p1", **wrong))
    assert MARKED not in str(caught.value)
