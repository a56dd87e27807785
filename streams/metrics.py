"""Counters and gauges of the workers, by reason and never by patient; a convenience beside `cardiostream verify`."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

INPUTS = Counter("cardiostream_inputs_total", "Records read.", ["worker", "topic"])
EVENTS = Counter("cardiostream_events_total", "Clinical events made of inputs.", ["source", "kind"])
SKIPS = Counter("cardiostream_skips_total", "Parts of inputs that are of no use here.", ["source", "reason"])
DEAD_LETTERS = Counter("cardiostream_dead_letters_total", "Inputs that could not be used.", ["source", "reason"])
FACTS = Counter("cardiostream_facts_total", "What became of fact versions in the state.", ["outcome"])
EXCLUDED = Counter("cardiostream_excluded_measures_total", "Measured values kept as facts and not scored.", ["reason"])
BEYOND_RETENTION_HOURS = Histogram(
    "cardiostream_beyond_retention_age_hours",
    "How far before the patient's newest clinical time a fact lay that came too late to be remembered.",
    buckets=(24, 72, 96, 168, 336, 720, 2160, 8760, 87600),
)
STUDIES = Counter("cardiostream_studies_total", "What became of imaging studies.", ["outcome", "reason"])
STUDY_SECONDS = Histogram(
    "cardiostream_study_seconds",
    "From the arrival of an imaging study to its predictions.",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400),
)
NOTES = Counter("cardiostream_notes_total", "What became of clinical notes.", ["outcome", "reason"])
NOTE_SECONDS = Histogram(
    "cardiostream_note_seconds",
    "From the arrival of a clinical note to its predictions.",
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400),
)
SCORES = Counter("cardiostream_scores_total", "Scores published.", ["level", "stage"])
DEGRADED = Gauge("cardiostream_owed_patients", "Patients scored without a learned model's live version, due again.")
BESIDE = Counter(
    "cardiostream_beside_predictions_total",
    "Predictions by versions that are asked and not shown.",
    ["model", "version", "mode", "outcome"],
)
ALERTS = Counter("cardiostream_alerts_total", "What was told of alerts, repeats included.", ["state"])
VIEW = Counter("cardiostream_view_writes_total", "Writes to the Redis view.", ["outcome"])
FLUSH_SECONDS = Histogram(
    "cardiostream_flush_seconds",
    "From the beginning of a flush to its acknowledgement.",
    ["worker"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
