"""Versions that are asked and shown to nobody: after the score, never in its way, and their failure is only counted."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from streams import metrics
from streams.inference.manifest import Manifest
from streams.inference.outcomes import Outcome, Scorer
from streams.modalities.vitals import Prepared, prepare_many
from streams.publish.identity import facts_digest
from streams.records import Mode
from streams.scoring.learned import insufficient, learned
from streams.transport.produce import Out
from streams.workers.assessment import Case
from streams.workers.predictions import prediction_out

log = logging.getLogger(__name__)

MOST_WAITING = 2000
"""Patients that wait to be asked about, about 12 kB each; what comes while so many wait is counted as ``overrun``."""
AT_ONCE = 64
"""Patients of one call."""


class Waiting(msgspec.Struct, frozen=True):
    """Patients whose score is on its way, and what is to be asked about them."""

    versions: tuple[tuple[Manifest, Mode], ...]
    live: Manifest | None
    """What the cases were prepared for."""
    owned: tuple[tuple[int, int, Case], ...]
    """Partition, the owner's epoch, and the patient."""


class Beside:
    """Asks versions in shadow or silence about the patients of each flush, one call at a time.

    It begins where a flush's own results have been handed to the producer, with breakers and a place of its own at
    Triton, so nothing of it holds back a score; the machine's cores are shared. What it says is published as it comes,
    is not part of any acknowledgement, and is lost with the process: it is there to compare versions, not to judge.

    Parameters
    ----------
    made
        Returns a scorer with a limit and breakers of its own; called once for each version.
    send
        Hands records to the producer.
    """

    def __init__(self, made: Callable[[], Scorer], send: Callable[[list[Out]], Awaitable[Awaitable[object]]]) -> None:
        self._made, self._send = made, send
        self._scorers: dict[str, Scorer] = {}
        self._waiting: deque[Waiting] = deque()
        self._count = 0
        self._working: asyncio.Task[None] | None = None

    def put(self, waiting: Waiting) -> None:
        """Take patients to ask about, as many as there is room for."""
        room = max(0, MOST_WAITING - self._count)
        for spec, mode in waiting.versions:
            _count(spec, mode, "overrun", len(waiting.owned[room:]))
        taken = msgspec.structs.replace(waiting, owned=waiting.owned[:room])
        self._waiting.append(taken)
        self._count += len(taken.owned)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Forget what waits."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait([self._working])

    async def _work(self) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            for start in range(0, len(waiting.owned), AT_ONCE):
                part = waiting.owned[start : start + AT_ONCE]
                for spec, mode in waiting.versions:
                    try:
                        await self._ask(spec, mode, waiting.live, part)
                    except Exception as error:
                        log.warning(
                            "model %s version %s is not asked: %s", spec.name, spec.version, type(error).__name__
                        )
                        _count(spec, mode, "failed", len(part))
                self._count -= len(part)

    async def _ask(
        self, spec: Manifest, mode: Mode, live: Manifest | None, part: Sequence[tuple[int, int, Case]]
    ) -> None:
        cases = [case for _, _, case in part]
        ready = _prepared(spec, live, cases)
        asked = [k for k, one in enumerate(ready) if not one.reasons]
        outcomes: dict[int, Outcome] = {}
        if asked:
            scorer = self._scorers.setdefault(spec.version, self._made())
            answers = await scorer.score(spec, [ready[k].tensors for k in asked])
            outcomes = dict(zip(asked, answers, strict=True))
        outs: list[Out] = []
        for k, (partition, epoch, case) in enumerate(part):
            found = (
                learned(case.snapshot, ready[k], outcomes[k], spec)
                if k in outcomes
                else insufficient(case.snapshot, ready[k], spec)
            )
            _count(spec, mode, found.status, 1)
            if found.status != "unavailable":
                said = msgspec.structs.replace(found, mode=mode)
                outs.append(prediction_out(said, facts_digest(case.snapshot), partition, epoch))
        await (await self._send(outs))


def _prepared(spec: Manifest, live: Manifest | None, cases: Sequence[Case]) -> list[Prepared]:
    """Return the cases as a version wants them; as they are where it reads what the live one reads."""
    if live is not None and _reading(spec) == _reading(live):
        return [case.prepared for case in cases]
    return prepare_many([case.snapshot for case in cases], spec)


def _reading(spec: Manifest) -> object:
    return spec.window, spec.sufficiency, spec.inputs, spec.statics, spec.tensors


def _count(spec: Manifest, mode: Mode, outcome: str, rows: int) -> None:
    metrics.BESIDE.labels(spec.name, spec.version, mode, outcome).inc(rows)
