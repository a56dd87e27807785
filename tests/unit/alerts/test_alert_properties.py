"""Whatever the noise and the order: no flapping, the same alerts in the end, no call without a reason."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts import state
from streams.alerts.assessed import Assessed
from streams.alerts.life import Life, Place
from streams.alerts.watch import Watch
from streams.clock import MINUTE
from streams.records import AlertCommand
from tests.unit.alerts.policies import at, one, policy, word

POLICY = policy(
    """
    minimum_duration: 3 min
    clear_duration: 4 min
    cooldown: 20 min
    quiet_after_acknowledge: 30 min
    realert_points: 8
    escalation: [{after: 10 min, to: nurse in charge}, {after: 25 min, to: physician}]
    """,
    wards="wards:\n  ICU:\n    high-risk: {raise_at: {index: 85}}\n",
)
indices = st.none() | st.integers(300, 1000).map(lambda tenths: tenths / 10)
records = st.dictionaries(st.integers(0, 110), indices, min_size=1, max_size=40).map(
    lambda found: [one(minute, index) for minute, index in sorted(found.items())]
)
actions = st.sampled_from(["acknowledge", "snooze", "resolve"])
commands = st.lists(
    st.builds(
        lambda minute, action: word(minute, action, until=minute + 15 if action == "snooze" else None),
        st.integers(0, 115).map(lambda minute: minute + 0.25),
        actions,
    ),
    max_size=4,
    unique_by=lambda one: one.command_id,
).map(lambda found: tuple(sorted(found, key=lambda one: (one.effective_at, one.command_id))))
chance = st.randoms(use_true_random=False)
WARD = Place("North", "")
END = at(125)
THOROUGH = settings(max_examples=300, deadline=None)
MINUTE_BY_MINUTE = settings(max_examples=60, deadline=None)


def whole(rows: list[Assessed], words: tuple[AlertCommand, ...] = (), place: Place = WARD) -> list[Life]:
    """What stands at the end by one look at everything."""
    watch = Watch(POLICY)
    watch.assess(rows, rows[0].at, place, words, END)
    return watch.standing()


def every_state(rows: list[Assessed], words: tuple[AlertCommand, ...] = ()) -> list[Life]:
    """Every state that alerts go through where each minute comes at its time."""
    watch = Watch(POLICY)
    found: list[Life] = []
    for row in rows:
        known = tuple(w for w in words if w.effective_at <= row.at)
        for now in range(watch.rows[-1].at if watch.rows else row.at, row.at, MINUTE):
            found += watch.time_passes(now)
        found += watch.assess([row], row.at, WARD, known, row.at)
    found += watch.assess([], END, WARD, words, END)
    return found


@given(records, commands)
@MINUTE_BY_MINUTE
def test_at_most_one_alert_of_a_rule_is_raised_in_a_cooldown_whatever_the_noise(
    rows: list[Assessed], words: tuple[AlertCommand, ...]
) -> None:
    first = {life.key: life.raised_at for life in reversed(every_state(rows, words)) if life.state == "raised"}
    times = sorted(first.values())
    assert all(later - earlier >= 20 * MINUTE for earlier, later in itertools.pairwise(times))


@given(records, commands)
@MINUTE_BY_MINUTE
def test_an_acknowledged_alert_is_never_raised_again_unless_the_patient_is_worse_than_what_was_acknowledged(
    rows: list[Assessed], words: tuple[AlertCommand, ...]
) -> None:
    acknowledged: dict[tuple[str, int], Life] = {}
    for life in every_state(rows, tuple(w for w in words if w.action == "acknowledge")):
        before = acknowledged.pop(life.key, None)
        if before is not None and life.state == "raised":
            assert life.reason == "worse"
            more = min(80, (1000 - before.worst_index) // 2)
            assert life.rank > before.worst_rank or life.index >= before.worst_index + more
        if life.state == "acknowledged":
            acknowledged[life.key] = life


@given(records, commands, chance)
@THOROUGH
def test_any_order_any_batches_repeats_and_restarts_end_with_the_same_alerts_under_the_same_ids(
    rows: list[Assessed], words: tuple[AlertCommand, ...], rng: random.Random
) -> None:
    events: list[Assessed | AlertCommand] = [*rows, *words]
    events += [one for one in events if rng.random() < 0.2]
    rng.shuffle(events)
    watch = Watch(POLICY)
    known: dict[int, Assessed] = {}
    heard: dict[str, AlertCommand] = {}
    while events:
        batch = [events.pop() for _ in range(min(len(events), rng.randint(1, 5)))]
        fresh = [event for event in batch if isinstance(event, Assessed)]
        heard |= {event.command_id: event for event in batch if isinstance(event, AlertCommand)}
        known |= {row.at: row for row in fresh}
        since = min((row.at for row in fresh), default=END)
        found = [row for at_, row in sorted(known.items()) if at_ >= since]
        said = tuple(sorted(heard.values(), key=lambda one: (one.effective_at, one.command_id)))
        now = rng.choice([at(0), at(60), END])
        watch.assess(found, since, rng.choice([WARD, WARD, Place("ICU", "")]), said, now)
        if rng.random() < 0.3:
            raw = state.written(watch, None)
            watch = state.read(raw, POLICY)
            watch.restored(said)
        if rng.random() < 0.2:
            watch.time_passes(now)
    watch.assess([], END, WARD, words, END)
    assert watch.standing() == whole(rows, words)


@given(records, commands)
@THOROUGH
def test_a_replay_tells_nothing_new(rows: list[Assessed], words: tuple[AlertCommand, ...]) -> None:
    watch = Watch(POLICY)
    watch.assess(rows, rows[0].at, WARD, words, END)
    assert watch.assess(rows, rows[0].at, WARD, words, END) == []
    assert watch.time_passes(END) == []


@given(records)
@THOROUGH
def test_a_correction_that_takes_every_reason_away_leaves_nothing_standing(rows: list[Assessed]) -> None:
    watch = Watch(POLICY)
    watch.assess(rows, rows[0].at, WARD, (), END)
    before = {life.key for life in watch.standing()}
    calm = [row._replace(rank=1, tenths=100, fast_rank=1, fast_tenths=100) for row in rows]
    lives = watch.assess(calm, rows[0].at, WARD, (), END)
    assert watch.standing() == []
    assert {life.key for life in lives if life.reason == "corrected"} == before


@given(records, commands)
@THOROUGH
def test_what_is_written_is_read_back(rows: list[Assessed], words: tuple[AlertCommand, ...]) -> None:
    watch = Watch(POLICY)
    watch.assess(rows, rows[0].at, WARD, words, END)
    found = state.read(state.written(watch, None), POLICY)
    assert (found.rows, found.settled, found.start, found.said) == (watch.rows, watch.settled, watch.start, watch.said)
    assert bytes(found.packed) == bytes(watch.packed)


def test_a_long_stay_ends_as_by_one_look_whether_the_look_back_moves_on_or_not() -> None:
    rng = random.Random(3)
    rows, index = [], 50.0
    for minute in range(0, 3000, 3):
        index = min(max(index + rng.gauss(0, 8), 20), 99)
        rows.append(one(minute, index))
    words = tuple(word(minute + 0.5, "acknowledge") for minute in range(10, 3000, 170))
    step, jump = Watch(POLICY), Watch(POLICY)
    for row in rows:
        known = tuple(w for w in words if w.effective_at <= row.at)
        step.assess([row], row.at, WARD, known, row.at)
    for start in range(0, len(rows), 90):
        part = rows[start : start + 90]
        jump.assess(part, part[0].at, WARD, tuple(w for w in words if w.effective_at <= part[-1].at), part[-1].at)
    assert step.standing() == jump.standing()
    assert step.start == jump.start
    assert step.rows == jump.rows
