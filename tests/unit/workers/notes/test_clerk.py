"""What goes out for a note: predictions by their places, a stated nothing, a wait, or a dead letter."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from streams import topics
from streams.errors import ContractError
from streams.gateways.documents.client import Fetched
from streams.gateways.web.failures import NotThere, ServerAway
from streams.records import Attachment, NotePredictions, NoteRetry, Overruling, Version
from tests.unit.modalities.notes.manifests import reader
from tests.unit.workers.notes.office import HOUR, NOW, Office, by_address, letters, note, retry, said

SHORT, MEDIUM, LONG = topics.NOTES_RETRIES
TEXT = "The patient had a heart attack. No chest pain. The father had a heart attack."


async def test_a_note_becomes_a_prediction_with_the_places_that_carried_it(tmp_path: Path) -> None:
    found = said(await Office(tmp_path).answer(note(TEXT)))
    [one] = found.predictions
    assert (found.patient_id, found.resource_id, found.as_of, found.kind) == (
        "p1", "DocumentReference/n1", NOW - 2 * HOUR, "18842-5",
    )  # fmt: skip
    assert (one.model, one.status, one.reasons) == ("reader", "ok", ())
    assert one.basis is not None
    assert (one.basis.characters, one.basis.media_type, one.basis.deidentified) == (len(TEXT), "text/plain", False)
    assert one.reading is not None
    head = one.reading.heads[0]
    assert (head.name, head.level) == ("heart", "high")
    carrying = head.sentences[0]
    assert TEXT[carrying.start : carrying.end] == "The patient had a heart attack."


async def test_not_a_word_of_the_note_stands_in_what_is_said(tmp_path: Path) -> None:
    [out] = await Office(tmp_path).answer(note("Zmarkovski has a very sore heart."))
    assert b"Zmarkovski" not in (out.value or b"")
    assert b"sore" not in (out.value or b"")


async def test_what_is_denied_and_what_the_father_had_counts_for_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)
    plain = said(await office.answer(note("The knee is sore and very long.")))
    other = said(
        await office.answer(note("The knee is sore and very long. No heart attack. Father had a heart attack."))
    )
    assert [h.probability for h in _heads(plain)] == pytest.approx([h.probability for h in _heads(other)])


def _heads(found: NotePredictions) -> list[object]:
    reading = found.predictions[0].reading
    assert reading is not None
    return list(reading.heads)


async def test_a_note_of_which_nobody_says_when_it_was_written_counts_for_nothing(tmp_path: Path) -> None:
    [one] = said(await Office(tmp_path).answer(note(written_at=None))).predictions
    assert (one.status, one.reasons) == ("indeterminate", ("written:unknown",))


async def test_a_withdrawn_note_withdraws_what_was_said_unread(tmp_path: Path) -> None:
    office = Office(tmp_path)
    found = said(await office.answer(note(None, withdrawn=True)))
    assert (found.withdrawn, found.predictions, office.triton.asked) == (True, (), [])


async def test_a_version_that_is_overtaken_is_not_read(tmp_path: Path) -> None:
    office = Office(tmp_path)
    await office.answer(note(version=Version(last_updated=NOW)))
    asked = len(office.triton.asked)
    assert await office.answer(note()) == []
    assert len(office.triton.asked) == asked


async def test_word_that_a_note_is_anothers_goes_on_to_the_bedside(tmp_path: Path) -> None:
    word = Overruling("hospital", "DocumentReference/n1", Version(version_id=2), "p2", NOW)
    [out] = await Office(tmp_path).answer(word)
    assert (out.topic, out.partition, out.value) == (topics.PREDICTIONS_NOTES, 3, msgspec.json.encode(word))


async def test_what_it_replaces_is_said_also_where_nothing_else_can_be(tmp_path: Path) -> None:
    broken = note(b"\xff", replaces=("DocumentReference/n0",))
    found = said(await Office(tmp_path).answer(broken))
    assert (found.replaces, found.reasons) == (("DocumentReference/n0",), ("encoding",))


@pytest.mark.parametrize(
    ("content_type", "content", "reason"),
    [("application/pdf", b"%PDF", "content-type"), ("text/plain", b" ", "no-text"), ("", b"%PDF-1", "content-type")],
)
async def test_a_scan_or_an_empty_page_has_nothing_said_and_is_no_dead_letter(
    tmp_path: Path, content_type: str, content: bytes, reason: str
) -> None:
    outs = await Office(tmp_path).answer(note(None, attachment=Attachment(content_type, content)))
    assert (said(outs).reasons, letters(outs)) == ((reason,), [])


async def test_a_note_without_attachment_and_one_without_model_say_so(tmp_path: Path) -> None:
    assert said(await Office(tmp_path).answer(note(None))).reasons == ("no-text",)
    assert said(await Office(tmp_path, specs=()).answer(note())).reasons == ("no-model",)


async def test_a_note_that_says_too_little_is_not_asked_about(tmp_path: Path) -> None:
    office = Office(tmp_path)
    [one] = said(await office.answer(note("No."))).predictions
    assert (one.status, one.reasons, office.triton.asked) == ("indeterminate", ("empty",), [])


async def test_a_broken_note_is_a_dead_letter_and_nothing_is_said_of_it(tmp_path: Path) -> None:
    outs = await Office(tmp_path).answer(note(b"\xff\xfe\xfd"))
    [letter] = letters(outs)
    assert (letter.reason, letter.topic, letter.partition, letter.offset) == ("encoding", topics.EVENTS_NOTES, 3, 7)
    assert letter.payload is not None
    assert said(outs).reasons == ("encoding",)


async def test_an_address_of_the_settings_is_fetched_and_its_character_set_counts(tmp_path: Path) -> None:
    office = Office(tmp_path)
    url = "http://127.0.0.1:1/r4/Binary/17"
    office.server.documents[url] = Fetched("Naïve heart attack patient".encode("latin-1"), "text/plain; charset=latin1")
    found = said(await office.answer(by_address(content_type="text/plain")))
    assert (found.predictions[0].status, office.server.asked) == ("ok", [url])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://evil.example/r4/Binary/1", "url-not-allowed"),
        ("http://127.0.0.1:1/other/Binary/1", "url-not-allowed"),
        ("http://127.0.0.1:1/r4/../admin", "url-not-allowed"),
        ("file:///etc/passwd", "url-not-allowed"),
        ("data:text/plain,x", "url-not-allowed"),
    ],
)
async def test_an_address_off_the_list_is_refused_unasked(tmp_path: Path, url: str, reason: str) -> None:
    office = Office(tmp_path)
    outs = await office.answer(by_address(url))
    assert ([one.reason for one in letters(outs)], office.server.asked) == ([reason], [])


async def test_without_servers_no_address_is_asked(tmp_path: Path) -> None:
    outs = await Office(tmp_path, document_servers=()).answer(by_address())
    assert [one.reason for one in letters(outs)] == ["no-document-server"]


async def test_a_document_that_is_not_there_yet_is_waited_for_until_its_deadline(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.server.error = NotThere("server files: expected it, received 404")
    topic, waits = retry(await office.answer(by_address()))
    assert (topic, waits.reason, waits.attempt, waits.since) == (SHORT, "arriving", 1, NOW - 1000)
    office.clock.at = NOW + HOUR
    outs = await office.answer(waits, SHORT)
    assert ([one.reason for one in letters(outs)], said(outs).reasons) == (["not-arrived"], ("not-arrived",))


async def test_a_server_that_is_away_is_waited_for_longer(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.server.error = ServerAway("status-503", "files")
    topic, waits = retry(await office.answer(by_address()))
    assert (topic, waits.reason) == (SHORT, "server-away:status-503")
    office.clock.at = NOW + 71 * HOUR
    assert retry(await office.answer(waits, SHORT))[0] == LONG
    office.clock.at = NOW + 73 * HOUR
    assert [one.reason for one in letters(await office.answer(waits, LONG))] == ["server-away"]


async def test_a_server_that_keeps_others_waiting_gets_no_more_than_its_share(tmp_path: Path) -> None:
    office = Office(tmp_path, notes_waiting=2)
    office.server.open.clear()
    office.server.documents["http://127.0.0.1:1/r4/Binary/17"] = Fetched(b"A heart attack", "text/plain")
    first = asyncio.create_task(office.answer(by_address()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert retry(await office.answer(by_address("Binary/18")))[1].reason == "busy"
    assert said(await office.answer(note())).predictions[0].status == "ok"
    office.server.open.set()
    assert said(await first).predictions[0].status == "ok"


async def test_while_triton_is_away_a_note_waits_and_nothing_is_said(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.triton.away = True
    topic, waits = retry(await office.answer(note()))
    assert (topic, waits.reason) == (SHORT, "model-away:unavailable")
    assert office.progressed == len(office.triton.asked) == 1
    office.triton.away = False
    assert said(await office.answer(waits, SHORT)).predictions[0].status == "ok"


@pytest.mark.parametrize("reason", ["arriving", "busy", "server-away:timeout", "model-away:unavailable"])
async def test_what_one_model_says_is_said_once_while_another_is_away_whatever_the_note_has_waited_for(
    tmp_path: Path, reason: str
) -> None:
    first = reader(tmp_path)
    office = Office(tmp_path, specs=(first, msgspec.structs.replace(first, name="second")))
    office.triton.away_models = {"second"}
    outs = await office.answer(NoteRetry(note(), 1, NOW - 1000, reason), SHORT)
    assert [one.status for one in said(outs).predictions] == ["ok", "unavailable"]
    _, waits = retry([out for out in outs if out.topic in topics.NOTES_RETRIES])
    assert (waits.reason, waits.attempt) == ("model-away:unavailable", 2)
    assert [out.topic for out in await office.answer(waits, SHORT)] == [SHORT]


async def test_a_model_that_stays_away_is_said_and_a_dead_letter(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.triton.away = True
    waits = NoteRetry(note(), 9, NOW - 73 * HOUR, "model-away:unavailable")
    outs = await office.answer(waits, LONG)
    assert (said(outs).predictions[0].status, [one.reason for one in letters(outs)]) == ("unavailable", ["model-away"])


async def test_an_answer_that_breaks_its_contract_is_no_answer(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.triton.error = ContractError("model reader: expected its tensors to be taken")
    [one] = said(await office.answer(note())).predictions
    assert (one.status, one.reasons) == ("indeterminate", ("contract",))


async def test_a_defect_of_ours_costs_one_note_and_no_other(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.triton.error = KeyError("MARKED-7f3a")
    outs = await office.answer(note())
    assert [one.reason for one in letters(outs)] == ["internal"]
    office.triton.error = None
    assert said(await office.answer(note())).predictions[0].status == "ok"


async def test_a_defect_on_the_way_out_of_an_abandoned_note_refuses_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)

    async def stumbles_on_its_way_out(url: str, most_bytes: int) -> Fetched:
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError("closed meanwhile")

    office.server.fetch = stumbles_on_its_way_out  # type: ignore[method-assign]
    answering = asyncio.create_task(office.answer(by_address()))
    for _ in range(5):
        await asyncio.sleep(0)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering


async def test_a_record_that_is_none_of_ours_stops_the_worker(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"events\.notes/3@7"):
        await Office(tmp_path).answer(b'{"type": "MARKED-7f3a"}')


async def test_identities_are_taken_out_before_the_model_and_offsets_are_of_what_is_left(tmp_path: Path) -> None:
    office = Office(
        tmp_path, deidentify=lambda text: text.replace("Zmarkovski", "<PERSON>"), notes_deidentify="presidio"
    )
    [one] = said(await office.answer(note("Zmarkovski had a heart attack."))).predictions
    assert one.basis is not None
    assert (one.basis.deidentified, one.basis.characters) == (True, len("<PERSON> had a heart attack."))


def _fails(_: str) -> str:
    raise RuntimeError("MARKED-7f3a")


def _leaves_nothing(_: str) -> str:
    return " "


async def test_a_note_whose_identities_cannot_be_taken_out_is_a_dead_letter_without_its_text(tmp_path: Path) -> None:
    office = Office(tmp_path, deidentify=_fails, notes_deidentify="presidio")
    outs = await office.answer(note("Zmarkovski had a heart attack."))
    [letter] = letters(outs)
    assert (letter.reason, letter.payload, office.triton.asked) == ("deidentification", None, [])
    assert said(outs).reasons == ("deidentification",)
    assert not any(b"Zmarkovski" in (one.value or b"") or b"MARKED" in (one.value or b"") for one in outs)


async def test_no_dead_letter_holds_a_note_where_identities_are_to_be_taken_out(tmp_path: Path) -> None:
    office = Office(tmp_path, deidentify=_leaves_nothing, notes_deidentify="presidio")
    [letter] = letters(await office.answer(note(b"\xff")))
    assert (letter.reason, letter.payload) == ("encoding", None)


async def test_a_long_note_is_asked_about_in_calls_of_one_length(tmp_path: Path) -> None:
    office = Office(tmp_path)
    await office.answer(note("The patient has a very long note and a sore knee. " * 4))
    assert len(office.triton.asked) > 1
    assert max(office.triton.asked) <= 3
    assert office.progressed == len(office.triton.asked)
