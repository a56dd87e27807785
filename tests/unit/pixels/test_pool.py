"""Decoding processes: what a file does there, the worker survives, within its memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from bench.films import chest, dataset, file_of, film, section, uid
from streams.errors import RejectedMessage
from streams.pixels.limits import MIB, Limits
from streams.pixels.pool import Pool
from tests.damage import damaged

SMALL = Limits(memory_bytes=384 * MIB, file_bytes=64 * MIB, seconds=20.0)
PUBLIC = (
    "CT_small", "OBXXXX1A_rle_2frame", "J2K_pixelrep_mismatch", "bad_sequence", "JPGLosslessP14SV1_1s_1f_8b",
    "examples_ybr_color", "examples_jpeg2k",
)  # fmt: skip
COUNT = 2000


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = Pool(1, SMALL)
    yield made
    await made.close()


def children() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if "streams.pixels.child" in one.cmdline():
                found.append(one)
    return found


async def test_a_picture_comes_back_whole(pool: Pool) -> None:
    picture = chest(64)
    image = await pool.decode(file_of(dataset(picture, uid("pool"), Modality="OT")))
    np.testing.assert_array_equal(image.values, picture)
    assert image.header.body_part == "CHEST"


async def test_a_refusal_comes_back_with_its_reason_and_the_process_stays(pool: Pool) -> None:
    await pool.decode(film(uid("pool"), side=64))
    [before] = children()
    with pytest.raises(RejectedMessage, match="not-dicom"):
        await pool.decode(b"nothing of the kind")
    assert children() == [before]


async def test_a_file_that_is_too_large_is_not_even_handed_on(pool: Pool) -> None:
    with pytest.raises(RejectedMessage, match="too-large"):
        await pool.decode(bytes(SMALL.file_bytes + 1))
    assert children() == []


async def test_a_file_that_asks_for_all_memory_is_refused_and_the_next_one_decoded() -> None:
    pool = Pool(1, Limits(memory_bytes=64 * MIB, pixels=10**9))
    try:
        large = dataset(np.zeros((3000, 3000), np.uint16), uid("large"), WindowCenter=1, WindowWidth=9)
        with pytest.raises(RejectedMessage, match="memory"):
            await pool.decode(file_of(large))
        assert (await pool.decode(film(uid("pool"), side=64))).values.shape == (64, 64)
    finally:
        await pool.close()


async def test_a_process_that_dies_is_replaced(pool: Pool) -> None:
    await pool.decode(film(uid("pool"), side=64))
    [before] = children()
    before.kill()
    before.wait()
    assert (await pool.decode(film(uid("pool"), side=64))).values.shape == (64, 64)
    assert children() != [before]


async def test_a_file_that_kills_two_processes_is_refused(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ended(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("streams.pixels.pool._Process._exchange", ended)
    with pytest.raises(RejectedMessage, match="crash"):
        await pool.decode(film(uid("pool"), side=64))
    assert children() == []


async def test_one_that_takes_too_long_is_ended(pool: Pool) -> None:
    await pool.decode(film(uid("pool"), side=64))
    [before] = children()
    before.suspend()
    pool.limits = Limits(seconds=0.3)
    with pytest.raises(RejectedMessage, match="time"):
        await pool.decode(film(uid("pool"), side=64))
    assert not before.is_running()


async def test_what_is_given_up_leaves_no_half_answer_behind(pool: Pool) -> None:
    await pool.decode(film(uid("pool"), side=64))
    task = asyncio.create_task(pool.decode(film(uid("first"), side=512)))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert (await pool.decode(film(uid("second"), side=64))).header.study_uid == uid("second")


async def test_the_process_knows_nothing_of_the_workers_secrets(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOSTREAM_REDIS_URL", "redis://me:secret@x/0")
    await pool.decode(film(uid("pool"), side=64))
    [child] = children()
    assert not any(name.startswith("CARDIOSTREAM") for name in child.environ())


async def test_nothing_is_left_running(pool: Pool) -> None:
    await pool.decode(film(uid("pool"), side=64))
    await pool.close()
    assert children() == []
    for _ in range(1):
        pool._free.put_nowait(None)


def files() -> list[bytes]:
    """Pictures of every kind that there is on this machine, small ones."""
    turned = film(uid("fuzz"), PhotometricInterpretation="MONOCHROME1", side=64)
    found = [film(uid("fuzz"), side=128), section(uid("fuzz"), 1), turned]
    if "CARDIOSTREAM_DATA" in os.environ:
        folder = Path(os.environ["CARDIOSTREAM_DATA"]) / "dicom-fixtures"
        found += [(folder / f"{name}.dcm").read_bytes() for name in PUBLIC]
    return found


@pytest.mark.timeout(600)
async def test_two_thousand_damaged_files_crash_nothing_and_stay_within_the_memory() -> None:
    pool, counts, peaks = Pool(2, SMALL), Counter[str](), [0]
    try:
        base = (await pool.decode(film(uid("pool"), side=64))) and peak()
        waiting = iter(damaged(files(), COUNT))

        async def some() -> None:
            for _, content in waiting:
                try:
                    image = await pool.decode(content)
                    assert np.isfinite(image.values).all()
                    counts["picture"] += 1
                except RejectedMessage as refused:
                    counts[refused.reason] += 1
                peaks.append(peak())

        await asyncio.gather(some(), some())
        assert sum(counts.values()) == COUNT
        assert max(peaks) - base <= SMALL.memory_bytes
        assert set(counts) - {"picture", "crash"} <= REASONS
        assert counts["crash"] + counts["memory"] + counts["time"] <= COUNT // 50
        assert counts["picture"] > 100
        assert (await pool.decode(film(uid("pool"), side=64))).values.shape == (64, 64)
    finally:
        await pool.close()


REASONS = {
    "not-dicom", "no-pixels", "too-many-pixels", "too-many-frames", "undecodable", "truncated", "transfer-syntax",
    "photometric", "look-up-table", "not-finite", "memory", "time", "frame",
}  # fmt: skip


def peak() -> int:
    """Most bytes of address space that any decoding process has had."""
    found = [0]
    for child in children():
        try:
            lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
        except OSError:
            continue
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmPeak")]
    return max(found)
