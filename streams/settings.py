"""The one settings object of every process; environment variables ``CARDIOSTREAM_<FIELD>`` override the defaults.

A setting that holds a secret may come as a file instead: ``CARDIOSTREAM_SECRETS_DIR`` names a folder (of a container's
mounted secrets, say) in which a file ``cardiostream_<field>`` holds the value. The environment goes before it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from streams import topics
from streams.doors import DocumentServer, FhirVersion, Pacs, Source, usual_sources
from streams.errors import ContractError

__all__ = ["DocumentServer", "FhirVersion", "Pacs", "Settings", "Source"]

SECRETS_DIR = "CARDIOSTREAM_SECRETS_DIR"
"""Variable that names the folder of settings that come as files."""


class Settings(BaseSettings):
    """Everything a site may set, with defaults for one machine."""

    model_config = SettingsConfigDict(
        env_prefix="CARDIOSTREAM_", frozen=True, use_attribute_docstrings=True, extra="ignore"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the first going before the next: arguments, environment, files of secrets."""
        folder = os.environ.get(SECRETS_DIR)
        if not folder:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            raise ContractError(
                f"expected a folder where {SECRETS_DIR} points, found none; mount it or unset the variable"
            )
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, folder)

    bootstrap_servers: str = "127.0.0.1:9092"
    """Kafka brokers as host:port, several separated by commas."""
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """Protocol of the brokers' listener; SSL checks their certificates and names, SASL gives a user and password."""
    kafka_ca_file: Path | None = None
    """PEM file of the authorities that the brokers' certificates are checked against; else the machine's own."""
    kafka_client_certificate: Path | None = None
    """PEM file with the client's certificate, where the brokers ask for one."""
    kafka_client_key: Path | None = None
    """PEM file with its key, where that is not in the same file."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How the password is given; PLAIN only over TLS."""
    kafka_user: str = ""
    """User name at the brokers."""
    kafka_password_file: Path | None = None
    """File that holds the password of that user, so that none stands in the environment."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Redis that holds the view for readers, rediss:// for TLS; it may carry a password, so it is never logged."""
    redis_user: str = ""
    """User of Redis' access control list, where the address names none; empty for the default user."""
    redis_password_file: Path | None = None
    """File that holds the password of that user, so that none stands in the environment."""
    redis_ca_file: Path | None = None
    """PEM file of the authorities that Redis' certificate is checked against; the machine's own where not set."""
    redis_client_certificate: Path | None = None
    """PEM file with the client's certificate, for mutual TLS."""
    redis_client_key: Path | None = None
    """PEM file with its key, where that is not in the same file."""
    redis_cluster: bool = False
    """Whether the address is that of a node of a Redis Cluster, which tells of the others."""
    triton_url: str = "127.0.0.1:8001"
    """Triton's gRPC address as host:port, or dns:///host:port for several replicas."""
    model_repository: Path = Path("model_repo")
    """Folder of models, the same that Triton serves; each worker reads the manifests in it."""
    fusion_file: Path | None = None
    """File that says how much each modality counts in the whole (docs/fusion.md); the default rule where not set. All
    bedside workers have to read the same one; `cardiostream fusion check` says whether it is valid."""
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
    sources: tuple[Source, ...] = Field(default_factory=usual_sources)
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
    """Seconds with work due and none done after which a worker declares itself unhealthy and exits; above the time-outs
    of requests to PACS and servers of documents, where there are any."""
    pacs: tuple[Pacs, ...] = ()
    """The PACS that images may be fetched from, the first one where an event names none; as JSON in the environment."""
    imaging_studies_at_once: int = Field(default=4, ge=1, le=64)
    """Studies of one PACS that are fetched at the same time."""
    imaging_waiting: int = Field(default=500, ge=1)
    """Studies that wait in memory; where several PACS share them, the rest waits on a retry topic."""
    imaging_request_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds for one answer of a PACS, from the first byte to the last."""
    imaging_study_timeout_s: float = Field(default=180.0, gt=0)
    """Seconds for all of one study; after that it waits and is tried again."""
    imaging_most_instances: int = Field(default=5000, ge=1)
    """Most instances of a study that is looked at; a larger one is a dead letter."""
    imaging_largest_file_mb: int = Field(default=256, ge=1)
    """Largest DICOM file in MiB; a larger one is not fetched to its end."""
    imaging_bytes_in_flight_mb: int = Field(default=512, ge=16)
    """MiB of files and pictures of one PACS that are held in memory at once."""
    imaging_most_megapixels: float = Field(default=64.0, gt=0)
    """Most millions of pixels of a picture."""
    imaging_decoders: int = Field(default=2, ge=1, le=32)
    """Processes that decode pictures."""
    imaging_decoder_memory_mb: int = Field(default=1536, ge=128)
    """MiB of address space that one of them may take; a file that needs more is a dead letter."""
    imaging_niceness: int = Field(default=10, ge=0, le=19)
    """How far the imaging worker and its decoders step back before other programs of the same machine; a film can wait
    a moment, a vital sign cannot."""
    imaging_retry_delays_s: tuple[float, float, float] = (10.0, 60.0, 600.0)
    """Seconds that a study waits on imaging.retry.short, .medium and .long; it goes to the next once it is six times as
    old as a delay."""
    imaging_arrival_deadline_s: float = Field(default=3600.0, ge=0)
    """Seconds that a study is waited for whose instances have not all come; then what is there is judged."""
    imaging_give_up_s: float = Field(default=3 * 86400.0, gt=0)
    """Seconds a PACS or a model may be away before a study becomes a dead letter; below the topics' retention."""
    pacs_poll_s: float = Field(default=5.0, gt=0)
    """Seconds between two looks at a PACS's change feed."""
    document_servers: tuple[DocumentServer, ...] = ()
    """The servers that notes may be fetched from where an event brings an address alone; as JSON in the environment."""
    notes_at_once: int = Field(default=4, ge=1, le=64)
    """Notes that are judged at the same time, and requests under way at one server of documents."""
    notes_waiting: int = Field(default=200, ge=1)
    """Notes that are held in memory; others wait on their topic."""
    notes_largest_mb: float = Field(default=4.0, gt=0, le=64)
    """Largest attachment of a note in MiB as it comes; a larger one is a dead letter."""
    notes_most_characters: int = Field(default=200_000, ge=1)
    """Most characters of a note's text; a longer one is a dead letter."""
    notes_request_timeout_s: float = Field(default=30.0, gt=0)
    """Seconds for one answer of a server of documents, from the first byte to the last."""
    notes_deidentify: Literal["off", "presidio"] = "off"
    """Whether names, numbers and addresses are taken out of a note before a model sees it and anything is said of it;
    presidio needs the extra ``deid``. A note of which that fails is a dead letter without its text."""
    notes_deidentify_model: str = ""
    """The spaCy model that finds names for presidio, e.g. en_core_web_lg, installed by the site; without one only
    patterns are found: numbers, addresses, dates of birth, and names behind a title or a label."""
    notes_niceness: int = Field(default=10, ge=0, le=19)
    """How far the notes worker steps back before other programs of the same machine."""
    notes_retry_delays_s: tuple[float, float, float] = (10.0, 60.0, 600.0)
    """Seconds that a note waits on notes.retry.short, .medium and .long; it goes to the next once it is six times as
    old as a delay."""
    notes_arrival_deadline_s: float = Field(default=3600.0, ge=0)
    """Seconds that a note is waited for which its server does not have yet; then it is a dead letter."""
    notes_give_up_s: float = Field(default=3 * 86400.0, gt=0)
    """Seconds a server of documents or a model may be away before a note becomes a dead letter; below the topics'
    retention."""
    alerts: bool = True
    """Whether the policy of alerts runs; it assesses every minute that holds a fact, so a backlog costs an inference
    for each. Off, only the newest minute of a patient is judged, and nobody is ever called."""
    alert_policy: Path | None = None
    """YAML file of the site's alert policy; without it the one that is shipped, which is a starting point alone."""
    early_view: bool = True
    """Whether bedside workers write acknowledged scores to Redis themselves; `cache` writes them again and repairs."""
    latest_ttl_s: int = Field(default=7 * 86400, ge=60)
    """Seconds that a patient's latest score is kept in Redis without a newer one."""
    history_length: int = Field(default=288, ge=1)
    """Scores per patient kept in Redis for drawing a trend."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port at which a worker answers /metrics (Prometheus), /live and /ready; 0 leaves them off."""
    metrics_address: str = "127.0.0.1"
    """Address of this machine at which it does; 0.0.0.0 in a container that is watched from outside."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is written to the log."""

    @model_validator(mode="after")
    def _slow_is_no_stall(self) -> Settings:
        """Refuse a worker that would take one slow answer for a standstill, exit for it, and do so again for ever."""
        asked = (self.pacs, "imaging_request_timeout_s"), (self.document_servers, "notes_request_timeout_s")
        for servers, name in asked:
            timeout_s: float = getattr(self, name)
            if servers and self.stall_timeout_s <= timeout_s:
                raise ContractError(
                    f"settings: expected CARDIOSTREAM_STALL_TIMEOUT_S above CARDIOSTREAM_{name.upper()} "
                    f"({timeout_s:g}), received {self.stall_timeout_s:g}; a server that takes its time would make the "
                    "worker exit; raise the one or lower the other"
                )
        return self

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
