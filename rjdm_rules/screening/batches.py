"""A batch of a population, made tidy: what the rules read, which rows are odd, and the shape of it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from ..evaluation.problems import ValueProblem
from ..evaluation.records import read_value
from ..protocol.model import Protocol
from .matching import ItemColumns, Match
from .occurrences import Occurrences
from .polars_engine import Batch
from .raw_records import value_of
from .shape import ItemShape, Shape
from .tidy_events import READERS
from .tidying import ColumnReader, Columns


@dataclass(frozen=True)
class BadValue:
    """One value that cannot be used: its item and column, the row (from 1) and what is wrong with it."""

    item: str
    column: str
    row: int
    message: str


@dataclass
class TidyBatch:
    """`columns`: what each tidy column is made of. `irregular`: rows (from 0) with values that only the evaluator for
    one patient takes. `bad`: values that cannot be used, with the rows in which they stand."""

    raw: pl.DataFrame
    columns: Columns
    events: dict[str, Occurrences]
    shape: Shape
    irregular: set[int] = field(default_factory=set)
    bad: list[tuple[BadValue, int]] = field(default_factory=list)

    def without_bad(self, match: Match) -> pl.DataFrame:
        """The raw columns, in which the values that cannot be used are unknown."""
        rows: dict[str, list[int]] = {}
        for bad, row in self.bad:
            for name in match.items[bad.item].names():
                rows.setdefault(name, []).append(row)
        columns = []
        for name, held in rows.items():
            where = np.zeros(self.raw.height, dtype=bool)
            where[held] = True
            columns.append(pl.when(pl.lit(pl.Series(where))).then(None).otherwise(pl.col(name)).alias(name))
        return self.raw.with_columns(columns)

    def batch(self, wanted: Mapping[str, str]) -> Batch:
        """The columns that the rules read, those of the patients by name and type."""
        there = [name for name in wanted if name in self.columns]
        patients = self.raw.select(_expression(self.columns[name]).alias(name) for name in there)
        return Batch(patients, self.raw.height, self.events)


class Tidying:
    """Makes batches of one population tidy. Shapes only grow from batch to batch."""

    def __init__(self, protocol: Protocol, match: Match, types: Mapping[str, Any]) -> None:
        self.protocol, self.match = protocol, match
        self.readers: dict[str, ColumnReader] = {
            name: READERS[columns.item.kind](columns, dict(types)) for name, columns in match.items.items()
        }
        self.shape = Shape({})
        self._lock = Lock()

    def tidy(self, raw: pl.DataFrame, first_row: int = 0) -> TidyBatch:
        tests = {name: test for reader in self.readers.values() for name, test in reader.tests().items()}
        found = raw.select(**tests).row(0, named=True) if tests else {}
        tidied = {name: reader.read(raw, found) for name, reader in self.readers.items()}
        shape = self.grow(Shape({name: each.shape for name, each in tidied.items()}))
        columns: Columns = {}
        events = {}
        for name, each in tidied.items():
            columns.update(each.columns)
            if each.occurrences is not None:
                events[name] = each.occurrences
        made = TidyBatch(raw, columns, events, shape)
        for name, each in tidied.items():
            if each.odd is not None:
                self._look_at(name, raw, each.odd, first_row, made)
        return made

    def grow(self, shape: Shape) -> Shape:
        """The shape of all batches so far (several threads make them tidy), and of one more."""
        with self._lock:
            self.shape = joined(self.shape, shape)
            return self.shape

    def _look_at(self, name: str, raw: pl.DataFrame, odd: pl.Series, first_row: int, made: TidyBatch) -> None:
        """Shows the odd values of an item to the reader of records."""
        columns = self.match.items[name]
        rows = odd.arg_true().to_list()
        for row, values in zip(rows, _rows(raw.select(columns.names())[rows]), strict=True):
            value = value_of(columns, values)
            if value is None:  # a unit alone says nothing
                continue
            try:
                read_value(columns.item, value)
                made.irregular.add(row)
            except ValueProblem as problem:
                message = "; ".join(f"{each}" + (f" ({each.help})" if each.help else "") for each in problem.each())
                made.bad.append((BadValue(name, _at_fault(columns, values), first_row + row + 1, message), row))


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows as Python has them; dates in years that it has not as texts."""
    try:
        return frame.rows(named=True)
    except (ValueError, OverflowError):
        return frame.with_columns(cs.temporal().cast(pl.String)).rows(named=True)


def _at_fault(columns: ItemColumns, values: Mapping[str, Any]) -> str:
    """The column of an item without which its value could be used."""
    names = columns.names()
    for name in names[1:]:
        try:
            read_value(columns.item, value_of(columns, {**values, name: None}))
            return name
        except ValueProblem:
            continue
    return names[0]


def _expression(column: pl.Expr | pl.Series) -> pl.Expr:
    return column if isinstance(column, pl.Expr) else pl.lit(column)


def joined(a: Shape, b: Shape) -> Shape:
    """The shape of what has either."""
    items = dict(a.items)
    for name, shape in b.items.items():
        items[name] = _joined(items[name], shape) if name in items else shape
    return Shape(items)


def _joined(a: ItemShape, b: ItemShape) -> ItemShape:
    attributes = dict(a.attributes)
    for name, shape in b.attributes.items():
        attributes[name] = _joined(attributes[name], shape) if name in attributes else shape
    units = a.units + tuple(unit for unit in b.units if unit not in a.units)
    return replace(
        a,
        partial=a.partial or b.partial,
        units=units,
        limits=a.limits | b.limits,
        digits=max(a.digits, b.digits),
        large=a.large or b.large,
        unit_column=a.unit_column or b.unit_column,
        attributes=attributes,
    )


__all__ = ["BadValue", "TidyBatch", "Tidying", "joined"]
