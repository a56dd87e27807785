"""Broker, Redis, Triton and workers started, made ready, and stopped together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from streams.embedded import addresses, services
from streams.embedded.apache_kafka import why_not
from streams.embedded.child import Child, stop_all
from streams.embedded.leash import Leash
from streams.embedded.part import Part, Place
from streams.embedded.services import BrokerChoice
from streams.embedded.tansu import SETTINGS as TANSU_SETTINGS
from streams.embedded.tansu import Tansu
from streams.embedded.triton import TritonServer
from streams.embedded.worker import STOP_GRACE_S, Worker
from streams.errors import CardioStreamError, ContractError
from streams.provision import topics
from streams.settings import Settings

_POLL_S = 0.02
_SERVICE_GRACE_S = 8.0


class Interrupted(CardioStreamError):
    """The user asked to stop while the stack was starting."""


class Stack:
    """Everything the system needs, on this machine, on loopback; a context manager.

    Parameters
    ----------
    run_dir
        Folder for logs, addresses and the services' files; one stack at a time.
    broker
        ``kafka`` (needs KAFKA_HOME and Java), ``tansu`` (the wheel), or ``auto``: the first that can run.
    workers
        Workers to start once the services are ready, by name.
    model_repository
        Folder of models for Triton; the settings' own by default.
    settings_overrides
        Values of `Settings` fields for every process of this stack.
    external
        Services that are not started but found at the addresses in the settings.
    default_ports
        Prefer 9092, 6379 and 8001 where they are free; else any free ports.
    keep
        Keep what Apache Kafka stored in this folder before.
    progress
        Called with (part, what happened) for people to read.
    interrupted
        Asked at safe points of the start whether to give up.

    Raises
    ------
    PartFailed
        A part died or was not ready in time; says which, why and what to do.
    ContractError
        Something needed is missing, or the topics are not as declared.
    """

    def __init__(  # noqa: PLR0913 - every choice of the command `up`
        self,
        run_dir: Path,
        *,
        broker: BrokerChoice = "auto",
        workers: Sequence[str] = (),
        model_repository: Path | None = None,
        settings_overrides: Mapping[str, Any] | None = None,
        external: Collection[str] = (),
        default_ports: bool = False,
        keep: bool = False,
        settings: Settings | None = None,
        progress: Callable[[str, str], None] = lambda _part, _what: None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        given = settings or Settings()
        repository = (model_repository or given.model_repository).resolve()
        values = {"run_dir": run_dir.resolve(), "model_repository": repository, **(settings_overrides or {})}
        self._base = addresses.updated(given, values)
        self.settings = self._base
        self.broker_choice, self.external, self.default_ports, self.keep = broker, set(external), default_ports, keep
        self.worker_names, self.progress, self.interrupted = tuple(workers), progress, interrupted
        self.services: dict[str, Part] = {}
        self.workers: dict[str, Worker] = {}
        self._lock: IO[str] | None = None
        self._place: Place | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def env(self) -> dict[str, str]:
        """Environment variables that point another process at this stack."""
        return addresses.as_environment(self.settings, self.settings.model_fields_set)

    def start(self) -> None:
        """Start the services side by side, make the topics, start the workers, and return when all are ready."""
        self._lock = addresses.acquire(self._base.run_dir)
        try:
            self._place = Place(self._base.run_dir, Leash(), self.default_ports)
            _keep_last_logs(self._place.folder("logs"))
            self._build_services()
            self._start_services()
            self.publish_addresses()
            workers = [self._add_worker(name) for name in self.worker_names]
            for worker in workers:
                self._launch(worker)
            self._wait_ready(workers)
            self.publish_addresses()
        except BaseException:
            self.stop()
            raise

    def stop(self, grace_s: float | None = None) -> None:
        """Stop the workers, then the services, and leave nothing behind; harmless if nothing runs."""
        stop_all(_children(self.workers.values()), STOP_GRACE_S if grace_s is None else grace_s)
        stop_all(_children(self.services.values()), _SERVICE_GRACE_S if grace_s is None else grace_s)
        for part in self.services.values():
            if isinstance(part, TritonServer):
                part.clean_up()
        if self._place is not None:
            self._place.leash.close()
            self._place = None
        if self._lock is not None:
            addresses.remove(self._base.run_dir)
            self._lock.close()
            self._lock = None

    def check(self) -> None:
        """Raise `PartFailed` if a service has ended by itself."""
        for part in self.services.values():
            part.check()

    def start_worker(self, name: str, extra_env: Mapping[str, str] | None = None) -> Worker:
        """Start one more worker process and return at once; call its `wait_ready`."""
        worker = self._add_worker(name, extra_env)
        worker.start()
        self.publish_addresses()
        return worker

    def stop_triton(self) -> None:
        """Stop Triton; its address stays the same for `start_triton`."""
        self._stop_service("triton")

    def start_triton(self) -> None:
        """Start Triton again at its old address and wait until it is ready."""
        self._restart_service("triton")

    def stop_redis(self) -> None:
        """Stop Redis, and with it all it held."""
        self._stop_service("redis")

    def start_redis(self) -> None:
        """Start an empty Redis at the old address and wait until it is ready."""
        self._restart_service("redis")

    def _build_services(self) -> None:
        parts = services.build(self._open_place, self._base, self.broker_choice, self.external, keep=self.keep)
        self.services = {part.name: part for part in parts}
        if self.broker_choice == "auto" and isinstance(self.services.get("broker"), Tansu):
            self.progress("broker", f"Tansu, in memory, for trying out, because {why_not(self._base.kafka_home)}")

    @property
    def _open_place(self) -> Place:
        if self._place is None:
            raise RuntimeError("the stack is not started")
        return self._place

    def _start_services(self) -> None:
        parts = list(self.services.values())
        for part in parts:
            self._launch(part)
        if "broker" in self.external:
            self._provide_topics()
        self._wait_ready(parts)
        # A port may have changed where another program was quicker.
        self._apply_addresses()

    def _provide_topics(self) -> None:
        """Make the topics; they need the broker alone, so this is done while Triton still loads its models."""
        self._apply_addresses()
        report = topics.create(self.settings)
        self.progress("topics", f"{len(report.created)} created, {len(report.existing)} there already")
        drifts = [drift for drift in topics.check(self.settings) if drift.kind == "drift"]
        if drifts:
            first = drifts[0]
            raise ContractError(
                f"{len(drifts)} topic settings are not as declared, first {first.topic}: {first.what} expected "
                f"{first.expected}, found {first.found}; see `cardiostream topics check`"
            )

    def _apply_addresses(self) -> None:
        fields = {"broker": "bootstrap_servers", "redis": "redis_url", "triton": "triton_url"}
        values: dict[str, Any] = {fields[name]: part.address for name, part in self.services.items()}
        if isinstance(self.services.get("broker"), Tansu):
            values |= {k: v for k, v in TANSU_SETTINGS.items() if k not in self._base.model_fields_set}
        self.settings = addresses.updated(self._base, values)

    def _launch(self, part: Part) -> None:
        for remark in part.remarks:
            self.progress(part.name, remark)
        part.start()
        self.progress(part.name, "starting")

    def _wait_ready(self, parts: Sequence[Part]) -> None:
        """Wait for all at once; a part that lost its port to another program is started again on a new one."""
        waiting, retries = list(parts), 3
        while waiting:
            if self.interrupted():
                raise Interrupted("asked to stop")
            for part in list(waiting):
                if part.has_ended:
                    retries -= 1
                    self._start_elsewhere(part, retries)
                elif part.ready():
                    waiting.remove(part)
                    self.progress(part.name, f"ready after {part.age_s():.1f} s at {part.address}")
                    if part is self.services.get("broker"):
                        self._provide_topics()
                elif part.age_s() > part.start_timeout_s:
                    raise part.failed(f"was not ready after {part.start_timeout_s:.0f} s")
            self._check_others(waiting)
            time.sleep(_POLL_S)

    def _start_elsewhere(self, part: Part, retries: int) -> None:
        """Start a part again whose port another program took; raise `PartFailed` where it ended for another reason."""
        if retries < 0 or not part.port_was_taken():
            part.check()
        part.pick_ports()
        part.start()

    def _check_others(self, waiting: Sequence[Part]) -> None:
        for part in self.services.values():
            if part not in waiting:
                part.check()

    def _stop_service(self, name: str) -> None:
        part = self.services[name]
        stop_all(_children([part]), _SERVICE_GRACE_S)
        part.child = None
        if isinstance(part, TritonServer):
            part.clean_up()

    def _restart_service(self, name: str) -> None:
        part = self.services[name]
        part.start()
        self._wait_ready([part])
        self.publish_addresses()

    def _add_worker(self, name: str, extra_env: Mapping[str, str] | None = None) -> Worker:
        count = sum(worker.kind == name for worker in self.workers.values())
        label = name if count == 0 else f"{name}-{count + 1}"
        worker = Worker(self._open_place, name, label, {**self.env, **(extra_env or {})})
        self.workers[label] = worker
        return worker

    def publish_addresses(self) -> None:
        """Write where everything runs, for other commands."""
        running = {**self.services, **self.workers}
        content: dict[str, Any] = {
            "pid": os.getpid(),
            "watchdog": self._open_place.leash.pid,
            "parts": {
                name: {"pid": part.child.pid, "address": part.address, "log": str(part.place.log_path(name))}
                for name, part in running.items()
                if part.child is not None
            },
            # An external Redis' URL may carry a password: what the user set is left to the user's environment.
            "settings": self.settings.model_dump(mode="json", include=self._shared_settings()),
        }
        triton = self.services.get("triton")
        if isinstance(triton, TritonServer):
            content |= {"triton_http": triton.http_address, "triton_metrics": triton.metrics_address}
        addresses.write(self._base.run_dir, content)

    def _shared_settings(self) -> set[str]:
        withheld = {"redis": "redis_url", "broker": "bootstrap_servers", "triton": "triton_url"}
        return self.settings.model_fields_set - {"run_dir"} - {withheld[name] for name in self.external}


def _children(parts: Collection[Part]) -> list[Child]:
    return [part.child for part in parts if part.child is not None]


def _keep_last_logs(folder: Path) -> None:
    """Put the logs of the last start aside as ``NAME.log.1``, so that each start's are its own."""
    for path in folder.glob("*.log"):
        path.replace(path.with_name(f"{path.name}.1"))
