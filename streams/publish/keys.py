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
``risk:{<patient_id>}:alerts``  hash        alert id to the alert as JSON, of those that stand open; expires
``risk:{<patient_id>}:places``  hash        alert id to ``topic_id epoch offset changed_at ward`` of its newest
                                            word, also of those that have ended: no older word opens one again; expires
``risk:alerts``                 sorted set  ``patient_id alert_id`` of all open alerts by when they last changed, in ms
``risk:ward:{<ward>}:alerts``   sorted set  the same for those of one ward
``risk:models``                 hash        model to its modes as JSON (`streams.publish.modes_view.ShownModes`), of
                                            models that anybody ever changed
``risk:view``                   hash        topic_id of the results topic that the view was rebuilt from, once for all
                                            and once per partition; absent in an emptied Redis
==============================  ==========  =====================================================================

All keys of a patient share a hash tag, so one script may touch them in Redis Cluster; rankings and lists of open alerts
are derived from them.

Channels of pub/sub: ``risk:updates`` for all, ``risk:ward:{<ward>}:updates`` for one ward; each message is the JSON of
a `streams.publish.live.Update`, told when a score becomes a patient's latest, also to the ward that was left by it.
``risk:alerts:updates`` and ``risk:ward:{<ward>}:alerts:updates`` tell each new word on an alert once, as its JSON.
"""

from __future__ import annotations

RANKING = "risk:ranking"
MARKER = "risk:view"
MODELS = "risk:models"
OPEN_ALERTS = "risk:alerts"
UPDATES, ALERT_UPDATES = "risk:updates", "risk:alerts:updates"
"""Channels."""
RETIRED = "retired"
"""Level of an id that has been merged into another."""
INDETERMINATE = -1.0
"""Place in the ranking of a patient without an index."""

_WARD_HEAD, _WARD_TAIL = "risk:ward:{", "}:ranking"
WARDS = f"{_WARD_HEAD}*{_WARD_TAIL}"
"""Pattern of the rankings of all wards."""


def place(index: float | None) -> float:
    """Return where an index stands in a ranking."""
    return INDETERMINATE if index is None else index


def latest(patient_id: str) -> str:
    """Return the key of a patient's latest score."""
    return f"risk:{{{patient_id}}}:latest"


def history(patient_id: str) -> str:
    """Return the key of a patient's trend."""
    return f"risk:{{{patient_id}}}:history"


def ranking(ward: str) -> str:
    """Return the key of the ranking of a ward."""
    return f"{_WARD_HEAD}{ward}{_WARD_TAIL}"


def alerts(patient_id: str) -> str:
    """Return the key of a patient's open alerts."""
    return f"risk:{{{patient_id}}}:alerts"


def places(patient_id: str) -> str:
    """Return the key of the places of a patient's alerts on their topic."""
    return f"risk:{{{patient_id}}}:places"


def open_alerts(ward: str) -> str:
    """Return the key of the open alerts of a ward; of all where it is empty."""
    return f"{_WARD_HEAD}{ward}}}:alerts" if ward else OPEN_ALERTS


def ward_of_alerts(key: str) -> str:
    """Return the ward whose open alerts have this key; empty for those of all."""
    return "" if key == OPEN_ALERTS else key[len(_WARD_HEAD) : -len("}:alerts")]


def alert_updates(ward: str) -> str:
    """Return the channel of a ward's alerts; of all where it is empty."""
    return f"{_WARD_HEAD}{ward}}}:alerts:updates" if ward else ALERT_UPDATES


def ward_updates(ward: str) -> str:
    """Return the channel of a ward's updates."""
    return f"{_WARD_HEAD}{ward}}}:updates"


def rankings(ward: str) -> tuple[str, ...]:
    """Return the keys of all rankings that a patient of a ward is in; empty where there is no ward."""
    return (RANKING, ranking(ward)) if ward else (RANKING,)


def ward_of(key: str) -> str:
    """Return the ward whose ranking has this key."""
    return key[len(_WARD_HEAD) : -len(_WARD_TAIL)]
