"""From the columns of a population to tidy ones: typed, checked, in the form that the rules' columns are written for.

Usual values are taken in whole columns. Whatever is unusual (a text where a number stands, a value out of range) is
*odd*: it is shown to the reader of patient records, which either takes it, and then the row is left to the evaluator
for one patient, or says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from ..evaluation.problems import ValueProblem
from ..evaluation.records import read_value
from ..protocol.model import Item
from ..values.bounds import Bounds
from ..values.calendar import SECONDS_A_DAY
from .calendar_tables import FIRST, LAST, UNIX
from .matching import ItemColumns
from .occurrences import Occurrences, gathered, unknown_column
from .shape import ItemShape

FEW_OPTIONS, MOST_BITS = 4, 64
Columns = dict[str, "pl.Expr | pl.Series"]
Tests = dict[str, pl.Expr]
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
        self.map = TextMap(lambda value: taken(self.item, value, lambda held: (held,)))

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        if self.type in (pl.Boolean, pl.Null):
            return Tidied({self.item.name: pl.col(self.name).cast(pl.Boolean)}, ItemShape())
        if self.type.is_nested() or self.type.is_object():
            return all_odd(self.item, raw[self.name], {self.item.name: pl.Boolean})
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
            return all_odd(self.item, raw[self.name], {self.item.name: self.options})
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
            return all_odd(self.item, raw[self.name], {name: pl.UInt64})
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


def all_odd(item: Item, raw: pl.Series, types: dict[str, Any]) -> Tidied:
    """A column of a type that the item never has: every value is shown to the reader of records."""
    odd = raw.is_not_null()
    return Tidied(nothing(types, len(raw)), ItemShape(), odd if odd.any() else None)


def add(tidied: Tidied, columns: Columns, odd: list[pl.Series]) -> None:
    columns.update(tidied.columns)
    odd += [tidied.odd] if tidied.odd is not None else []


def taken(item: Item, value: Any, form: Callable[[Any], tuple[Any, ...] | None]) -> tuple[Any, ...] | None:
    """The tidy form of a value that the reader of records takes; None where it does not, or has no such form."""
    try:
        return form(read_value(item, value))
    except ValueProblem:
        return None


# ---- dates and times


class DateReader(ColumnReader):
    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.moment = self.item.kind == "time"
        self.tidy = pl.Int64 if self.moment else pl.Int32
        self.map = TextMap(lambda value: taken(self.item, value, _as_days), 2)

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
        return all_odd(self.item, raw[self.name], dict.fromkeys((name, f"{name} low", f"{name} high"), self.tidy))

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
