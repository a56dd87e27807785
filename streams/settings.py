"""The one settings object of every process; environment variables ``CARDIOSTREAM_<FIELD>`` override the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams import topics

FhirVersion = Literal["R4", "R4B", "R5"]
ResourceKey = Literal["", "Observation", "Patient", "Encounter", "Flag"]


class Source(BaseModel):
    """One door of the hospital: a topic on its bus and what is known about the records there."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, extra="forbid")

    name: str
    """Name of the source; part of every fact's identity, so two systems may use the same resource ids."""
    topic: str
    """Kafka topic that the source writes."""
    fhir_version: FhirVersion = "R4"
    """FHIR release of its resources."""
    zone: str | None = None
    """IANA time zone of timestamps that carry none; without it such timestamps are rejected."""
    keyed_by_patient: bool = False
    """Whether it is keyed by the bare patient id, on as many partitions as ours, by Kafka's default partitioner:
    `bedside` then reads it itself, and an observation reaches its score in one hop."""
    key_is_id_of: ResourceKey = ""
    """Resource type whose bare id, or ``Type/id``, is the Kafka key; an empty value then deletes that resource."""
    refuse_future: bool = True
    """Whether a clinical time far after arrival is rejected; off for replays of recorded, date-shifted feeds."""


def _sources() -> tuple[Source, ...]:
    return (
        Source(name="hospital", topic=topics.OBSERVATIONS),
        Source(name="hospital", topic=topics.PATIENTS),
        Source(name="hospital", topic=topics.ENCOUNTERS),
        Source(name="replay", topic=topics.REPLAY, refuse_future=False),
    )


class Settings(BaseSettings):
    """Everything a site may set, with defaults for one machine."""

    model_config = SettingsConfigDict(
        env_prefix="CARDIOSTREAM_", frozen=True, use_attribute_docstrings=True, extra="ignore"
    )

    bootstrap_servers: str = "127.0.0.1:9092"
    """Kafka brokers as host:port, several separated by commas."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis that holds the view for readers; it may carry a user and password, so it is never logged."""
    triton_url: str = "127.0.0.1:8001"
    """Triton's gRPC address as host:port, or dns:///host:port for several replicas."""
    model_repository: Path = Path("model_repo")
    """Folder of models, the same that Triton serves; each worker reads the manifests in it."""
    run_dir: Path = Path(".cardiostream")
    """Folder for logs, addresses and the embedded services' files of this installation."""
    kafka_home: Path | None = Field(default=None, validation_alias="KAFKA_HOME")
    """Apache Kafka distribution for the embedded stack; without it the broker of the wheel is started."""
    partitions: int = Field(default=6, ge=1, le=1024)
    """Partitions of every patient-keyed topic; cannot be changed later without a migration."""
    replication_factor: int = Field(default=1, ge=1)
    """Copies of every partition; 3 on a real cluster."""
    producer_idempotence: bool = True
    """Whether producers number their records so that retries are not doubled; the wheel's broker cannot."""
    isolation_level: Literal["read_committed", "read_uncommitted"] = "read_committed"
    """read_committed keeps records of aborted hospital transactions from being scored."""
    session_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds without a heartbeat after which the group gives a worker's partitions to another."""
    group_instance_id: str = ""
    """Name of this process in its group, for static membership: it keeps its partitions over a quick restart."""
    sources: tuple[Source, ...] = Field(default_factory=_sources)
    """The hospital's doors; as JSON in the environment."""
    future_tolerance_s: float = Field(default=300.0, ge=0)
    """Seconds that a clinical time may lie after arrival before it is taken for an error."""
    retention_s: float = Field(default=72 * 3600.0, gt=0)
    """Seconds of clinical time before a patient's newest observation that vital signs are remembered."""
    slow_retention_s: float = Field(default=14 * 86400.0, gt=0)
    """The same for laboratory values and body measures, which stay true for longer."""
    open_state_mb: float = Field(default=128.0, ge=0)
    """Memory of a `bedside` worker for patients of whom something came lately, in MiB, about 200 bytes a fact; all
    others rest at about 36 bytes a fact, and cost about 0.2 ms of each 100 facts when they are looked at again."""
    stale_after_s: float = Field(default=4 * 3600.0, gt=0)
    """Seconds without anything new after which a patient's score is published again as stale."""
    silent_after_s: float = Field(default=12 * 3600.0, gt=0)
    """Seconds without anything new after which a patient's score is published as indeterminate: too old to stand."""
    park_limit_s: float = Field(default=24 * 3600.0, gt=0)
    """Seconds that facts wait for a Patient with the identifier that they name; after that they are dead letters."""
    tick_interval_s: float = Field(default=5.0, gt=0)
    """Seconds between the ticks that tell bedside workers of passing time."""
    first_tick_s: float = Field(default=10.0, ge=0)
    """Seconds after the start of a worker that makes ticks until its first one; a replay that begins with the stack can
    take the clock before a live tick has called its patients late."""
    fetch_max_wait_ms: int = Field(default=250, ge=0)
    """Longest that the broker holds back an empty fetch; whatever comes is answered at once, so large is cheap."""
    gather_ms: int = Field(default=4, ge=0)
    """Shortest time between two fetches of a worker, so that single records gather into runs; what comes after a pause
    comes at once."""
    view_gather_ms: int = Field(default=100, ge=0)
    """The same for the cache worker where bedside workers show scores themselves (`early_view`): it keeps, trends and
    repairs what readers have seen already, and a rarer look spares the broker and the cores."""
    linger_ms: int = Field(default=2, ge=0)
    """How long a producer gathers records into one request."""
    max_flush_records: int = Field(default=4000, ge=1)
    """Most input records that one scoring flush takes."""
    coalesce: bool = True
    """Whether observations of one patient that come together get one score; off, each gets a score of its own, which
    costs an inference each and is there to compare with systems that work so."""
    flushes_in_flight: int = Field(default=2, ge=1, le=8)
    """Scoring flushes under way at once, so that Triton works while the next one is gathered."""
    max_batch: int = Field(default=64, ge=1)
    """Rows per Triton call; at most the model's own max_batch_size."""
    calls_in_flight: int = Field(default=3, ge=1, le=16)
    """Triton calls under way at once per worker."""
    inference_deadline_ms: int = Field(default=2000, ge=1)
    """Milliseconds after which a Triton call is given up; the server's own queue time-out is a little shorter."""
    breaker_pause_s: float = Field(default=5.0, gt=0)
    """Seconds that the circuit breaker stays open before it lets one probe through."""
    revoke_deadline_s: float = Field(default=5.0, gt=0)
    """Seconds that flushes in flight get to finish when partitions are taken away; after that they are abandoned."""
    stop_deadline_s: float = Field(default=12.0, gt=0)
    """Seconds that a worker gets to end in good order; after that it ends at once, and what was open comes again."""
    stall_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds with work due and none done after which a worker declares itself unhealthy and exits."""
    early_view: bool = True
    """Whether bedside workers write acknowledged scores to Redis themselves; `cache` writes them again and repairs."""
    latest_ttl_s: int = Field(default=7 * 86400, ge=60)
    """Seconds that a patient's latest score is kept in Redis without a newer one."""
    history_length: int = Field(default=288, ge=1)
    """Scores per patient kept in Redis for drawing a trend."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Loopback port of a worker's Prometheus metrics; 0 leaves them off."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is written to the log."""

    @property
    def handed_on(self) -> tuple[Source, ...]:
        """Sources that `normalise` reads and keys by patient."""
        return tuple(source for source in self.sources if not source.keyed_by_patient)

    @property
    def keyed(self) -> tuple[Source, ...]:
        """Sources that `bedside` reads itself."""
        return tuple(source for source in self.sources if source.keyed_by_patient)

    @property
    def bedside_inputs(self) -> tuple[str, ...]:
        """Topics that `bedside` takes into its state, and whose ends a tick names."""
        return (*topics.BEDSIDE_INPUTS, *dict.fromkeys(source.topic for source in self.keyed))
