"""What comes of a judged flush: predictions and scores as records, and who is still owed one."""

from __future__ import annotations

from collections.abc import Sequence

from streams import metrics
from streams.inference.imaging_manifest import ImagingManifest
from streams.inference.notes_manifest import NotesManifest
from streams.timeline.share import Share
from streams.transport.produce import Out
from streams.workers.assessment import Publisher, is_owed, judge
from streams.workers.beside import Waiting
from streams.workers.flush import Flush
from streams.workers.serving import Serving


class Results:
    """Writes what a flush says of its patients, in the words of the versions that it asked.

    Parameters
    ----------
    slow
        Models of images and notes, whose predictions are part of scores.
    """

    def __init__(self, slow: Sequence[ImagingManifest | NotesManifest]) -> None:
        self._slow = slow
        self._publisher: tuple[Serving, Publisher] | None = None

    def of(self, flush: Flush, now: Serving) -> list[Out]:
        """Return the records of a flush, and note in its pieces whose debts it pays or makes.

        Parameters
        ----------
        now
            What is served now. Whom a flush judged by what was served before is still owed a score.
        """
        results: list[Out] = []
        publisher, overtaken = self._of(flush.serving), flush.serving.text != now.text
        for (share, number, _), case, outcome in zip(flush.noted, flush.cases, flush.answers, strict=True):
            score = judge(case, outcome, flush.serving.live, flush.serving.rule, flush.serving.standing)
            flush.scores.append(score)
            if is_owed(outcome) and (number, case.snapshot.patient_id) in flush.paying:
                # Nothing new to say: the score that stands is the one without the model, or by the version before.
                continue
            metrics.SCORES.labels(score.level, case.stage).inc()
            results += publisher.records(case, score, number, share.epoch, flush.serving.offset)
            _note_debt(flush, share, number, score.patient_id, owed=overtaken or is_owed(outcome))
        return results

    def _of(self, serving: Serving) -> Publisher:
        if self._publisher is None or self._publisher[0] is not serving:
            specs = [] if serving.live is None else [serving.live]
            self._publisher = serving, Publisher(specs, self._slow)
        return self._publisher[1]


def waiting(flush: Flush) -> Waiting:
    """Return what is to be asked of versions that are not shown about the patients of a flush."""
    owned = ((number, share.epoch, case) for (share, number, _), case in zip(flush.noted, flush.cases, strict=True))
    return Waiting(flush.serving.beside, flush.serving.live, tuple(owned))


def _note_debt(flush: Flush, share: Share, number: int, patient_id: str, *, owed: bool) -> None:
    change = share.owe if owed else share.settle
    flush.pieces.setdefault(number, []).extend(change([patient_id]))
