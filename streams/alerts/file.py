"""The policy as a site writes it: YAML, checked whole, every fault with its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml
from pydantic import ValidationError

from streams.alerts.assessed import RANK
from streams.alerts.policy import Escalation, Policy, Rise, Rule, Threshold
from streams.alerts.schema import PolicyFile, RuleFile, ThresholdFile
from streams.clock import SECOND
from streams.errors import ContractError

DEFAULT = "default.yaml"
"""The policy that is shipped, beside this module."""
MOST_RULES = 20
"""Each is looked at for every assessment."""
_HIGHEST = 40
"""Faults that one message names."""
_DEEPEST, _MOST = 10, 20_000

Place = tuple[str | int, ...]


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a policy file."""

    line: int
    """From 1."""
    field: str
    """As ``rules[0].raise_at.level``."""
    expected: str

    def __str__(self) -> str:
        place = f"{self.field}: " if self.field else ""
        return f"line {self.line}: {place}{self.expected}"


class PolicyFaults(ContractError):
    """A policy that cannot be run, with every fault and its line."""

    def __init__(self, title: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda one: (one.line, one.field)))
        found = "\n".join(f"  {one}" for one in self.faults[:_HIGHEST])
        super().__init__(f"{title}: expected a policy of alerts, received {len(self.faults)} fault(s):\n{found}")


def load(path: Path | None) -> Policy:
    """Read a site's policy, or the one that is shipped.

    Raises
    ------
    PolicyFaults
        Where it cannot be read or run, with the line of every fault.
    """
    if path is None:
        return parse(resources.files(__package__).joinpath(DEFAULT).read_text("utf-8"), DEFAULT)
    try:
        return parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFaults(path.name, [Fault(1, "", f"a file in UTF-8 ({type(error).__name__})")]) from None


def parse(text: str, title: str = "policy") -> Policy:
    """Read a policy from its text.

    Raises
    ------
    PolicyFaults
        Where it cannot be run.
    """
    content, lines = _composed(text, title)
    try:
        found = PolicyFile.model_validate(content)
    except ValidationError as error:
        faults = [_of_schema(one, lines) for one in error.errors()]
        raise PolicyFaults(title, faults) from None
    digest = sha256(found.model_dump_json().encode()).hexdigest()[:8]
    policy, faults = _compiled(found, digest, lines)
    if faults:
        raise PolicyFaults(title, faults)
    return policy


def _composed(text: str, title: str) -> tuple[Any, dict[Place, int]]:
    lines: dict[Place, int] = {(): 1}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = None if node is None else _content(node, (), lines, yaml.SafeLoader(""))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "YAML"
        raise PolicyFaults(title, [Fault(mark.line + 1 if mark else 1, "", f"YAML: {said}")]) from None
    return content, lines


def _content(node: yaml.Node, place: Place, lines: dict[Place, int], loader: yaml.SafeLoader) -> Any:
    """Return the content of a node and note the line of everything in it."""
    lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > _DEEPEST or len(lines) > _MOST:
        # An alias may name what contains it, or a thousand of its kind.
        raise yaml.MarkedYAMLError(problem="fewer and flatter entries", problem_mark=node.start_mark)
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key, value in node.value:
            name = loader.construct_object(key, deep=True)
            if not isinstance(name, str | int) or name in found:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} once", problem_mark=key.start_mark)
            lines[*place, name] = key.start_mark.line + 1
            found[name] = _content(value, (*place, name), lines, loader)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_content(one, (*place, i), lines, loader) for i, one in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _line(place: Iterable[str | int], lines: Mapping[Place, int]) -> int:
    """Return the line of a place, or of the nearest around it that the file has."""
    return lines[_written(place, lines)]


def _written(place: Iterable[str | int], lines: Mapping[Place, int]) -> Place:
    """Return what of a place stands in the file: not a field that is missing, nor words of the checker's own."""
    found: Place = ()
    for part in place:
        found = (*found, part) if (*found, part) in lines else found
    return found


def _path(place: Iterable[str | int]) -> str:
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place).lstrip(".")


def _of_schema(error: Any, lines: Mapping[Place, int]) -> Fault:
    place = _written(error["loc"], lines)
    missing = error["loc"][-1:] if error["type"] == "missing" else ()
    return Fault(lines[place], _path((*place, *missing)), _words(error))


def _words(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "no such field; see docs/alerts.md for those there are"
    if error["type"] == "missing":
        return "a value; it has none"
    return str(error["msg"]).removeprefix("Value error, ")


def _compiled(found: PolicyFile, digest: str, lines: Mapping[Place, int]) -> tuple[Policy, list[Fault]]:
    names = [rule.name for rule in found.rules]
    faults = [] if 0 < len(names) <= MOST_RULES else [_fault(("rules",), lines, f"1 to {MOST_RULES} rules")]
    for i, name in enumerate(names):
        if name in names[:i]:
            faults.append(_fault(("rules", i, "name"), lines, "a name that no other rule has"))
    wards: dict[str, tuple[Rule, ...]] = {}
    for ward, own in found.wards.items():
        unknown = [name for name in own if name not in names]
        faults += [_fault(("wards", ward, n), lines, f"one of the rules {', '.join(names)}") for n in unknown]
        rules = [
            (i, rule.overridden(own[rule.name]) if rule.name in own else rule) for i, rule in enumerate(found.rules)
        ]
        wards[ward] = tuple(_rule(rule) for _, rule in rules if rule is not None)
        faults += _contradictions(found, ((("wards", ward, r.name), r) for _, r in rules if r and r.name in own), lines)
    faults += _contradictions(found, ((("rules", i), rule) for i, rule in enumerate(found.rules)), lines)
    look_back = _ms(found.look_back)
    return Policy(found.name, digest, look_back, tuple(map(_rule, found.rules)), wards), faults


def _contradictions(
    found: PolicyFile, rules: Iterable[tuple[Place, RuleFile]], lines: Mapping[Place, int]
) -> list[Fault]:
    """Return what each field allows and all together do not."""
    faults: list[Fault] = []
    for place, rule in rules:
        for name, said in rule.contradictions(found.look_back):
            faults.append(_fault((*place, name), lines, said))
    return faults


def _fault(place: Place, lines: Mapping[Place, int], expected: str) -> Fault:
    return Fault(_line(place, lines), _path(place), expected)


def _rule(rule: RuleFile) -> Rule:
    rise = rule.rise
    return Rule(
        name=rule.name,
        text=rule.text,
        priority=rule.priority,
        raise_at=_threshold(rule.raise_at),
        clear_below=_threshold(rule.clear_below),
        rise=None if rise is None else Rise(_tenths(rise.points), _ms(rise.within)),
        minimum_ms=_ms(rule.minimum_duration),
        clear_ms=_ms(rule.clear_duration),
        cooldown_ms=_ms(rule.cooldown),
        quiet_ms=_ms(rule.quiet_after_acknowledge),
        realert_points=_tenths(rule.realert_points),
        escalation=tuple(Escalation(_ms(step.after), step.to) for step in rule.escalation),
        hold_slow=rule.hold_slow_evidence,
    )


def _threshold(one: ThresholdFile) -> Threshold:
    return Threshold(None if one.level is None else RANK[one.level], None if one.index is None else _tenths(one.index))


def _tenths(points: float) -> int:
    return round(points * 10)


def _ms(seconds: float) -> int:
    return round(seconds * SECOND)
