"""The measured figures from which capacity is planned, as a small JSON file, and how growth curves become them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

PATH = Path(__file__).parent / "measured.json"
PROCESSES = ("bedside", "cache", "broker", "redis", "triton")
Rows = Sequence[Mapping[str, float]]


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One machine's figures; CPU in microseconds of one core."""

    set_us: dict[str, dict[str, float]]
    """For each kind of feed (``minute``, ``dense``) and process: CPU per set of eight vital signs, one score each.

    Zero of what ran elsewhere."""
    results_per_set: float
    p99_ms: dict[str, float]
    """For each kind of feed: from a set's last value to its score in Redis, one worker at the highest rate measured."""
    set_log_bytes: dict[str, float]
    """For each kind of feed: written to the broker's log for a set, all topics, one copy, before compaction."""
    burst_per_s: float
    """Observations a second of one worker, all at once, coalesced."""
    catch_up_share: float
    """Of that, what a started worker does with a backlog."""
    worker_mib: float
    """Bedside worker that holds next to nothing."""
    cache_mib: float
    fact_bytes: float
    """Resident memory of a bedside worker for each fact held."""
    start_s: float
    """Bedside worker that has nothing to restore, from start to ready."""
    restore_per_s: float
    """Facts that it reads back from the changelog a second."""
    broker_mib: float
    """Resident, with the small heap of the embedded broker."""
    triton_mib: float
    redis_patient_bytes: float
    """A patient's latest score and place in one ranking."""
    redis_trend_bytes: float
    """A full trend of 288 scores."""


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Figures, with what they were measured on."""

    date: str
    machine: str
    note: str
    figures: Figures
    curves: dict[str, list[dict[str, float]]]
    """The growth curves themselves, row by row."""


def read(path: Path) -> Measured:
    """Read a file of figures; `msgspec.ValidationError` where it is not one."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def write(measured: Measured, path: Path) -> None:
    """Write a file of figures, four digits of each."""
    content = _short(msgspec.to_builtins(measured))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def _short(value: object) -> object:
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def figures_of(curves: Mapping[str, Rows]) -> Figures:
    """Turn whole growth curves into figures.

    Memory, restoring and starting are the line through the shortest and the longest history, by facts held; costs of a
    set are those at the highest rate, for each process as it is, its fixed part included. Dense sets cost as much more
    as they did with the same beds.
    """
    beds, history, patients = curves["beds"], curves["history"], curves["patients"]
    minute = max((row for row in beds if not row["dense"]), key=lambda row: row["beds"])
    kinds = {"minute": minute, "dense": next(row for row in beds if row["dense"])}
    same = next(row for row in beds if not row["dense"] and row["beds"] == kinds["dense"]["beds"])
    more = {name: us - _costs(same)[name] for name, us in _costs(kinds["dense"]).items()}
    short, long = history[0], history[-1]
    if len(history) < 2 or len(beds) < 2:
        raise ValueError("expected at least two points of history and of beds, received fewer; measure again")
    facts = long["facts held"] - short["facts held"]
    mib = (long["bedside MiB"] - short["bedside MiB"]) / facts
    if mib <= 0:
        raise ValueError(
            f"expected memory to grow with history, received {mib * 2**20:.0f} bytes a fact; measure again"
        )
    seconds = max(long["restart s"] - short["restart s"], 0.1) / facts
    return Figures(
        set_us={"minute": _costs(minute), "dense": {n: us + max(more[n], 0.0) for n, us in _costs(minute).items()}},
        results_per_set=minute["results per set"],
        p99_ms={kind: row["p99 ms"] for kind, row in kinds.items()},
        set_log_bytes={kind: row["log bytes/set"] for kind, row in kinds.items()},
        burst_per_s=patients[0]["obs/s"],
        catch_up_share=patients[0]["catch-up share"],
        worker_mib=short["bedside MiB"] - mib * short["facts held"],
        cache_mib=short["cache MiB"],
        fact_bytes=mib * 2**20,
        start_s=short["restart s"] - seconds * short["facts held"],
        restore_per_s=1 / seconds,
        broker_mib=kinds["dense"].get("broker MiB", 0.0),
        triton_mib=kinds["dense"].get("triton MiB", 0.0),
        redis_patient_bytes=beds[0]["Redis bytes per patient"],
        redis_trend_bytes=beds[0]["Redis bytes per trend"],
    )


def _costs(row: Mapping[str, float]) -> dict[str, float]:
    return {name: row.get(f"{name} µs/set", 0.0) for name in PROCESSES}
