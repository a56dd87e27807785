from __future__ import annotations

from pathlib import Path

import pytest

from streams.alerts.file import PolicyFaults, load, parse
from streams.clock import HOUR, MINUTE
from tests.unit.alerts.policies import PLAIN, policy


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyFaults) as caught:
        parse(text)
    return [str(one) for one in caught.value.faults]


def test_the_policy_that_is_shipped_can_be_run() -> None:
    found = load(None)
    assert [rule.name for rule in found.rules] == ["high-risk", "medium-risk"]
    assert found.look_back_ms == 2 * HOUR
    assert found.rules[0].escalation[0].after_ms == 15 * MINUTE
    assert found.title.startswith("cardiostream-default/")


def test_a_ward_has_the_rules_of_the_site_but_for_what_it_says_itself() -> None:
    found = policy(
        "cooldown: 30 min", "wards:\n  ICU:\n    high-risk: {raise_at: {index: 90}}\n  Day: {high-risk: off}\n"
    )
    assert found.rules_of("ICU")[0].raise_at.index == 900
    assert found.rules_of("ICU")[0].cooldown_ms == 30 * MINUTE
    assert found.rules_of("Day") == ()
    assert found.rules_of("anywhere else") == found.rules


def test_the_digest_is_of_the_content_and_not_of_comments() -> None:
    assert parse(PLAIN).digest == parse("# a comment\n" + PLAIN).digest
    assert parse(PLAIN).digest != parse(PLAIN.replace("60", "59")).digest


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("raise_at: {index: 70}", "raise_at: {level: hihg}"), "line 8: rules[0].raise_at.level: "),
        (("raise_at: {index: 70}", "raise_at: {}"), "line 8: rules[0].raise_at: expected a level, an index, or both"),
        (("raise_at: {index: 70}", "raise_at: {index: 170}"), "line 8: rules[0].raise_at.index: "),
        (("clear_below: {index: 60}", "clear_below: {index: 71}"), "line 9: rules[0].clear_below: thresholds of "),
        (("clear_below: {index: 60}", "clear_below: {level: low-medium}"), "line 9: rules[0].clear_below: thresholds"),
        (("    clear_below: {index: 60}\n", ""), "line 5: rules[0].clear_below: a value; it has none"),
        (("priority: high", "prioritty: high"), "line 7: rules[0].prioritty: no such field"),
        (("look_back: 2 h", "look_back: 2 hours"), "line 3: look_back: expected a duration as 30 s, 15 min"),
        (("look_back: 2 h", "look_back: 2"), "line 3: look_back: expected a duration"),
        (("look_back: 2 h", "look_back: 1 s"), "line 3: look_back: Input should be greater than or equal to 600"),
        (("name: high-risk", "name: High Risk"), "line 5: rules[0].name: "),
        (("text: high risk", "text: ''"), "line 6: rules[0].text: "),
        (("name: plain", "name: [plain"), "line "),
        (("name: plain", "name: plain\nname: twice"), "line 3: YAML: the key 'name' once"),
    ],
)
def test_a_fault_is_told_with_its_line_and_field(change: tuple[str, str], expected: str) -> None:
    [first, *_] = faults(PLAIN.replace(*change))
    assert first.startswith(expected)


@pytest.mark.parametrize(
    ("wards", "expected"),
    [
        ("  ICU:\n    hgih-risk: off\n", "line 12: wards.ICU.hgih-risk: one of the rules high-risk"),
        ("  ICU:\n    high-risk:\n", "line 12: wards.ICU.high-risk: expected fields of the rule, or off"),
        ("  ICU:\n    high-risk: {raise_at: {index: 40}}\n", "line 12: wards.ICU.high-risk.clear_below: thresholds of"),
        ("  ICU:\n    high-risk: {name: other}\n", "line 12: wards.ICU.high-risk.name: no such field"),
    ],
)
def test_a_fault_in_a_ward_is_told_with_its_line(wards: str, expected: str) -> None:
    [first] = faults(PLAIN + "\nwards:\n".lstrip("\n") + wards)
    assert first.startswith(expected)


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = PLAIN.replace("look_back: 2 h", "look_back: x").replace("{index: 60}", "{index: many}")
    assert [one.split(":")[0] for one in faults(text)] == ["line 3", "line 9"]


@pytest.mark.parametrize("text", ["", "[]", "just words", "a: &a [*a]", "\tx: 1", "rules: {1: 2}", "? [a]\n: b"])
def test_what_is_no_policy_is_refused_in_words(text: str) -> None:
    assert all(one.startswith("line ") for one in faults(text))


def test_entries_that_name_each_other_a_billion_times_are_refused() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    assert faults(text)


def test_a_file_that_is_not_there_is_told_by_its_name_alone(tmp_path: Path) -> None:
    with pytest.raises(PolicyFaults, match=r"^site.yaml: expected a policy .*\n  line 1: a file in UTF-8"):
        load(tmp_path / "site.yaml")


def test_steps_of_escalation_have_to_come_one_after_another() -> None:
    text = PLAIN + "    escalation: [{after: 30 min, to: b}, {after: 15 min, to: a}]\n"
    assert faults(text) == ["line 10: rules[0].escalation: steps in order, each later than the one before"]
