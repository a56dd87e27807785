"""What goes out for a study: predictions, or a wait for another try."""

from __future__ import annotations

from streams import metrics, topics
from streams.pixels.frames import chosen
from streams.pixels.image import Image
from streams.records import ImageBasis, ImagingStudyVersion, Reading, StudyPrediction, StudyPredictions, StudyRetry
from streams.workers.slow.judged import status_of, undated
from streams.workers.slow.replies import Errand, Trade

UNDATED = "taken:unknown"
"""Reason: the record does not say when the study began, and its arrival says little of it."""


def said_of(
    study: ImagingStudyVersion, predictions: tuple[StudyPrediction, ...] = (), reasons: tuple[str, ...] = ()
) -> StudyPredictions:
    """Return what is said of one version of a study; a withdrawn one has nothing but its withdrawal."""
    return StudyPredictions(
        patient_id=study.patient_id,
        source=study.source,
        resource_id=study.resource_id,
        version=study.version,
        study_uid=study.study_uid,
        as_of=study.started_at or study.version.last_updated or study.received_at,
        received_at=study.received_at,
        withdrawn=study.withdrawn,
        encounter_id=study.encounter_id,
        predictions=predictions if study.started_at is not None else undated(predictions, UNDATED),
        reasons=reasons,
    )


def predicted(reading: Reading, image: Image, unchecked: tuple[str, ...] = ()) -> StudyPrediction:
    """Return what a model says of a picture, with the picture as its basis.

    Parameters
    ----------
    unchecked
        What the model needs to be true of a picture and nobody says; a reading that is believed carries it along.
    """
    header = image.header
    rows, columns = image.values.shape
    basis = ImageBasis(
        series_uid=header.series_uid,
        instance_uids=(header.sop_uid,),
        frame=chosen(header.frames),
        rows=rows,
        columns=columns,
        modality=header.modality,
        body_part=header.body_part,
        view=header.view,
    )
    return StudyPrediction(
        reading.model, reading.version, status_of(reading), reading.refusals or unchecked, basis, reading
    )


def _retry(errand: Errand[ImagingStudyVersion], reason: str, have: int) -> StudyRetry:
    return StudyRetry(errand.event, errand.attempt + 1, errand.since, reason, have, errand.told)


TRADE: Trade[ImagingStudyVersion, StudyPrediction] = Trade(
    what="study",
    needs="its images",
    server="pacs-away",
    outcomes=metrics.STUDIES,
    seconds=metrics.STUDY_SECONDS,
    topic=topics.PREDICTIONS_IMAGING,
    said=said_of,
    retry=_retry,
)
"""Of imaging studies."""
