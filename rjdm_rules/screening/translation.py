"""What the parts of the translation from rules to columns share: state, sources, and the calls between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter
from typing import Any, TypeVar

from ..evaluation.reference import Reference
from ..graph.build import RuleGraph
from ..protocol import expressions as x
from ..protocol.model import Item
from ..units.unit import conversion, read_unit
from .columns import PATIENTS, Builder, Column, NotColumnar
from .kinds import kind_of
from .ratios import Amount, Ratio, Ratios
from .shape import ItemShape, Shape

Made = TypeVar("Made")
ONGOING = 3_652_059  # the last day of the calendar: 9999-12-31


@dataclass(frozen=True, slots=True)
class Days:
    """What is known of a date: first and last day (or moment) that it may be; a null one is open. `endless` tells that
    it may be the end of a course that still runs, for which the last day of the calendar stands."""

    low: Column
    high: Column
    endless: bool = False

    @property
    def exact(self) -> bool:
        return self.low is self.high


@dataclass(frozen=True, slots=True)
class Selection:
    """Occurrences: whether the record says anything of the event, and whether each fits. Without a column of the event
    there is no frame, and `fits` is None."""

    recorded: Column
    fits: Column | None
    event: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A measured column as it stands in the data, and how each unit converts to the declared one: rows of condition,
    factor and offset; the last has no condition."""

    column: Column
    units: tuple[tuple[Column | None, Fraction, Fraction], ...]
    digits: int
    most: float
    positive: bool


class Translation(ABC):
    """The rule graph of one protocol, under one choice of readings, for a population of one shape. Its columns, and
    what is doubtful of them, may be shared with another translation (`beside`)."""

    def __init__(
        self, graph: RuleGraph, readings: Mapping[str, str], shape: Shape, beside: Translation | None = None
    ) -> None:
        self.graph, self.protocol, self.readings, self.shape = graph, graph.protocol, readings, shape
        self.b: Builder = beside.b if beside else Builder()
        self.r: Ratios = beside.r if beside else Ratios(self.b)
        self.nothing = Reference(self.protocol, {}, readings).run(graph)  # what holds of a record that says nothing
        self.left: list[x.Expression] = []  # conditions that have no form in columns
        self.left_doubts: list[Column] = beside.left_doubts if beside else []  # where they might matter
        self._memo: dict[tuple[str, int], tuple[x.Expression, Any]] = {}
        self._named: dict[tuple[str, str], Any] = {}

    def once(self, what: str, node: x.Expression, make: Callable[[Any], Made]) -> Made:
        """What is made of a node, made once."""
        key = (what, id(node))
        if key not in self._memo:
            self._memo[key] = (node, make(node))
        found: Made = self._memo[key][1]
        return found

    def once_named(self, what: str, name: str, make: Callable[[], Made]) -> Made:
        """The same by name."""
        key = (what, name)
        if key not in self._named:
            self._named[key] = make()
        found: Made = self._named[key]
        return found

    def kind(self, node: x.Expression) -> str:
        return kind_of(node, self.protocol)

    @abstractmethod
    def truth(self, node: x.Expression) -> Column: ...

    @abstractmethod
    def one_of(self, node: x.Expression, options: tuple[str, ...]) -> Column: ...

    @abstractmethod
    def number(self, node: x.Expression) -> Amount: ...

    @abstractmethod
    def days(self, node: x.Expression) -> Days: ...

    @abstractmethod
    def known(self, node: x.Expression) -> Column: ...

    @abstractmethod
    def selection(self, node: x.Expression) -> Selection: ...

    def doubted(self, column: Column, condition: Column) -> Column:
        """A column that is not to be trusted in the rows where a condition holds."""
        if column.literal or condition.says(False):
            return column
        found = self.b.case([(condition, self.b.literal(None, column.type))], column)  # a column that nothing absorbs
        self.r.doubts[found.number] = condition
        return found

    # ---- sources

    def exactly(self, ratio: Ratio) -> Amount:
        return Amount(ratio, ratio)

    @property
    def unknown_days(self) -> Days:
        nothing = self.b.literal(None, "day")
        return Days(nothing, nothing)

    def dates(self, name: str, shape: ItemShape | None, type: str = "day", frame: str = PATIENTS) -> Days:
        """The bounds of a date column."""
        if shape is None:
            nothing = self.b.literal(None, type)
            return Days(nothing, nothing)
        if not shape.partial:
            day = self.b.source(name, type, frame)
            return Days(day, day)
        return Days(self.b.source(f"{name} low", type, frame), self.b.source(f"{name} high", type, frame))

    def plain(self, item: Item, shape: ItemShape, frame: str = PATIENTS) -> Plain:
        """A measured column of an item (or of an attribute, in the frame of its event)."""
        column = self.b.source(item.name, "number", frame)
        rows: list[tuple[Column | None, Fraction, Fraction]] = []
        for unit in shape.units:
            assert item.unit is not None
            factors = conversion(read_unit(unit), item.unit, item.molar_mass)
            assert factors is not None, (item.name, unit)
            rows.append((self.b.among(self.b.source(f"{item.name} unit", "text", frame), (unit,)), *factors))
        rows.append((None, Fraction(1), Fraction(0)))
        span, most = item.span, shape.most
        if span:  # what is beyond its range in its own unit is refused before
            ends = [(end - offset) / factor for _, factor, offset in rows for end in (span.low, span.high)]
            most = nextafter(float(max(map(abs, ends))), inf)
        level = all(offset == 0 for _, _, offset in rows)
        positive = item.kind == "count" or (span is not None and span.low >= 0 and level)
        return Plain(column, tuple(rows), shape.digits, most, positive)

    def converted(self, plain: Plain) -> Ratio:
        """A measured column in the declared unit."""
        value = self.r.decimal(plain.column, plain.digits, plain.most, plain.positive)
        found: list[tuple[Column, Ratio]] = []
        for condition, factor, offset in plain.units:
            ratio = self.r.scaled(value, factor)
            if offset:
                ratio = self.r.plus(ratio, self.r.constant(offset))
            if condition is None:
                return self.r.case(found, ratio) if found else ratio
            found.append((condition, ratio))
        raise AssertionError("the declared unit comes last")

    def limit(self, item: Item, shape: ItemShape, limit: str, frame: str = PATIENTS) -> Ratio:
        """An upper or lower limit of normal, in the unit of its value."""
        if limit not in shape.limits:
            return self.r.unknown
        column = self.b.source(f"{item.name} {limit}", "number", frame)
        return self.r.decimal(column, shape.digits, shape.most, positive=True)


__all__ = ["ONGOING", "Days", "NotColumnar", "Plain", "Selection", "Translation"]
