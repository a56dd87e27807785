from __future__ import annotations

from typing import Any

import pytest

from streams.errors import RejectedMessage
from streams.gateways.dicomweb.returning import in_parts, reference_of, refused_of

UIDS = ("1.2", "1.2.3", "1.2.3.4")
TOLD = {
    "0020000D": {"vr": "UI", "Value": ["1.2"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.3"]},
    "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]},
    "00104000": {"vr": "LT", "Value": ["a comment on the patient"]},
}


def test_patient_and_study_are_repeated_and_nothing_else() -> None:
    found = reference_of([TOLD], UIDS)
    assert (str(found.PatientName), found.StudyID) == ("A^B", "")
    assert "PatientComments" not in found


@pytest.mark.parametrize(
    "answer", [None, [], "text", [{}], [{**TOLD, "00080018": {"vr": "UI", "Value": ["9.9"]}}], [{"00100010": 7}]]
)
def test_any_other_answer_is_refused_without_its_text(answer: Any) -> None:
    with pytest.raises(RejectedMessage) as caught:
        reference_of(answer, UIDS)
    assert caught.value.reason == "pacs-answer"


def test_what_a_pacs_has_not_stored_is_counted() -> None:
    assert refused_of({}) == 0
    assert refused_of({"00081198": {"vr": "SQ", "Value": [{}, {}]}}) == 2


def test_each_file_is_a_part() -> None:
    body, content_type = in_parts([b"one", b"two"])
    boundary = content_type.rsplit("boundary=", maxsplit=1)[1].encode()
    assert body.count(b"--" + boundary + b"\r\n") == 2
    assert body.endswith(b"--" + boundary + b"--\r\n")
