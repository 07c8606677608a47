"""From the columns of a population to tidy ones: typed, checked, in the form that the rules' columns are written for.

Usual values are taken in whole columns. Whatever is unusual (a text where a number stands, a value out of range) is
*odd*: it is shown to the reader of patient records, which either takes it, and then the row is left to the evaluator
for one patient, or says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from ..evaluation.facts import Measured
from ..evaluation.problems import ValueProblem
from ..evaluation.records import read_value
from ..protocol.model import Item
from ..units.unit import UnitError, conversion, read_unit
from ..values.bounds import Bounds
from ..values.calendar import SECONDS_A_DAY
from .calendar_tables import FIRST, LAST, UNIX
from .kinds import MEASURED
from .matching import ItemColumns
from .occurrences import Occurrences, gathered, unknown_column
from .ratios import least_at
from .shape import LARGE, ItemShape

FEW_OPTIONS, MOST_BITS = 4, 64
FARTHEST, NEAREST = 1e50, 1e-60  # what is beyond, or nearer to zero, is odd: the reader of records refuses it
LONG_INTEGERS = (pl.Int64, pl.UInt64, pl.Int128, pl.UInt128)
PLAIN_NUMBER = r"^\s*-?[0-9]{1,12}(\.[0-9]{1,6})?\s*$"
Columns = dict[str, "pl.Expr | pl.Series"]
Tests = dict[str, pl.Expr]
Numbers = TypeVar("Numbers", pl.Expr, pl.Series)
Found = dict[str, Any]


@dataclass
class Tidied:
    """One item of a batch: tidy columns by name, which rows are odd (None: none), and the shape that they have."""

    columns: Columns
    shape: ItemShape
    odd: pl.Series | None = None
    occurrences: Occurrences | None = None


class ColumnReader:
    """Reads one item. `tests` are asked of all items at once; `read` is given their answers."""

    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        self.columns, self.item, self.types = columns, columns.item, types
        self.name = columns.value or ""
        self.type = types.get(self.name, pl.Null())

    def tests(self) -> Tests:
        return {}

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        raise NotImplementedError

    def key(self, what: str) -> str:
        return f"{self.item.name} {what}"


class TextMap:
    """What texts (and other values without a column form of their own) mean, each looked at once: a value in tidy
    form, or odd."""

    def __init__(self, read: Callable[[Any], tuple[Any, ...] | None], width: int = 1) -> None:
        self.read, self.width = read, width
        self.known: dict[Any, tuple[Any, ...] | None] = {}

    def mapped(self, values: pl.Series, types: Sequence[Any]) -> tuple[list[pl.Series], pl.Series | None]:
        """The tidy columns, and which rows are odd."""
        different = values.drop_nulls().unique()
        for each in different.to_list():
            if each not in self.known:
                if len(self.known) > 1_000_000:
                    self.known.clear()
                self.known[each] = self.read(each)
        held = [self.known.get(each, None) if each in self.known else self.read(each) for each in different.to_list()]
        table = pl.DataFrame({"key": different}).with_columns(
            pl.Series(f"value {n}", [None if each is None else each[n] for each in held], dtype=types[n])
            for n in range(self.width)
        )
        table = table.with_columns(pl.Series("odd", [each is None for each in held], dtype=pl.Boolean))
        joined = values.alias("key").to_frame().join(table, on="key", how="left", maintain_order="left")
        odd = joined["odd"].fill_null(False)
        return [joined[f"value {n}"] for n in range(self.width)], odd if odd.any() else None


# ---- yes or no, and options


class TruthReader(ColumnReader):
    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.map = TextMap(lambda value: _taken(self.item, value, lambda held: (held,)))

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        if self.type in (pl.Boolean, pl.Null):
            return Tidied({self.item.name: pl.col(self.name).cast(pl.Boolean)}, ItemShape())
        if self.type.is_nested() or self.type.is_object():
            return _all_odd(self.item, raw[self.name], {self.item.name: pl.Boolean})
        (values,), odd = self.map.mapped(raw[self.name], [pl.Boolean])
        return Tidied({self.item.name: values}, ItemShape(), odd)


class OptionReader(ColumnReader):
    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.options = pl.Enum(self.item.option_names)
        self.same = isinstance(self.type, pl.Enum) and set(self.type.categories) == set(self.item.option_names)
        self.plain = self.type == pl.String and len(self.item.option_names) <= FEW_OPTIONS

    def tests(self) -> Tests:
        if self.same:
            return {}
        if self.plain:
            fits = reduce(or_, (pl.col(self.name) == option for option in self.item.option_names))
            return {self.key("fits"): fits.all()}
        return {}

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        if self.same or self.type == pl.Null or (self.plain and found[self.key("fits")]):
            column = pl.col(self.name) if self.type != pl.Null else pl.col(self.name).cast(self.options)
            return Tidied({self.item.name: column}, ItemShape())
        if self.type not in (pl.String, pl.Categorical) and not isinstance(self.type, pl.Enum):
            return _all_odd(self.item, raw[self.name], {self.item.name: self.options})
        text = raw[self.name].cast(pl.String)
        values = text.cast(self.options, strict=False)
        odd = values.is_null() & text.is_not_null()
        return Tidied({self.item.name: values}, ItemShape(), odd if odd.any() else None)


class SetReader(ColumnReader):
    """Several of some options, held as the bits of a number."""

    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.many = len(self.item.option_names) > MOST_BITS
        self.bits = {option: 1 << bit for bit, option in enumerate(self.item.option_names[:MOST_BITS])}
        self.least = np.min_scalar_type(max(self.bits.values()))  # small numbers are quicker

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        name = self.item.name
        if not isinstance(self.type, pl.List) or self.many:  # more than one number holds: one by one
            return _all_odd(self.item, raw[self.name], {name: pl.UInt64})
        lists = raw[self.name]
        lengths, values = flattened(lists)
        held = Occurrences(lengths, pl.DataFrame())
        bits, strange = self._bits(values)
        sets = np.zeros(len(lists), dtype=np.uint64)
        if held.filled.size:
            sets[held.filled] = np.bitwise_or.reduceat(bits, held.starts)
        odd = None if strange is None else gathered("any", pl.Series(strange), held)
        tidy = pl.Series(sets)
        if lists.null_count():
            tidy = tidy.set(lists.is_null(), None)
        return Tidied({name: tidy}, ItemShape(), odd)

    def _bits(self, values: Any) -> tuple[Any, Any]:
        """The bit of each option in turn, none where a value is not one of them; and which are not (None: all are)."""
        if not pa.types.is_dictionary(values.type):
            held = pl.Series(pl.from_arrow(values))
            if held.dtype != pl.String:
                return np.zeros(len(held), dtype=self.least), np.ones(len(held), dtype=bool) if len(held) else None
            values = held.cast(pl.Enum(list(self.bits)), strict=False).to_arrow()
        table = np.array([*(self.bits.get(each, 0) for each in values.dictionary.to_pylist()), 0], dtype=self.least)
        codes = values.indices
        bits = table.take((codes.fill_null(len(table) - 1) if codes.null_count else codes).to_numpy())
        strange = bits == 0 if codes.null_count or not table[:-1].all() else None
        return bits, strange if strange is None or strange.any() else None


def flattened(lists: pl.Series) -> tuple[Any, Any]:
    """How many elements each list has (none, where there is no list), and all elements one after the other, as Arrow
    has them."""
    held = lists.to_arrow()
    if isinstance(held, pa.ChunkedArray):
        held = held.combine_chunks()
    offsets = held.offsets.to_numpy()
    lengths = np.diff(offsets)
    if held.null_count:
        none = lists.is_null().to_numpy()
        if lengths[none].any():  # what stands behind a null is nothing
            lengths[none] = 0
            return lengths, held.flatten()
    return lengths, held.values[offsets[0] : offsets[-1]]


def nothing(types: dict[str, Any], rows: int) -> Columns:
    """Columns in which nothing is known."""
    return {name: unknown_column(name, type, rows) for name, type in types.items()}


def _all_odd(item: Item, raw: pl.Series, types: dict[str, Any]) -> Tidied:
    """A column of a type that the item never has: every value is shown to the reader of records."""
    odd = raw.is_not_null()
    return Tidied(nothing(types, len(raw)), ItemShape(), odd if odd.any() else None)


def _add(tidied: Tidied, columns: Columns, odd: list[pl.Series]) -> None:
    columns.update(tidied.columns)
    odd += [tidied.odd] if tidied.odd is not None else []


def _taken(item: Item, value: Any, form: Callable[[Any], tuple[Any, ...] | None]) -> tuple[Any, ...] | None:
    """The tidy form of a value that the reader of records takes; None where it does not, or has no such form."""
    try:
        return form(read_value(item, value))
    except ValueProblem:
        return None


# ---- measured values


class NumberReader(ColumnReader):
    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.unit = columns.unit
        self.limits = dict(columns.limits)
        self.map = TextMap(lambda value: _taken(self.item, value, _as_float))
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
            _add(_all_odd(self.item, raw[self.name], {self.item.name: pl.Float64}), columns, odd)
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
        if not (found[self.key("fits")] and found.get(self.key("usual"), True)):
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
                _add(_all_odd(self.item, raw[name], {key: pl.Float64}), columns, odd)
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


# ---- dates and times


class DateReader(ColumnReader):
    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.moment = self.item.kind == "time"
        self.tidy = pl.Int64 if self.moment else pl.Int32
        self.map = TextMap(lambda value: _taken(self.item, value, _as_days), 2)

    def tests(self) -> Tests:
        if self.type == pl.Date or (isinstance(self.type, pl.Datetime) and self.type.time_zone is None):
            column = pl.col(self.name).cast(pl.Date).cast(pl.Int32) + UNIX  # as numbers: Python has fewer years
            return {self.key("first"): column.min(), self.key("last"): column.max()}
        return {}

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        name = self.item.name
        if self.key("first") in found:
            return self._typed(raw, found)
        if self.type == pl.String:
            (low, high), odd = self.map.mapped(raw[self.name], [self.tidy, self.tidy])
            partial = not low.equals(high)
            columns: Columns = {f"{name} low": low, f"{name} high": high, name: low}
            return Tidied(columns, ItemShape(partial=partial), odd)
        return _all_odd(self.item, raw[self.name], dict.fromkeys((name, f"{name} low", f"{name} high"), self.tidy))

    def _typed(self, raw: pl.DataFrame, found: Found) -> Tidied:
        name, first, last = self.item.name, found[self.key("first")], found[self.key("last")]
        day = pl.col(self.name).cast(pl.Date).cast(pl.Int32) + UNIX
        odd = None
        if first is not None and (first < FIRST or last > LAST):
            days = raw[self.name].cast(pl.Date).cast(pl.Int32) + UNIX
            odd = ((days < FIRST) | (days > LAST)).fill_null(False)
        if not self.moment:
            return Tidied({name: day, f"{name} low": day, f"{name} high": day}, ItemShape(), odd)
        if self.type == pl.Date:
            start = day.cast(pl.Int64) * SECONDS_A_DAY
            end = start + (SECONDS_A_DAY - 1)
            return Tidied({name: start, f"{name} low": start, f"{name} high": end}, ItemShape(partial=True), odd)
        at = pl.col(self.name).dt.epoch("s") + UNIX * SECONDS_A_DAY
        return Tidied({name: at, f"{name} low": at, f"{name} high": at}, ItemShape(), odd)


def _as_days(bounds: object) -> tuple[Any, ...] | None:
    assert isinstance(bounds, Bounds)
    return bounds.low, bounds.high


READERS: dict[str, type[ColumnReader]] = {
    "truth": TruthReader,
    "one of": OptionReader,
    "several of": SetReader,
    **dict.fromkeys(MEASURED, NumberReader),
    "date": DateReader,
    "time": DateReader,
}
