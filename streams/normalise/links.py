"""Links of a Patient: which records are of the same person (R4 8.1.11)."""

from __future__ import annotations

from typing import NamedTuple

from streams.errors import RejectedMessage
from streams.identity import is_alias
from streams.normalise.outcome import Scope
from streams.normalise.shapes import Link, Patient
from streams.normalise.subjects import resolve
from streams.records import Skip

_MOST = 256
_TYPES = frozenset({"replaced-by", "replaces", "refer", "seealso"})
_MERGES = frozenset({"replaced-by", "replaces"})


class Links(NamedTuple):
    """The merges that a Patient tells of, each id once and in an order of its own, and what else it links to."""

    replaced_by: tuple[str, ...]
    replaces: tuple[str, ...]
    skips: list[Skip]


def read(patient: Patient, own: frozenset[str], scope: Scope) -> Links:
    """Read the links; one that cannot be read spoils the Patient, for without it a merge would be undone.

    Parameters
    ----------
    own
        Id and aliases of the Patient; a link to itself is skipped.

    Raises
    ------
    RejectedMessage
        ``link-type``, ``link-reference`` or ``link-count``.
    """
    links = patient.link or []
    if len(links) > _MOST:
        raise RejectedMessage("link-count", "Patient.link", f"at most {_MOST} links", "more")
    targets: dict[str, set[str]] = {kind: set() for kind in _MERGES}
    skips: list[Skip] = []
    for index, link in enumerate(links):
        kind, found = _read(link, f"Patient.link[{index}]", own, patient, scope)
        if isinstance(found, str) and found not in own:
            targets[kind].add(found)
        else:
            skips.append(Skip("link-self") if isinstance(found, str) else found)
    return Links(tuple(sorted(targets["replaced-by"])), tuple(sorted(targets["replaces"])), skips)


def _read(link: Link, field: str, own: frozenset[str], patient: Patient, scope: Scope) -> tuple[str, str | Skip]:
    kind = link.type
    if kind not in _TYPES:
        received = "another word" if kind else "none"
        raise RejectedMessage("link-type", f"{field}.type", "replaced-by, replaces, refer or seealso", received)
    if kind not in _MERGES:
        return kind, Skip(f"link-{kind}")
    found = resolve(link.other, scope, patient.contained)
    if found is not None and found.type == "RelatedPerson":
        return kind, Skip("link-related-person")
    if found is None or found.type != "Patient":
        received = "a reference of another form or type" if link.other else "none"
        raise RejectedMessage("link-reference", f"{field}.other", "a reference Patient/<id> or an identifier", received)
    if kind == "replaced-by" and is_alias(found.id) and found.id not in own:
        # Who that is, is known at the alias's own partition alone; its survivor's `replaces` says the same to all.
        return kind, Skip("link-identifier")
    return kind, found.id
