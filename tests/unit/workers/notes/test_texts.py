"""Texts of notes: whatever takes its time on the way to one is no standstill."""

from __future__ import annotations

import pytest

from streams.errors import RejectedMessage
from streams.gateways.documents.places import Place
from streams.gateways.web.failures import ServerAway
from streams.settings import Settings
from streams.workers.notes.texts import Texts
from tests.unit.workers.notes.office import FILES


async def test_every_answer_of_a_server_and_every_text_read_is_progress_also_where_there_is_none() -> None:
    beats = list[str]()
    texts = Texts(Settings(document_servers=(FILES,)), None, lambda: beats.append("beat"))
    assert (await texts.read(b"A sore knee.", "text/plain")).text == "A sore knee."
    assert len(beats) == 1
    with pytest.raises(RejectedMessage, match="encoding"):
        await texts.read(b"\xff", "text/plain")
    assert len(beats) == 2
    with pytest.raises(ServerAway, match="connection"):
        await texts.fetched(Place(FILES, f"{FILES.url}/Binary/17"))
    assert len(beats) == 3
    texts.close()
