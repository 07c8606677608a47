"""Calendar time: days as ordinals (1 = 0001-01-01), times of day as seconds; months and years clamp to month ends."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from fractions import Fraction

FIRST_YEAR, LAST_YEAR = 1800, 2200
SECONDS_A_DAY = 86400
Number = float | Fraction  # a day or second, or minus or plus infinity
LAST_DAY = date.max.toordinal()
_FULL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?\Z")


def shifted(day: int, months: int) -> int:
    """The same day `months` later (earlier when negative); the last day of the month where there is none."""
    start = date.fromordinal(min(max(day, 1), LAST_DAY))
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    year = min(max(year, 1), 9999)
    return date(year, month, min(start.day, monthrange(year, month)[1])).toordinal()


def days_of(text: str) -> tuple[int, int]:
    """First and last day that a full or partial date (`2026-03-02`, `2026-03`, `2026`) may be, as ordinals.

    Raises ValueError with what is wrong.
    """
    match = _FULL.match(text)
    if not match:
        raise ValueError("not a date; write 2026-03-02, or 2026-03 or 2026 where the rest is not known")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"the year {year} is outside {FIRST_YEAR} to {LAST_YEAR}")
    if month is None:
        return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    if not 1 <= month <= 12:
        raise ValueError(f"there is no month {month:02d}")
    last = monthrange(year, month)[1]
    if day is None:
        return date(year, month, 1).toordinal(), date(year, month, last).toordinal()
    if not 1 <= day <= last:
        raise ValueError(f"there is no day {day:02d} in {year}-{month:02d}, which ends with {last}")
    ordinal = date(year, month, day).toordinal()
    return ordinal, ordinal


def seconds_of(text: str) -> tuple[int, int]:
    """First and last second that a time (`2026-03-02T14:30`) or a full or partial date may be.

    A time without seconds is that minute's first second: clocks of one site are compared to the minute.
    Raises ValueError with what is wrong.
    """
    match = _MOMENT.match(text)
    if not match:
        if re.match(r".*(Z|[+-]\d{2}:?\d{2})\Z", text) and "T" in text:
            raise ValueError("times are local to the site; leave the time zone out")
        first, last = days_of(text)
        return first * SECONDS_A_DAY, last * SECONDS_A_DAY + SECONDS_A_DAY - 1
    day, _ = days_of(match.group(1))
    hour, minute, second = int(match.group(2)), int(match.group(3)), int(match.group(4) or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"there is no time {text[11:]}")
    moment = day * SECONDS_A_DAY + hour * 3600 + minute * 60 + second
    return moment, moment


def completed_months(start: int, end: int) -> int:
    """The largest n with start + n months ≤ end (negative when end lies before start)."""
    first, last = date.fromordinal(start), date.fromordinal(end)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    while shifted(start, months) > end:
        months -= 1
    return months


def completed_years(start: int, end: int) -> int:
    """The largest n with start + n years ≤ end."""
    first, last = date.fromordinal(start), date.fromordinal(end)
    years = last.year - first.year + 1
    while shifted(start, years * 12) > end:
        years -= 1
    return years


def day_text(day: Number) -> str:
    return date.fromordinal(int(day)).isoformat()


def days_text(low: Number, high: Number) -> str:
    """A date or a span of days as people write it: `2026-03-02`, `2026-03`, `2026`, `2026-03-02 to 2026-04-01`."""
    if low == float("-inf") or high == float("inf"):
        if low == high or (low == float("-inf") and high == float("inf")):
            return "date unknown"
        return f"{day_text(low)} or later" if high == float("inf") else f"{day_text(high)} or earlier"
    if low == high:
        return day_text(low)
    first, last = day_text(low), day_text(high)
    for length in (7, 4):
        if first[:length] == last[:length] and days_of(first[:length]) == (low, high):
            return first[:length]
    return f"{first} to {last}"


def moment_text(low: Number, high: Number) -> str:
    """A time, or the span of days that it may lie in."""
    if low == high:
        day, second = divmod(int(low), SECONDS_A_DAY)
        clock = f"{second // 3600:02d}:{second % 3600 // 60:02d}"
        return f"{day_text(day)}T{clock}" + (f":{second % 60:02d}" if second % 60 else "")
    if low == float("-inf") or high == float("inf"):
        return "time unknown"
    return days_text(low // SECONDS_A_DAY, high // SECONDS_A_DAY)
