"""Windows of time beside an anchor, with anchors, dates and lengths that may be known in part only.

A stretch from `start` to `end` (one day for a plain event) fits a window if the two overlap. With bounds instead of
exact days it certainly fits if it does for every choice of days, and possibly if it does for one. Both edges of a
window move with the anchor `a` and never decrease in it:

    low(a) ≤ end   and   start ≤ high(a)

so "for every a" needs only the ends of the anchor's bounds, and "for some a" the least a that `high` allows.
Units are days (ordinals), or seconds where the clock counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from ..logic.kleene import Truth
from .bounds import INFINITY, Bounds, Endpoint
from .calendar import LAST_DAY, SECONDS_A_DAY, shifted

Edge = Callable[[Endpoint], Endpoint]


@dataclass(frozen=True, slots=True)
class Extent:
    """How long a window is: months on the calendar and units (days, or seconds); `units` may be infinite."""

    months: int
    units: Endpoint


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window as two edges that depend on the anchor, both inside; None is an open side."""

    low: Edge | None
    high: Edge | None


def moved(day: Endpoint, sign: int, months: int, units: Endpoint) -> Endpoint:
    """A day moved by months on the calendar, then by units."""
    if day in (INFINITY, -INFINITY):
        return day
    if units == INFINITY:
        return sign * INFINITY
    start = int(day)
    if months:
        start = shifted(start, sign * months)
    return start + sign * int(units)


def moved_moment(moment: Endpoint, sign: int, months: int, days: Endpoint) -> Endpoint:
    """A moment moved by months on the calendar (the time of day stays) and by days, of which a part counts."""
    if moment in (INFINITY, -INFINITY):
        return moment
    if days == INFINITY:
        return sign * INFINITY
    day, second = divmod(int(moment), SECONDS_A_DAY)
    return shifted(day, sign * months) * SECONDS_A_DAY + second + sign * int(days * SECONDS_A_DAY)


def in_calendar(bounds: Bounds, moments: bool) -> bool:
    """Whether both ends are days (or moments) that the calendar has."""
    last = LAST_DAY * (SECONDS_A_DAY if moments else 1)
    return all(end in (INFINITY, -INFINITY) or 1 <= end <= last for end in (bounds.low, bounds.high))


def edge(sign: int, extent: Extent, up: bool, beyond: int) -> Edge:
    """The anchor moved by an extent (a fraction of a unit rounded up or down), then by `beyond` units."""
    whole = extent.units if extent.units == INFINITY else (ceil if up else floor)(extent.units)
    return lambda anchor: moved(anchor, sign, extent.months, whole) + beyond


def anchor_itself(anchor: Endpoint) -> Endpoint:
    return anchor


def stretch(kind: str, direction: str, extent: Extent) -> Stretch:
    """The window of a kind (within, at least, less than, more than, side) and direction (before, after, of)."""
    sign = -1 if direction == "before" else 1
    match kind:
        case "within":
            back, forth = edge(-1, extent, False, 0), edge(1, extent, False, 0)
            low = anchor_itself if direction == "after" else back
            return Stretch(low, anchor_itself if direction == "before" else forth)
        case "at least":
            far = edge(sign, extent, True, 0)
        case "less than":
            near = edge(sign, extent, True, -sign)
            return Stretch(near, anchor_itself) if sign < 0 else Stretch(anchor_itself, near)
        case _:  # more than; side is more than nothing
            far = edge(sign, extent, False, sign)
    return Stretch(None, far) if sign < 0 else Stretch(far, None)


def overlap(start: Bounds, end: Bounds, anchor: Bounds, window: Stretch) -> Truth:
    """Whether start..end meets the window, for each day that any of them may be. `end` is never before `start`."""
    if anchor.unknown:
        return None
    low, high = window.low, window.high
    if low and high and low(anchor.low) > high(anchor.low):
        return False
    end_low, start_high = max(start.low, end.low), min(start.high, end.high)
    if (high is None or start_high <= high(anchor.low)) and (low is None or low(anchor.high) <= end_low):
        return True
    least = anchor.low if high is None else max(anchor.low, least_anchor(high, start.low))
    possible = least <= anchor.high and (low is None or low(least) <= end.high)
    return None if possible else False


def least_anchor(high: Edge, start: Endpoint) -> Endpoint:
    """The least anchor whose near edge is not before `start`."""
    if start in (INFINITY, -INFINITY):
        return start
    length = high(start) - start
    if length in (INFINITY, -INFINITY):
        return -length
    candidate = start - length - 4  # months differ by up to three days
    while high(candidate) < start:
        candidate += 1
    return candidate


def fits(start: Bounds, end: Bounds, anchor: Bounds, kind: str, direction: str, months: int, units: Bounds) -> Truth:
    """Whether start..end fits a window whose length in units may itself have bounds."""
    low = overlap(start, end, anchor, stretch(kind, direction, Extent(months, units.low)))
    if units.exact:
        return low
    high = overlap(start, end, anchor, stretch(kind, direction, Extent(months, units.high)))
    return low if low is high else None  # windows only grow, or only shrink, with their length


def between(start: Bounds, end: Bounds, low: Bounds, high: Bounds) -> Truth:
    """Whether start..end meets low..high, whose ends are known apart from each other."""
    end_low, start_high = max(start.low, end.low), min(start.high, end.high)
    if start_high <= high.low and low.high <= end_low and low.high <= high.low:
        return True
    possible = low.low <= high.high and start.low <= high.high and low.low <= end.high
    return None if possible else False
