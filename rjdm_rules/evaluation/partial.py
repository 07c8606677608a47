"""Values that are unknown, or known in part: what is taken for known, what several agree on, their mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ..protocol.model import Item
from ..protocol.numbers import number_text
from ..protocol.types import Span
from ..values.bounds import INFINITY, UNKNOWN, Bounds
from ..values.calendar import completed_months, completed_years
from .facts import Chosen, Measured

Value = Any
DIVISION_BY_ZERO = "a division by zero counts as unknown"
TOO_LONG = "a calculated number of more than a thousand digits counts as unknown"
MOST_BITS = 3500


def beyond(number: float | Fraction) -> bool:
    """Whether a calculated number is longer than anything that is measured (and slower to calculate with)."""
    if isinstance(number, float):
        return False
    return number.numerator.bit_length() > MOST_BITS or number.denominator.bit_length() > MOST_BITS


def unknown_of(kind: str) -> Value:
    """The value of a fact that is not recorded."""
    if kind in ("quantity", "number", "count"):
        return Measured()
    return UNKNOWN if kind in ("date", "time") else None


def is_known(value: Value) -> bool:
    """What IS KNOWN says: a partial value counts as known."""
    if isinstance(value, Measured):
        return value.recorded
    if isinstance(value, Bounds):
        return value.high != INFINITY if value.low != INFINITY else True
    if isinstance(value, frozenset) and not isinstance(value, Chosen):
        return len(value) == 1
    return value is not None


def outside(value: Bounds, span: Span) -> bool:
    """Whether a value certainly lies outside a range."""
    return value.high < span.low or value.low > span.high


def out_of_range(item: Item) -> str:
    """What is said of a derived value outside the item's range."""
    unit = f" {item.unit.text}" if item.unit and item.unit.text else ""
    assert item.span is not None
    low, high = number_text(item.span.low), number_text(item.span.high)
    return f"the calculated {item.label.text} lies outside {low} to {high}{unit} and counts as unknown"


def agreed(values: Sequence[Value], unknown: Value) -> Value:
    """The value that all candidates share; for options those that it may be."""
    first = values[0]
    if all(each == first for each in values):
        return first
    if all(isinstance(each, frozenset) for each in values):
        return frozenset().union(*values)
    if all(isinstance(each, Bounds) for each in values):  # dates carry what they may be
        return Bounds(min(each.low for each in values), max(each.high for each in values))
    if all(isinstance(each, Measured) and each.value == first.value for each in values):
        return Measured(first.value, _shared(values, "limits"), _shared(values, "times"))
    return unknown


def _shared(values: Sequence[Measured], name: str) -> dict[str, Fraction]:
    """The limits (or multiples) that all of several measurements have in common."""
    first: Mapping[str, Fraction] = getattr(values[0], name)
    return {key: limit for key, limit in first.items() if all(getattr(each, name).get(key) == limit for each in values)}


def mean_bounds(certain: Sequence[Bounds], possible: Sequence[Bounds]) -> Bounds:
    """The least and greatest mean over the certain values with any of the possible ones."""

    def extreme(fixed: list[Any], optional: list[Any], better: Callable[[Any, Any], bool]) -> Any:
        total, count = sum(fixed), len(fixed)
        for each in optional:
            if better(Fraction(total + each, count + 1), Fraction(total, count)):
                total, count = total + each, count + 1
        return Fraction(total, count)

    low = extreme([e.low for e in certain], sorted(e.low for e in possible), lambda a, b: a < b)
    high = extreme([e.high for e in certain], sorted((e.high for e in possible), reverse=True), lambda a, b: a > b)
    return Bounds(low, high)


def elapsed(unit: str, start: float | Fraction, end: float | Fraction, infinite: float) -> float | int:
    """Completed years, months or days; `infinite` where an end is open."""
    if start in (INFINITY, -INFINITY) or end in (INFINITY, -INFINITY):
        return infinite
    if unit == "days":
        return int(end) - int(start)
    return (completed_years if unit == "years" else completed_months)(int(start), int(end))
