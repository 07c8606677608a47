"""Events and repeated measurements of a population: lists of dates or of structs, or a single date."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl

from ..protocol.model import Item
from .kinds import MEASURED
from .matching import LIMITS, ItemColumns, PopulationError
from .occurrences import Occurrences, gathered
from .shape import ItemShape
from .tidy_numbers import NumberReader
from .tidying import (
    ColumnReader,
    Columns,
    DateReader,
    Found,
    OptionReader,
    SetReader,
    TextMap,
    Tidied,
    TruthReader,
    flattened,
    nothing,
    taken,
)
from .translation import ONGOING

MOST_OCCURRENCES = 10_000


class EventReader(ColumnReader):
    """One event: whether anything is recorded of it, and its occurrences in a frame of their own."""

    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        self.listed = isinstance(self.type, pl.List)
        self.inner = self.type.inner if isinstance(self.type, pl.List) else self.type
        self.fields = OccurrenceReader(self.item, self.inner)
        self.map = TextMap(lambda value: taken(self.item, value, _as_single), 3)

    def read(self, raw: pl.DataFrame, found: Found) -> Tidied:
        column = raw[self.name]
        if self.type == pl.String:
            return self._texts(column)
        if self.listed:
            lengths, arrow = flattened(column)
            values = pl.Series(pl.from_arrow(arrow))
        else:
            lengths, values = column.is_not_null().to_numpy().astype(np.int64), column.drop_nulls()
        frame, shapes, strange = self.fields.read(values)
        odd = []
        held = Occurrences(lengths, frame)
        if strange is not None:
            odd.append(gathered("any", strange, held))
        if lengths.size and lengths.max() > MOST_OCCURRENCES:
            odd.append(pl.Series(lengths > MOST_OCCURRENCES))
        return self._tidied(column.is_not_null(), held, shapes, reduce(or_, odd) if odd else None)

    def _tidied(
        self, there: pl.Series, held: Occurrences, shapes: dict[str, ItemShape], odd: pl.Series | None
    ) -> Tidied:
        recorded = pl.Series(f"{self.item.name} recorded", np.ones(len(there), dtype=bool))
        if not there.all():
            recorded = recorded.set(~there, None)
        return Tidied({f"{self.item.name} recorded": recorded}, ItemShape(attributes=shapes), odd, held)

    def _texts(self, column: pl.Series) -> Tidied:
        """Single dates as texts, perhaps partial; "none" says that it never happened."""
        (count, low, high), odd = self.map.mapped(column, [pl.Int64, pl.Int32, pl.Int32])
        lengths = count.fill_null(0).to_numpy().astype(np.int64)
        one = pl.Series(lengths > 0)
        low, high = low.filter(one), high.filter(one)
        frame = pl.DataFrame({"date": low, "date low": low, "date high": high})
        shapes = {"date": ItemShape(partial=not low.equals(high))}
        return self._tidied(column.is_not_null(), Occurrences(lengths, frame), shapes, odd)


def _as_single(occurrences: Any) -> tuple[Any, ...] | None:
    """How many occurrences a text stands for, and the day of one; a bare yes has no such form."""
    if not occurrences:
        return 0, None, None
    (only,) = occurrences
    return None if only.start.unknown else (1, only.start.low, only.start.high)


class OccurrenceReader:
    """Reads occurrences, one after the other: dates, or structs of a date and attributes."""

    def __init__(self, item: Item, type: Any) -> None:
        self.item, self.type = item, type
        self.struct = isinstance(type, pl.Struct)
        types = {each.name: each.dtype for each in type.fields} if isinstance(type, pl.Struct) else {"date": type}
        self._refuse_unknown(types)
        self.types = types
        self.readers: dict[str, ColumnReader] = {}
        if "date" in types:
            self.readers["date"] = DateReader(ItemColumns(_date_item(item, "date"), "date", None, {}), types)
        if "until" in types and item.course:
            self.readers["until"] = UntilReader(ItemColumns(_date_item(item, "until"), "until", None, {}), types)
        for attribute in item.attributes:
            held = self._attribute(attribute)
            if held is not None:
                self.readers[attribute.name] = READERS[attribute.kind](held, types)

    def _refuse_unknown(self, types: dict[str, Any]) -> None:
        item = self.item
        known = ["date", *(["until"] if item.course else []), *(each.name for each in item.attributes)]
        value = item.attribute("value")
        if value is not None and value.kind in MEASURED:
            known += ["unit", *(LIMITS[limit] for limit in value.limits)]
        for name in types:
            if name not in known:
                raise PopulationError(
                    f"the column `{item.name}` has a field `{name}`, which is none of {', '.join(known)}"
                )

    def _attribute(self, attribute: Item) -> ItemColumns | None:
        there = attribute.name in self.types
        if attribute.name != "value" or attribute.kind not in MEASURED:
            return ItemColumns(attribute, attribute.name, None, {}) if there else None
        limits = {limit: LIMITS[limit] for limit in attribute.limits if LIMITS[limit] in self.types}
        if not there and not limits:
            return None
        unit = "unit" if "unit" in self.types else None
        return ItemColumns(attribute, "value" if there else None, unit, limits)

    def read(self, values: pl.Series) -> tuple[pl.DataFrame, dict[str, ItemShape], pl.Series | None]:
        """The frame of tidy columns, the shape of each attribute, and which occurrences are odd."""
        raw = values.struct.unnest() if self.struct else values.alias("date").to_frame()
        tests = {name: test for reader in self.readers.values() for name, test in reader.tests().items()}
        found = raw.select(**tests).row(0, named=True) if tests else {}
        columns: Columns = {}
        odd: list[pl.Series] = []
        shapes: dict[str, ItemShape] = {}
        for name, reader in self.readers.items():
            tidied = reader.read(raw, found)
            columns.update(tidied.columns)
            shapes[name] = tidied.shape
            odd += [tidied.odd] if tidied.odd is not None else []
        if "date" not in self.readers:
            columns.update(nothing({"date": pl.Int32, "date low": pl.Int32, "date high": pl.Int32}, raw.height))
            shapes["date"] = ItemShape()
        frame = raw.select(
            (each if isinstance(each, pl.Expr) else pl.lit(each)).alias(name) for name, each in columns.items()
        )
        if "until" in self.readers:
            odd.append((frame["until high"] < frame["date low"]).fill_null(False))
        return frame, shapes, reduce(or_, odd) if odd else None


def _date_item(event: Item, name: str) -> Item:
    return replace(event, name=name, kind="date", course=False, attributes=(), otherwise=None, repeated=False)


class UntilReader(DateReader):
    """The last day of a course, or `ongoing`."""

    def __init__(self, columns: ItemColumns, types: dict[str, Any]) -> None:
        super().__init__(columns, types)
        read = self.map.read
        self.map.read = lambda value: (ONGOING, ONGOING) if value == "ongoing" else read(value)


# the readers of all kinds of items; those of an event's attributes too
READERS: dict[str, type[ColumnReader]] = {
    "truth": TruthReader,
    "one of": OptionReader,
    "several of": SetReader,
    **dict.fromkeys(MEASURED, NumberReader),
    "date": DateReader,
    "time": DateReader,
    "event": EventReader,
}
