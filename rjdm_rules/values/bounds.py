"""What is known of a number or a date: the least and the greatest that it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ..logic.kleene import Truth, negation

INFINITY = float("inf")
Endpoint = Fraction | int | float


@dataclass(frozen=True, slots=True)
class Bounds:
    """Both ends belong to it. `low == high` is a known value; minus to plus infinity is an unknown one."""

    low: Endpoint
    high: Endpoint

    @property
    def exact(self) -> bool:
        return self.low == self.high

    @property
    def unknown(self) -> bool:
        return self.low == -INFINITY and self.high == INFINITY

    def moved(self, function: Callable[[Endpoint], Endpoint]) -> Bounds:
        """The bounds after a never-decreasing function (infinite ends stay)."""
        return Bounds(
            self.low if self.low == -INFINITY else function(self.low),
            self.high if self.high == INFINITY else function(self.high),
        )


UNKNOWN = Bounds(-INFINITY, INFINITY)


def known(value: Endpoint) -> Bounds:
    return Bounds(value, value)


def less(a: Bounds, b: Bounds) -> Truth:
    """a < b, each standing for every value it may have."""
    return True if a.high < b.low else False if a.low >= b.high else None


def at_most(a: Bounds, b: Bounds) -> Truth:
    return True if a.high <= b.low else False if a.low > b.high else None


def equal(a: Bounds, b: Bounds) -> Truth:
    if a.exact and b.exact and a.low == b.low:
        return True
    return False if a.high < b.low or b.high < a.low else None


def compared(operator: str, a: Bounds, b: Bounds) -> Truth:
    """`≥ ≤ > < = ≠` between two values that may be uncertain."""
    if a.unknown or b.unknown:
        return None
    match operator:
        case "<":
            return less(a, b)
        case "≤":
            return at_most(a, b)
        case ">":
            return less(b, a)
        case "≥":
            return at_most(b, a)
        case "=":
            return equal(a, b)
        case _:
            return negation(equal(a, b))


def sum_of(a: Bounds, b: Bounds) -> Bounds:
    return UNKNOWN if a.unknown or b.unknown else Bounds(a.low + b.low, a.high + b.high)


def difference_of(a: Bounds, b: Bounds) -> Bounds:
    return UNKNOWN if a.unknown or b.unknown else Bounds(a.low - b.high, a.high - b.low)


def product_of(a: Bounds, b: Bounds) -> Bounds:
    if a.unknown or b.unknown:
        return UNKNOWN
    if a.exact and b.exact:
        return known(a.low * b.low)
    corners = [x * y if x and y else 0 for x in (a.low, a.high) for y in (b.low, b.high)]
    return Bounds(min(corners), max(corners))


def quotient_of(a: Bounds, b: Bounds) -> Bounds:
    """Unknown where the divisor is or may be zero."""
    if a.unknown or b.unknown or b.low <= 0 <= b.high:
        return UNKNOWN
    if a.exact and b.exact:
        return known(Fraction(a.low) / Fraction(b.low))
    if any(end in (INFINITY, -INFINITY) for end in (a.low, a.high, b.low, b.high)):
        return UNKNOWN
    corners = [Fraction(x) / Fraction(y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Bounds(min(corners), max(corners))
