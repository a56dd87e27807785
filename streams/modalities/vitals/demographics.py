"""Age at an instant and sex, with what is unknown said so."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from streams.clock import DAY, Instant
from streams.inference.manifest import Statics

DAYS_PER_YEAR = 365.2425
_EPOCH = date(1970, 1, 1).toordinal()
_MALE = {"male": 1.0, "female": 0.0}


@lru_cache(maxsize=65_536)
def birth_day(birth_date: str) -> int | None:
    """Return days from 1970-01-01 to a FHIR ``date`` (R4 2.24.0.1); None where there is none.

    A year is taken for its 1 July and a month for its 15th, so that the error is at most half of either.
    """
    full = birth_date + {4: "-07-01", 7: "-15"}.get(len(birth_date), "")
    try:
        return date.fromisoformat(full).toordinal() - _EPOCH
    except ValueError:
        return None


def age_years(birth_date: str, as_of: Instant) -> float | None:
    """Return the age in years, to the day; None where the birth date is unknown or later than `as_of`."""
    born = birth_day(birth_date)
    days = as_of // DAY - born if born is not None else -1
    return days / DAYS_PER_YEAR if days >= 0 else None


def statics_of(birth_date: str, sex: str, as_of: Instant, spec: Statics) -> NDArray[np.float32]:
    """Return normalised age, age known, male, sex known; a value that is unknown is 0 beside its 0."""
    years = age_years(birth_date, as_of)
    age = 0.0 if years is None else (min(years, spec.age_max) - spec.age_mean) / spec.age_std
    return np.array([age, years is not None, _MALE.get(sex, 0.0), sex in _MALE], np.float32)
