"""One policy at several thresholds, for a curve of how often against how early."""

from __future__ import annotations

import msgspec

from streams.alerts.policy import Policy, Threshold

HYSTERESIS = 100
"""Tenths of a point between raising and resolving in a curve."""


def at_index(policy: Policy, index: float) -> Policy:
    """Return a policy of its first rule alone, raised from an index on and resolved 10 points below it, in every ward.

    Parameters
    ----------
    index
        0 to 100.
    """
    tenths = round(index * 10)
    rule = msgspec.structs.replace(
        policy.rules[0],
        raise_at=Threshold(index=tenths),
        clear_below=Threshold(index=max(tenths - HYSTERESIS, 0)),
        rise=None,
    )
    return msgspec.structs.replace(policy, name=f"{policy.name}-at-{index:g}", rules=(rule,), wards={})
