"""The modes of models on their way to the view."""

from __future__ import annotations

from typing import Any

import pytest

from streams import topics
from streams.records import Mode, ModelModes
from streams.settings import Settings
from streams.workers import modes_view
from streams.workers.modes_view import ModesView
from tests.unit.workers.fakes import Broker, encode


class Written:
    """What was written, in place of Redis."""

    def __init__(self) -> None:
        self.shown: list[dict[str, tuple[int, ModelModes]]] = []

    async def write_modes(self, redis: Any, topic_id: str, records: Any) -> int:
        assert topic_id == "id of control.models"
        self.shown.append(dict(records))
        return len(records)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def view(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> tuple[ModesView, Written]:
    written = Written()
    monkeypatch.setattr(modes_view, "reader", broker.reader)
    monkeypatch.setattr(modes_view, "topic_id", lambda settings, topic: f"id of {topic}")
    monkeypatch.setattr(modes_view, "write_modes", written.write_modes)
    made = ModesView(Settings(), None)
    await made.start()
    return made, written


def say(broker: Broker, model: str, **modes: Mode) -> ModelModes:
    record = ModelModes(model, {name[1:]: mode for name, mode in modes.items()}, {}, "c", 0, "ward lead", "tried")
    broker.append(topics.MODELS, 0, model.encode(), encode(record))
    return record


async def test_the_newest_record_of_each_model_is_written_at_every_look(
    broker: Broker, view: tuple[ModesView, Written]
) -> None:
    made, written = view
    say(broker, "gru", v4="live")
    await made.show()
    newest, other = say(broker, "gru", v3="live"), say(broker, "cnn", v1="silent")
    await made.show()
    await made.show()
    assert written.shown[1:] == [{"gru": (1, newest), "cnn": (2, other)}] * 2


async def test_before_it_has_read_anything_nothing_is_written() -> None:
    await ModesView(Settings(), None).show()
