"""The keys of the view in Redis, in one place.

==============================  ==========  =====================================================================
Key                             Type        Holds
==============================  ==========  =====================================================================
``risk:{<patient_id>}:latest``  hash        level, index (empty: indeterminate), as_of, version, epoch, offset,
                                            topic_id, ward, bed (empty: unknown or discharged), json (the
                                            RiskAssessment); expires; level ``retired`` where the id has been merged
                                            into another, which json then names
``risk:{<patient_id>}:history`` sorted set  by as_of, one member ``epoch offset as_of level index`` per clinical
                                            instant, the newest `history_length`; expires
``risk:ranking``                sorted set  patient_id by index; -1 where indeterminate, so that nobody vanishes;
                                            retired ids are not in it
``risk:ward:{<ward>}:ranking``  sorted set  the same for the patients of one ward; who is discharged is in none
``risk:models``                 hash        model to its modes as JSON (`streams.publish.modes_view.ShownModes`), of
                                            models that anybody ever changed
``risk:view``                   hash        topic_id of the results topic that the view was rebuilt from, once for all
                                            and once per partition; absent in an emptied Redis
==============================  ==========  =====================================================================

The first two share a hash tag, so one script may touch both in Redis Cluster; the rankings are derived from them.

Channels of pub/sub: ``risk:updates`` for all, ``risk:ward:{<ward>}:updates`` for one ward; each message is the JSON of
a `streams.publish.live.Update`, told when a score becomes a patient's latest, also to the ward that was left by it.
"""

from __future__ import annotations

RANKING = "risk:ranking"
MARKER = "risk:view"
MODELS = "risk:models"
UPDATES = "risk:updates"
"""Channel."""
RETIRED = "retired"
"""Level of an id that has been merged into another."""
INDETERMINATE = -1.0
"""Place in the ranking of a patient without an index."""

_WARD_HEAD, _WARD_TAIL = "risk:ward:{", "}:ranking"
WARDS = f"{_WARD_HEAD}*{_WARD_TAIL}"
"""Pattern of the rankings of all wards."""


def latest(patient_id: str) -> str:
    """Return the key of a patient's latest score."""
    return f"risk:{{{patient_id}}}:latest"


def history(patient_id: str) -> str:
    """Return the key of a patient's trend."""
    return f"risk:{{{patient_id}}}:history"


def ranking(ward: str) -> str:
    """Return the key of the ranking of a ward."""
    return f"{_WARD_HEAD}{ward}{_WARD_TAIL}"


def ward_updates(ward: str) -> str:
    """Return the channel of a ward's updates."""
    return f"{_WARD_HEAD}{ward}}}:updates"


def rankings(ward: str) -> tuple[str, ...]:
    """Return the keys of all rankings that a patient of a ward is in; empty where there is no ward."""
    return (RANKING, ranking(ward)) if ward else (RANKING,)


def ward_of(key: str) -> str:
    """Return the ward whose ranking has this key."""
    return key[len(_WARD_HEAD) : -len(_WARD_TAIL)]
