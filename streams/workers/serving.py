"""What a bedside worker asks and shows: the manifests behind the modes that stand on `control.models`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import TopicPartition

from streams import topics
from streams.errors import ContractError
from streams.fusion import rule
from streams.fusion.rule import DEFAULT, Rule
from streams.inference.batches import Batches
from streams.inference.client import Client
from streams.inference.manifest import Manifest, load
from streams.modes.reading import read_modes
from streams.modes.standing import Standing
from streams.records import Mode
from streams.settings import Settings
from streams.transport.reading import read_to_end, reader

log = logging.getLogger(__name__)

MODEL = "deterioration_gru"
"""The learned model of vital signs."""
MODES = TopicPartition(topics.MODELS, 0)


class Serving(msgspec.Struct, frozen=True):
    """What is asked and shown from one flush on; a flush keeps what it began with to its end."""

    standing: Standing
    live: Manifest | None
    """Its answers are part of scores; None where the model is silent."""
    beside: tuple[tuple[Manifest, Mode], ...]
    """Asked after the score, and shown to nobody."""
    text: str
    """What scores are made of beside the facts: see `Standing.text`, and the version of `rule`."""
    rule: Rule = DEFAULT
    """How judgements become one."""

    @property
    def offset(self) -> int:
        """On `control.models`: of the newest record in force; -1 where there is none."""
        return self.standing.offset


class Models:
    """Reads `control.models` whole and on, and loads what its records name.

    A live version that is not in this worker's repository is not switched to: what was in force stays, the log says
    why, and nothing acknowledges the change. At the start there is nothing that could stay, so the worker stops.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.shipped = load(settings.model_repository, MODEL)
        self.rule = rule.load(settings.fusion_file)
        self.serving = serving_of(settings.model_repository, Standing(), self.shipped, self.rule)
        self._reader: Any = None
        self._newest = self.serving.standing
        self._failed = -1

    async def start(self) -> None:
        """Connect, and load what stands.

        Raises
        ------
        ContractError
            Where the live version is not in the repository.
        """
        self._reader = reader(self.settings, "cardiostream-models", wait_ms=1000)
        await self._reader.start()
        self._newest = self._newest.followed_by(read_modes(await read_to_end(self._reader, topics.MODELS, 0)))
        self.serving = self._served()

    async def stop(self) -> None:
        """Disconnect."""
        if self._reader is not None:
            await self._reader.stop()

    def _served(self) -> Serving:
        return serving_of(self.settings.model_repository, self._newest, self.shipped, self.rule)

    async def heed(self) -> bool:
        """Look for new records, and tell whether anything else is served now."""
        if self._reader is None:
            return False
        while found := await self._reader.getmany(MODES, timeout_ms=0):
            for records in found.values():
                self._newest = self._newest.followed_by(read_modes(records))
        if self._newest.offset == self.serving.offset:
            return False
        try:
            self.serving = self._served()
        except ContractError as error:
            if self._failed != self._newest.offset:
                log.error("modes of models not switched: %s", error)
            self._failed = self._newest.offset
            return False
        log.info("models served: %s, by record %d", self.serving.text, self.serving.offset)
        return True


def serving_of(repository: Path, standing: Standing, shipped: Manifest | None = None, by: Rule = DEFAULT) -> Serving:
    """Return what is asked and shown where these modes stand.

    Parameters
    ----------
    shipped
        The version that the model's folder names, where it has been loaded already.
    by
        How judgements become one at this site.

    Raises
    ------
    ContractError
        Where the live version is not in the repository. A version that is only asked beside it is left out then.
    """
    shipped = shipped or load(repository, MODEL)
    version = standing.live(MODEL, shipped.version)
    live = None if version is None else _loaded(repository, version, shipped)
    beside = [(_candidate(repository, v, shipped), m) for v, m in standing.beside(MODEL, shipped.version).items()]
    found = tuple((spec, mode) for spec, mode in beside if spec is not None)
    return Serving(standing, live, found, f"{standing.text(MODEL, shipped.version)} {by.version}", by)


def _loaded(repository: Path, version: str, shipped: Manifest) -> Manifest:
    return shipped if version == shipped.version else load(repository, MODEL, version)


def _candidate(repository: Path, version: str, shipped: Manifest) -> Manifest | None:
    try:
        return _loaded(repository, version, shipped)
    except ContractError as error:
        log.error("a version is not asked beside the live one: %s", error)
        return None


def batches(client: Client, settings: Settings, calls_in_flight: int) -> Batches:
    """Return what asks models as the settings say, with breakers and a limit on calls of its own."""
    return Batches(
        client,
        max_batch=settings.max_batch,
        calls_in_flight=calls_in_flight,
        breaker_pause_s=settings.breaker_pause_s,
    )
