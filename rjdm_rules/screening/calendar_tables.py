"""The calendar in arrays: months moved and completed for many days at once, as `values.calendar` does it for one.

A table for each number of months holds, for every day of the years that records may have, the day it becomes; days
outside are worked out one by one.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..values.calendar import FIRST_YEAR, LAST_YEAR, SECONDS_A_DAY, completed_months, shifted

Array = npt.NDArray[Any]  # of whole numbers
FIRST = date(FIRST_YEAR, 1, 1).toordinal()
LAST = date(LAST_YEAR, 12, 31).toordinal()
UNIX = date(1970, 1, 1).toordinal()


@cache
def _parts() -> tuple[Array, Array, Array]:
    """For each day: the month (counted through the years), the day of the month, and whether that is its last."""
    days = np.arange(FIRST - UNIX, LAST - UNIX + 2).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day = (days - months).astype(np.int64) + 1
    last = np.append(months[1:] != months[:-1], False)
    return (months.astype(np.int64) + 1970 * 12)[:-1], day[:-1], last[:-1]


@cache
def _places() -> tuple[Array, Array]:
    """For each day its month and its day of the month in one number; as the end of a time, the last day of a month
    counts as a 31st, since it completes a month that began on a later day."""
    month, day, last = _parts()
    return (month * 32 + day).astype(np.int32), (month * 32 + np.where(last, 31, day)).astype(np.int32)


@cache
def _moved(months: int) -> Array:
    month, day, _ = _parts()
    first = (month + months - 1970 * 12).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    found = first.astype("datetime64[D]").astype(np.int64) + np.minimum(day, length) - 1 + UNIX
    days: Array = found.astype(np.int32)
    return days


def _inside(days: Array) -> bool:
    return not len(days) or bool(days.min() >= FIRST and days.max() <= LAST)


def months_later(days: Array, months: int) -> Array:
    """The same day some months later (or earlier), clamped to the end of the month."""
    if abs(months) > 1200 or not _inside(days):
        return _one_by_one(days, months)
    moved: Array = _moved(months)[days - FIRST]
    return moved


def _one_by_one(days: Array, months: int) -> Array:
    different, back = np.unique(days, return_inverse=True)
    return np.array([shifted(int(day), months) for day in different], dtype=np.int64)[back]


def moments_later(moments: Array, months: int) -> Array:
    """The same for moments; the time of day stays."""
    day, second = np.divmod(moments, SECONDS_A_DAY)
    return months_later(day, months).astype(np.int64) * SECONDS_A_DAY + second


def elapsed(unit: str, start: Array, end: Array) -> Array:
    """Completed years, months or days. A year is completed where twelve months are."""
    if unit == "days":
        return end.astype(np.int64) - start
    months = _completed_months(start, end)
    return months if unit == "months" else months // 12


def _completed_months(start: Array, end: Array) -> Array:
    if not (_inside(start) and _inside(end)):
        pairs, back = np.unique(np.stack(np.broadcast_arrays(start, end)), axis=1, return_inverse=True)
        return np.array([completed_months(int(a), int(b)) for a, b in pairs.T], dtype=np.int64)[back.ravel()]
    begins, ends = _places()
    a, b = begins[start - FIRST], ends[end - FIRST]
    months: Array = (b >> 5) - (a >> 5) - ((a & 31) > (b & 31))
    return months
