"""What a hospital sends, good and bad, with marks in every place that may hold something of a patient."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.acceptance.marks import BORN, MARK, NAME, VALUE


def when(minutes_ago: float = 10) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def coded(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": f"{MARK}-display"}], "text": f"{MARK}-text"}


def observation(number: int, loinc: str = "8867-4", unit: str = "/min", **changes: object) -> dict[str, Any]:
    whole = {
        "resourceType": "Observation",
        "id": f"{MARK}-obs-{number}",
        "status": "final",
        "code": coded(loinc),
        "subject": {"reference": f"Patient/{MARK}-{number % 4}", "display": NAME},
        "encounter": {"reference": f"Encounter/{MARK}-encounter"},
        "effectiveDateTime": when(),
        "valueQuantity": {"value": VALUE, "system": "http://unitsofmeasure.org", "code": unit},
        "note": [{"text": f"{MARK}-note of {NAME}"}],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


VITALS = (("8867-4", "/min"), ("8480-6", "mm[Hg]"), ("8462-4", "mm[Hg]"), ("9279-1", "/min"), ("2708-6", "%"))


def note(number: int, body: bytes, content_type: str = "text/plain", **changes: object) -> dict[str, Any]:
    whole = {
        "resourceType": "DocumentReference",
        "id": f"{MARK}-note-{number}",
        "status": "current",
        "description": f"{MARK}-description",
        "subject": {"reference": f"Patient/{MARK}-{number % 4}", "display": NAME},
        "author": [{"display": f"{MARK}-author"}],
        "date": when(30),
        "content": [
            {
                "attachment": {
                    "contentType": content_type,
                    "data": base64.b64encode(body).decode(),
                    "title": f"{MARK}-title",
                }
            }
        ],
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


SENTENCE = f"{NAME} of {MARK}, born {BORN}, has a weak heart and atrial fibrillation, value {VALUE}."


def notes() -> list[bytes]:
    """Notes that can be read, in every form, and one for each way in which they cannot."""
    text, page = SENTENCE.encode(), f"<p>{SENTENCE}</p>".encode()
    cda = f'<ClinicalDocument xmlns="urn:hl7-org:v3">{SENTENCE}</ClinicalDocument>'.encode()
    bomb = f'<!DOCTYPE x [<!ENTITY a "{MARK}">]><x>&a;</x>'.encode()
    at_address = [{"attachment": {"contentType": "text/plain", "url": f"http://127.0.0.1:9/{MARK}/Binary/{MARK}"}}]
    found: list[dict[str, Any]] = [
        note(0, text),
        note(1, page, "text/html"),
        note(2, b"{\\rtf1 " + text + b"}", "application/rtf"),
        note(3, b"\xff\xfe\xfd" + text),
        note(4, text, f"text/plain; charset={MARK}"),
        note(5, text, f"application/{MARK}"),
        note(6, text, "application/rtf"),
        note(7, text, "text/xml"),
        note(8, cda, "text/xml"),
        note(9, bomb, "text/xml"),
        note(10, text, content=at_address),
        note(11, text, content=[{"attachment": {"data": f"{MARK}!"}}]),
        note(12, text, date=f"{MARK}-date"),
        note(13, text, status=f"{MARK}-status"),
        note(14, text, subject=None),
        note(15, text, relatesTo=[{"code": "replaces", "target": {"reference": f"DocumentReference/{MARK}-note-0"}}]),
        note(1, page, "text/html", status="entered-in-error", meta={"versionId": "2"}),
    ]
    return [json.dumps(one).encode() for one in found]


def ward_round(start: int) -> list[bytes]:
    """Enough vital signs of four patients for the learned model."""
    found = []
    for n in range(4):
        for k, (code, unit) in enumerate(VITALS):
            for again in (0, 1):
                reading = observation(
                    n, code, unit, id=f"{MARK}-{start}-{n}-{k}-{again}", effectiveDateTime=when(again)
                )
                found.append(json.dumps(reading).encode())
    return found


def good() -> list[bytes]:
    patient = {
        "resourceType": "Patient",
        "id": f"{MARK}-0",
        "name": [{"family": NAME, "given": [MARK]}],
        "birthDate": BORN,
        "gender": "female",
    }
    withdrawn = observation(1, status="entered-in-error", id=f"{MARK}-0-1-0-0")
    corrected = observation(2, status="corrected", id=f"{MARK}-0-2-0-0")
    return [json.dumps(one).encode() for one in (patient, withdrawn, corrected)]


PLACE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "bd"}]}


def number(name: str) -> dict[str, Any]:
    """A hospital number."""
    return {"system": f"urn:{MARK}:mrn", "value": f"{MARK}-mrn-{name}", "assigner": {"display": f"{MARK}-assigner"}}


def person(n: int, version: int, **says: object) -> dict[str, Any]:
    whole = {
        "resourceType": "Patient",
        "id": f"{MARK}-{n}",
        "meta": {"versionId": str(version)},
        "name": [{"family": NAME, "given": [MARK]}],
        "birthDate": BORN,
        "identifier": [number(str(n))],
    }
    return whole | says


def stay(n: int, version: int, **changes: object) -> dict[str, Any]:
    whole = {
        "resourceType": "Encounter",
        "id": f"{MARK}-encounter-{n}",
        "meta": {"versionId": str(version)},
        "identifier": [number(f"visit-{n}")],
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/{MARK}-{n % 4}", "display": NAME},
        "period": {"start": when(60)},
        "location": [
            {
                "location": {"reference": f"Location/{MARK}-bed", "display": f"{MARK}-bed"},
                "physicalType": PLACE,
                "status": "active",
            }
        ],
    }
    return whole | changes


def who_is_who() -> list[bytes]:
    """Identifiers, a merge that is undone and one that stands, stays, facts by identifier, moved and deleted ones."""
    by_number = {"identifier": number("1"), "display": NAME}
    nobody = {"identifier": number("nobody"), "display": NAME}
    moved = observation(3, id=f"{MARK}-0-0-1-0", meta={"versionId": "2"}, status="corrected")
    nameless = observation(3, id=f"{MARK}-0-0-1-1", meta={"versionId": "2"}, status="corrected", subject=None)
    gone = {"request": {"method": "DELETE", "url": f"Observation/{MARK}-0-3-1-0"}}
    replaced = [{"type": "replaced-by", "other": {"reference": f"Patient/{MARK}-2", "display": NAME}}]
    found: list[dict[str, Any]] = [
        *(person(n, 2) for n in range(4)),
        person(1, 3, link=replaced),
        person(3, 3, link=replaced),
        person(3, 4),
        person(9, 1, link=[{"type": "replaces", "other": {"identifier": number("8")}}]),
        *(stay(n, 1) for n in range(4)),
        stay(1, 2, status="finished", period={"start": when(60), "end": when(1)}),
        stay(2, 2, subject={"reference": f"Patient/{MARK}-3"}),
        stay(5, 1, subject=by_number),
        stay(6, 1, subject=nobody),
        observation(40, subject=by_number),
        observation(41, subject=nobody),
        observation(42, subject={"reference": "#p"}, contained=[person(2, 1, id="p")]),
        observation(43, subject={"reference": f"Patient?identifier=urn:{MARK}:mrn|{MARK}-mrn-0"}),
        moved,
        nameless,
        {"resourceType": "Bundle", "type": "transaction", "entry": [gone]},
    ]
    return [json.dumps(one).encode() for one in found]


def refused() -> list[bytes]:
    """One message for each way of being refused or skipped that a feed may think of."""
    quantity = {"value": VALUE, "system": "http://unitsofmeasure.org", "code": "furlong"}
    bad: list[Any] = [
        observation(10, valueQuantity=quantity),
        observation(11, valueQuantity={"value": VALUE}),
        observation(12, valueQuantity={"value": f"{MARK}-value", "code": "/min"}),
        observation(13, valueQuantity=None, valueString=f"{MARK}-string"),
        observation(14, subject=None),
        observation(15, subject={"reference": f"Group/{MARK}"}),
        observation(16, subject={"reference": f"http://127.0.0.1/{MARK}/Patient/{MARK}?{MARK}"}),
        observation(17, subject={"identifier": {"value": MARK}}),
        observation(18, status=f"{MARK}-status"),
        observation(19, effectiveDateTime=f"{MARK}-date"),
        observation(20, effectiveDateTime=f"{BORN}T12:00:00"),
        observation(21, effectiveDateTime="2999-01-01T00:00:00Z"),
        observation(22, code=coded(f"{MARK}-code")),
        observation(23, code=coded("8867-4", f"http://127.0.0.1/{MARK}")),
        observation(24, code=MARK),
        observation(25, id=f"{MARK}\n\rlevel=error forged"),
        observation(26, id=[MARK]),
        observation(27, meta={"versionId": MARK, "lastUpdated": MARK}),
        observation(28, component=[{"code": coded("8480-6"), "valueQuantity": quantity}]),
        observation(29, valueQuantity=quantity | {"comparator": MARK}),
        {"resourceType": f"{MARK}-type", "id": MARK},
        {"resourceType": "Patient", "id": MARK * 20, "birthDate": f"{BORN}-{MARK}", "gender": MARK},
        {"resourceType": "Bundle", "type": MARK, "entry": [{"resource": observation(30)}, {"resource": MARK}, MARK]},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"url": MARK, "method": MARK}}]},
        [MARK],
        MARK,
    ]
    nested = f'{{"resourceType": "Observation", "{MARK}": ' + "[" * 20_000 + "]" * 20_000 + "}"
    raw = [f"{MARK} is not JSON".encode(), b"\xff\xfe" + MARK.encode(), nested.encode(), f'{{"{MARK}": '.encode(), b""]
    huge = observation(31, note=[{"text": MARK * 80_000}])
    huge_and_bad = observation(32, subject=None, note=[{"text": MARK * 80_000}])
    return [*(json.dumps(one).encode() for one in (*bad, huge, huge_and_bad)), *raw]
