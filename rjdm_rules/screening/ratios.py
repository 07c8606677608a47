"""Exact numbers in columns: a whole number over a whole number, times a fraction that is the same for all rows.

Columns of floating-point numbers hold whole numbers exactly below 2^53. A measured 0.3 is held as 3000 with the
fraction 1/10000, so 0.3 against 3 × 0.1 is equal, as it is on paper. Where a whole number may grow beyond, the row is
*doubtful*: it is left to the evaluator for one patient, which has numbers of any length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, inf, lcm, nextafter

from .columns import Builder, Column

EXACT = float(2**53)
LARGEST = 1e15  # of a scaled number: decimals of fifteen digits are what floating-point numbers hold without loss


@dataclass(frozen=True, slots=True)
class Ratio:
    """`factor` × `top` / `bottom`; the bottom is above zero. `tops` and `bottoms` bound their sizes, and `positive`
    tells that the top is never below zero. Unknown where top or bottom is null."""

    top: Column
    bottom: Column
    factor: Fraction = Fraction(1)
    tops: float = LARGEST
    bottoms: float = 1.0
    positive: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """What is known of a number: bounds, of which a null one is infinite. Exactly known (or unknown) where both are
    the same object."""

    low: Ratio
    high: Ratio

    @property
    def exact(self) -> bool:
        return self.low is self.high


class Ratios:
    """Arithmetic and comparison. `doubts` says of columns when they are not exact, by their number; a row is doubtful
    where that holds for a column that is used."""

    def __init__(self, builder: Builder) -> None:
        self.b = builder
        self.doubts: dict[int, Column] = {}
        self.one = builder.number(1)
        self.unknown = Ratio(builder.literal(None, "number"), self.one)

    # ---- making

    def constant(self, value: Fraction) -> Ratio:
        return Ratio(self.one, self.one, value, 1.0, 1.0, True)

    def whole(self, column: Column, most: float, positive: bool = True) -> Ratio:
        """A column of whole numbers."""
        return Ratio(column, self.one, Fraction(1), most, 1.0, positive)

    def decimal(self, column: Column, digits: int, most: float = LARGEST, positive: bool = False) -> Ratio:
        """A column of decimals with so many digits behind the point, of a size up to `most`; rows that have more digits
        are doubtful, and such as are beyond 10^15 when scaled."""
        scaled = self.b.scaled(column, digits)
        doubts = [self.b.negation(self.b.fits(column, digits))]
        if most * 10**digits > LARGEST:
            doubts.append(self.b.at_most(self.b.number(LARGEST), self.b.size(scaled)))
        self.doubts[scaled.number] = self.b.disjunction(doubts)
        return Ratio(scaled, self.one, Fraction(1, 10**digits), min(most * 10**digits, LARGEST), 1.0, positive)

    def known(self, a: Ratio) -> Column:
        return self.b.conjunction((self.b.known(a.top), self.b.known(a.bottom)))

    # ---- whole numbers within their bounds

    def _product(self, a: Column, most_a: float, b: Column, most_b: float) -> tuple[Column, float]:
        return self._checked(self.b.times(a, b), most_a * most_b)

    def _multiple(self, a: Column, most: float, by: int) -> tuple[Column, float]:
        size = float(abs(by)) if by.bit_length() < 1000 else inf
        return self._product(a, most, self.b.number(size if by > 0 else -size), size)

    def _checked(self, column: Column, most: float) -> tuple[Column, float]:
        """A whole number and its bound; rows in which it is beyond 2^53 are doubtful."""
        if most < EXACT:
            return column, most
        self.doubts[column.number] = self.b.at_most(self.b.number(EXACT), self.b.size(column))
        return column, EXACT - 1

    # ---- arithmetic

    def times(self, a: Ratio, b: Ratio) -> Ratio:
        top, tops = self._product(a.top, a.tops, b.top, b.tops)
        bottom, bottoms = self._product(a.bottom, a.bottoms, b.bottom, b.bottoms)
        return Ratio(top, bottom, a.factor * b.factor, tops, bottoms, a.positive and b.positive)

    def scaled(self, a: Ratio, factor: Fraction) -> Ratio:
        return replace(a, factor=a.factor * factor)

    def over(self, a: Ratio, b: Ratio) -> Ratio:
        """Unknown where the divisor is zero."""
        zero = self.b.number(0)
        divisor = b.top if b.positive else self.b.size(b.top)
        bottom, bottoms = self._product(a.bottom, a.bottoms, divisor, b.tops)
        top, tops = self._product(a.top, a.tops, b.bottom, b.bottoms)
        if not b.positive:
            top = self.b.case([(self.b.less(b.top, zero), self.b.times(top, self.b.number(-1)))], top)
        if not b.factor:
            return self.unknown
        bottom = self.b.case([(self.b.equal(b.top, zero), self.b.literal(None, "number"))], bottom)
        return Ratio(top, bottom, a.factor / b.factor, tops, bottoms, a.positive and b.positive)

    def plus(self, a: Ratio, b: Ratio, sign: int = 1) -> Ratio:
        (a, b), factor = self.alike([a, self.scaled(b, Fraction(sign))])
        if a.bottom is b.bottom:
            top, tops = self._checked(self.b.plus(a.top, b.top), a.tops + b.tops)
            return Ratio(top, a.bottom, factor, tops, a.bottoms, a.positive and b.positive)
        left, lefts = self._product(a.top, a.tops, b.bottom, b.bottoms)
        right, rights = self._product(b.top, b.tops, a.bottom, a.bottoms)
        top, tops = self._checked(self.b.plus(left, right), lefts + rights)
        bottom, bottoms = self._product(a.bottom, a.bottoms, b.bottom, b.bottoms)
        return Ratio(top, bottom, factor, tops, bottoms, a.positive and b.positive)

    def alike(self, several: list[Ratio]) -> tuple[list[Ratio], Fraction]:
        """The same numbers, all with one factor above zero."""
        shared = Fraction(0)
        for each in several:
            shared = common(shared, each.factor)
        if not shared:
            shared = Fraction(1)
        found = []
        for each in several:
            by = each.factor / shared
            top, tops = self._multiple(each.top, each.tops, int(by))
            found.append(Ratio(top, each.bottom, shared, tops, each.bottoms, each.positive and by >= 0))
        return found, shared

    # ---- comparison

    def _sides(self, a: Ratio, b: Ratio) -> tuple[Column, Column]:
        """Whole numbers that compare as two ratios do."""
        (a, b), _ = self.alike([a, b])
        if a.bottom is b.bottom:
            known = a.bottom.literal
            return (a.top, b.top) if known else (self._where(a.top, a.bottom), self._where(b.top, a.bottom))
        left, _ = self._product(a.top, a.tops, b.bottom, b.bottoms)
        right, _ = self._product(b.top, b.tops, a.bottom, a.bottoms)
        return left, right

    def _where(self, value: Column, known: Column) -> Column:
        return self.b.case([(self.b.known(known), value)], self.b.literal(None, "number"))

    def less(self, a: Ratio, b: Ratio) -> Column:
        return self.b.less(*self._sides(a, b))

    def at_most(self, a: Ratio, b: Ratio) -> Column:
        return self.b.at_most(*self._sides(a, b))

    def equal(self, a: Ratio, b: Ratio) -> Column:
        return self.b.equal(*self._sides(a, b))

    # ---- choice

    def case(self, rows: list[tuple[Column, Ratio]], other: Ratio) -> Ratio:
        """The number of the first row whose condition is true."""
        held, factor = self.alike([*(value for _, value in rows), other])
        conditions = [condition for condition, _ in rows]
        return Ratio(
            self.b.case(zip(conditions, (each.top for each in held), strict=False), held[-1].top),
            self.b.case(zip(conditions, (each.bottom for each in held), strict=False), held[-1].bottom),
            factor,
            max(each.tops for each in held),
            max(each.bottoms for each in held),
            all(each.positive for each in held),
        )

    def extreme(self, kind: str, a: Ratio, b: Ratio) -> Ratio:
        """The larger (`max`) or smaller of two; unknown where one is."""
        (a, b), _ = self.alike([a, b])
        first = self.less(b, a) if kind == "max" else self.less(a, b)
        both = self.b.conjunction((self.known(a), self.known(b)))
        return self.case([(self.b.negation(both), self.unknown), (first, a)], b)

    def floor(self, a: Ratio) -> Column:
        """The largest whole number not above it."""
        top, tops = self._multiple(a.top, a.tops, a.factor.numerator)
        bottom, bottoms = self._multiple(a.bottom, a.bottoms, a.factor.denominator)
        found = self.b.whole_quotient(top, bottom)
        if tops * bottoms >= EXACT / 8:  # so that a quotient just below a whole number is not rounded up to it
            product = self.b.size(self.b.times(top, bottom))
            self.doubts[found.number] = self.b.at_most(self.b.number(EXACT / 8), product)
        return found

    def ceiling(self, a: Ratio) -> Column:
        return self.b.times(self.floor(self.scaled(a, Fraction(-1))), self.b.number(-1))


def common(a: Fraction, b: Fraction) -> Fraction:
    """The greatest fraction of which both are whole multiples."""
    denominator = lcm(a.denominator, b.denominator)
    return Fraction(gcd(int(a * denominator), int(b * denominator)), denominator)


def least_at(threshold: Fraction, inside: bool) -> float:
    """The least floating-point number whose shortest decimal is at or above a threshold (above it, unless `inside`)."""

    def reaches(number: float) -> bool:
        held = Fraction(repr(number))
        return held >= threshold if inside else held > threshold

    number = float(threshold)
    while reaches(number):
        number = nextafter(number, -inf)
    while not reaches(number):
        number = nextafter(number, inf)
    return number
