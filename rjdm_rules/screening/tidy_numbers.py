"""Measured values of a population: numbers, with their units and limits, or texts that hold them."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any, TypeVar

import polars as pl

from ..evaluation.facts import Measured
from ..protocol.model import Item
from ..units.unit import UnitError, conversion, read_unit
from .matching import ItemColumns
from .ratios import least_at
from .shape import LARGE, ItemShape
from .tidying import ColumnReader, Columns, Found, Tests, TextMap, Tidied, add, all_odd, nothing, taken

FARTHEST, NEAREST = 1e50, 1e-60  # what is beyond, or nearer to zero, is odd: the reader of records refuses it
LONG_INTEGERS = (pl.Int64, pl.UInt64, pl.Int128, pl.UInt128)
PLAIN_NUMBER = r"^\s*-?[0-9]{1,12}(\.[0-9]{1,6})?\s*$"
Numbers = TypeVar("Numbers", pl.Expr, pl.Series)


class NumberReader(ColumnReader):
    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.unit = columns.unit
        self.limits = dict(columns.limits)
        self.map = TextMap(lambda value: taken(self.item, value, _as_float))
        self.low, self.over = _ends(self.item)
        self.declared = self.item.unit.text if self.item.unit else ""
        self.conversions: dict[str, tuple[Fraction, Fraction] | None] = {}  # of the units that have occurred

    def tests(self) -> Tests:
        """In one pass each: whether all values are usual, each in its unit, and all limits; whether some are large."""
        found: Tests = {}
        units: dict[str, tuple[float, float]] = {}
        if self.unit and self.types[self.unit] == pl.String:
            known = {unit: factors for unit, factors in list(self.conversions.items()) if factors}
            units = {unit: _ends(self.item, *factors) for unit, factors in known.items()}
            usual = [self.declared, *units]
            found[self.key("usual")] = reduce(or_, (pl.col(self.unit) == unit for unit in usual)).all()
        if self.type.is_numeric():
            value = _floats(self.name, self.type)
            fits = _between(value, self.low, self.over)
            if units:
                unit = pl.col(self.unit or "").fill_null(self.declared)
                ways = [(unit == name) & _between(value, *ends) for name, ends in units.items()]
                fits = reduce(or_, ways, unit.is_in(list(units)).not_() & fits)
            if self.item.kind == "count":
                fits = fits & (value.round() == value)
            if _longer(self.type):
                fits = fits & _exact(self.name, self.type)
            found[self.key("fits")] = fits.all()
            if max(-self.low, self.over, *(end for ends in units.values() for end in ends)) > LARGE:
                found[self.key("large")] = (value.abs() > LARGE).any()
        for name in self.limits.values():
            if self.types[name].is_numeric():
                limit = _floats(name, self.types[name])
                fits = (limit >= NEAREST) & (limit < FARTHEST)
                if _longer(self.types[name]):
                    fits = fits & _exact(name, self.types[name])
                found[f"{name} fits"] = fits.all()
                found[f"{name} large"] = (limit > LARGE).any()
        return found

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        columns: Columns = {}
        odd: list[pl.Series] = []
        units = self._units(raw, found, columns, odd)
        self._value(raw, found, units, columns, odd)
        self._limits(raw, found, columns, odd)
        shape = ItemShape(units=units, limits=frozenset(self.limits), large=self._large(raw, found, columns))
        return Tidied(columns, shape, reduce(or_, odd) if odd else None)

    def _value(
        self, raw: pl.DataFrame, found: Found, units: tuple[str, ...], columns: Columns, odd: list[pl.Series]
    ) -> None:
        if not self.name or self.type == pl.Null:
            columns.update(nothing({self.item.name: pl.Float64}, raw.height))
        elif self.type == pl.String:
            self._texts(raw, units, columns, odd)
        elif not self.type.is_numeric():
            add(all_odd(self.item, raw[self.name], {self.item.name: pl.Float64}), columns, odd)
        else:
            self._numbers(raw, found, units, columns, odd)

    def _texts(self, raw: pl.DataFrame, units: tuple[str, ...], columns: Columns, odd: list[pl.Series]) -> None:
        """Numbers as texts. One that stands alone may come with its unit; beside columns of units and limits it is a
        plain number, or odd."""
        text, name = raw[self.name], self.item.name
        if not self.unit and not self.limits:
            (columns[name],), strange = self.map.mapped(text, [pl.Float64])
            odd += [strange] if strange is not None else []
            return
        value = text.str.strip_chars().cast(pl.Float64, strict=False)
        columns[name] = value
        odd.append((~text.str.contains(PLAIN_NUMBER)).fill_null(False))
        odd.append(self._outside(value, raw, units).fill_null(False))

    def _numbers(
        self, raw: pl.DataFrame, found: Found, units: tuple[str, ...], columns: Columns, odd: list[pl.Series]
    ) -> None:
        columns[self.item.name] = _floats(self.name, self.type)
        if not (found[self.key("fits")] and found.get(self.key("usual"), not units)):
            value = raw.select(_floats(self.name, self.type)).to_series()
            odd.append(self._outside(value, raw, units).fill_null(False))

    def _large(self, raw: pl.DataFrame, found: Found, columns: Columns) -> bool:
        """Whether a value or limit is beyond what is usual."""
        names = [self.name, *self.limits.values()]
        value = columns[self.item.name]
        if isinstance(value, pl.Series):  # from texts
            if (value.abs() > LARGE).any():
                return True
        elif any(name and not self.types[name].is_numeric() for name in names):
            return True
        return any(found.get(f"{each} large") for each in (self.item.name, *self.limits.values()))

    def _outside(self, value: pl.Series, raw: pl.DataFrame, units: tuple[str, ...]) -> pl.Series:
        """The rows whose value is out of range in its unit, no whole count, or not exactly a floating-point number."""
        strange = value.is_nan() | value.is_infinite() | _near_zero(value)
        if self.item.kind == "count":
            strange = strange | (value.round() != value)
        if _longer(self.type):
            strange = strange | ~raw.select(_exact(self.name, self.type)).to_series()
        outside = (value < self.low) | (value >= self.over)
        for unit in units:
            factors = self.conversions[unit]
            if factors is not None:
                low, over = _ends(self.item, *factors)
                outside = outside.zip_with(raw[self.unit or ""].fill_null("") != unit, (value < low) | (value >= over))
        found: pl.Series = strange | outside
        return found

    def _units(self, raw: pl.DataFrame, found: Found, columns: Columns, odd: list[pl.Series]) -> tuple[str, ...]:
        """The units that occur beside the declared one; rows with another are odd."""
        if not self.unit or self.types[self.unit] == pl.Null:
            return ()
        columns[f"{self.item.name} unit"] = pl.col(self.unit).cast(pl.String)
        if not found.get(self.key("usual")):
            text = raw[self.unit].cast(pl.String)
            others = set(text.drop_nulls().unique().to_list()) - {self.declared}
            for unit in sorted(others - self.conversions.keys()):
                self.conversions[unit] = self._conversion(unit)
            strange = [unit for unit in others if self.conversions[unit] is None]
            if strange:
                odd.append(text.is_in(strange).fill_null(False))
        same = (Fraction(1), Fraction(0))
        return tuple(unit for unit, factors in list(self.conversions.items()) if factors not in (None, same))

    def _conversion(self, unit: str) -> tuple[Fraction, Fraction] | None:
        item = self.item
        if item.unit is None or not item.unit.text:
            return None
        try:
            read = read_unit(unit)
        except UnitError:
            return None
        if item.unit.plain and not read.plain:
            return None
        factors = conversion(read, item.unit, item.molar_mass)
        return factors if factors and factors[0] > 0 else None

    def _limits(self, raw: pl.DataFrame, found: Found, columns: Columns, odd: list[pl.Series]) -> None:
        for limit, name in self.limits.items():
            key, type = f"{self.item.name} {limit}", self.types[name]
            if not type.is_numeric():
                add(all_odd(self.item, raw[name], {key: pl.Float64}), columns, odd)
                continue
            columns[key] = _floats(name, type)
            if not found[f"{name} fits"]:
                value = raw.select(_floats(name, type)).to_series()
                odd.append(((value < NEAREST) | ~(value < FARTHEST) | value.is_nan()).fill_null(False))
                if _longer(type):
                    odd.append(~raw.select(_exact(name, type)).to_series())
        if len(self.limits) == 2:
            low_name, high_name = self.limits["LLN"], self.limits["ULN"]
            if self.types[low_name].is_numeric() and self.types[high_name].is_numeric():
                odd.append((raw[low_name] > raw[high_name]).fill_null(False))


def _floats(name: str, type: Any) -> pl.Expr:
    """A numeric column as floating-point numbers."""
    if type == pl.Float64:
        return pl.col(name)
    return pl.col(name).cast(pl.Float64)


def _longer(type: Any) -> bool:
    """Whether a column may hold numbers that no floating-point number holds."""
    return isinstance(type, pl.Decimal) or type in LONG_INTEGERS


def _exact(name: str, type: Any) -> pl.Expr:
    """Whether each number is exactly a floating-point number."""
    same = _floats(name, type).cast(type, strict=False) == pl.col(name)
    return same.fill_null(False) | pl.col(name).is_null()


def _between(value: pl.Expr, low: float, over: float) -> pl.Expr:
    """Whether each number is inside a range and is not, by its size, one that the reader of records refuses. (Polars
    has what is no number above all others.)"""
    if low < 0:
        return (value >= low) & (value < over) & ~_near_zero(value)
    least = value >= max(low, NEAREST)
    return ((least | (value == 0)) if low == 0 else least) & (value < over)


def _near_zero(value: Numbers) -> Numbers:
    return (value != 0) & (value < NEAREST) & (value > -NEAREST)


def _ends(item: Item, factor: Fraction = Fraction(1), offset: Fraction = Fraction(0)) -> tuple[float, float]:
    """The least number that is inside an item's range in a unit, and the least beyond it."""
    low, over = -FARTHEST, FARTHEST
    if item.span:
        low = least_at((item.span.low - offset) / factor, True)
        over = least_at((item.span.high - offset) / factor, False)
    return (max(low, 0.0), over) if item.kind == "count" else (low, over)


def _as_float(measured: object) -> tuple[Any, ...] | None:
    """A measured value as a floating-point number, where it is exactly one and comes alone."""
    assert isinstance(measured, Measured)
    if measured.limits or measured.times or measured.value.unknown:
        return None
    number = float(measured.value.low)
    return (number,) if Fraction(repr(number)) == measured.value.low else None
