"""The checked protocol: immutable, every name, type and unit settled. All uses are made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from ..language.source import Place
from ..language.syntax import Text
from ..units.unit import Unit
from .expressions import Expression
from .types import Span, Type


@dataclass(frozen=True, eq=False, repr=False)
class Option:
    name: str
    label: Text | None

    @property
    def words(self) -> str:
        return self.label.text if self.label else self.name.replace("_", " ")


@dataclass(frozen=True, eq=False, repr=False)
class Reading:
    """An unclear place of the source: the ways to read it, and the one taken."""

    name: str
    label: Text
    options: tuple[Option, ...]
    chosen: str
    because: Text | None
    place: Place
    origin: str


@dataclass(frozen=True, eq=False, repr=False)
class Item:
    """One fact that a patient record may hold.

    `kind`: truth, quantity, number, count, one of, several of, date, time, event (`course` when it has an end).
    Quantities are held in `unit`; `span` is the accepted range in that unit.
    """

    name: str
    label: Text
    kind: str
    type: Type
    place: Place
    origin: str
    unit: Unit | None = None
    options: tuple[Option, ...] = ()
    limits: tuple[str, ...] = ()
    course: bool = False
    by: str | None = None
    span: Span | None = None
    molar_mass: Fraction | None = None
    codes: tuple[tuple[str, str], ...] = ()
    ask: Text | None = None
    notes: tuple[Text, ...] = ()
    attributes: tuple[Item, ...] = ()
    otherwise: Expression | None = None
    repeated: bool = False

    def attribute(self, name: str) -> Item | None:
        return next((each for each in self.attributes if each.name == name), None)

    @property
    def option_names(self) -> tuple[str, ...]:
        return tuple(option.name for option in self.options)


@dataclass(frozen=True, eq=False, repr=False)
class Definition:
    name: str
    label: Text
    type: Type
    expression: Expression
    notes: tuple[Text, ...]
    place: Place
    origin: str


@dataclass(frozen=True, eq=False, repr=False)
class Cell:
    """What one cell of a table accepts: anything, some options (`yes`/`no` too), or numbers from `low` to `high`."""

    options: tuple[str, ...] | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    low_inside: bool = True
    high_inside: bool = True

    @property
    def anything(self) -> bool:
        return self.options is None and self.low is None and self.high is None


@dataclass(frozen=True, eq=False, repr=False)
class TableColumn:
    """`kind`: options, truth or number. `span` is the range that the rows must cover (None: all numbers); `declared`
    are the options that the column names with their labels, empty where they are read off its cells."""

    name: str
    kind: str
    options: tuple[str, ...] = ()
    declared: tuple[Option, ...] = ()
    unit: Unit | None = None
    span: Span | None = None
    whole: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class TableRow:
    """`cells` holds, for each input column, the alternatives of which one must match; `results` one value a result
    column (a number in the column's unit, an option, or a truth)."""

    cells: tuple[tuple[Cell, ...], ...]
    results: tuple[Fraction | str | bool, ...]
    place: Place


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    name: str
    label: Text
    inputs: tuple[TableColumn, ...]
    outputs: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[Text, ...]
    place: Place
    origin: str

    def result_index(self, column: str) -> int:
        return next(index for index, each in enumerate(self.outputs) if each.name == column)


@dataclass(frozen=True, eq=False, repr=False)
class Criterion:
    """`id` as in data (`I3.1`, `donor.E2`); `marker` as printed. `condition` is None for one that holds only notes."""

    id: str
    marker: str
    name: str | None
    sentence: Text | None
    condition: Expression | None
    children: tuple[Criterion, ...]
    notes: tuple[Text, ...]
    sources: tuple[Text, ...]
    place: Place
    formula_written: bool

    def walk(self) -> Iterator[Criterion]:
        """This criterion and all below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, eq=False, repr=False)
class Block:
    """`kind` inclusion or exclusion; `formula` over its criteria."""

    kind: str
    label: Text | None
    formula: Expression
    formula_written: bool
    criteria: tuple[Criterion, ...]
    notes: tuple[Text, ...]
    place: Place


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """A role with criteria of its own; the only part of a protocol without parts has no name."""

    name: str | None
    title: Text | None
    inclusion: Block | None
    exclusion: Block | None
    notes: tuple[Text, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Inclusion and exclusion, in the order of the file."""
        blocks = [block for block in (self.inclusion, self.exclusion) if block]
        return tuple(sorted(blocks, key=lambda block: block.place.start))


@dataclass(frozen=True, eq=False, repr=False)
class Dose:
    value: Fraction
    unit: Unit
    text: str


@dataclass(frozen=True, eq=False, repr=False)
class Scheme:
    """A decision table of a dose escalation: rows over `inputs`, each with one result."""

    name: str
    label: Text | None
    inputs: tuple[str, ...]
    result: str
    rows: tuple[TableRow, ...]
    place: Place


@dataclass(frozen=True, eq=False, repr=False)
class Escalation:
    name: str
    label: Text
    doses: tuple[Dose, ...]
    cohort: int | None
    most: int | None
    schemes: tuple[Scheme, ...]
    notes: tuple[Text, ...]
    sources: tuple[Text, ...]
    place: Place


@dataclass(frozen=True, eq=False, repr=False)
class Example:
    """A patient record under a choice of readings, and what is expected: verdict (subject None) and outcomes, all
    deciding facts, all criteria that are reasons with words of each (None: nothing expected). `places` tells where
    each value was written, `like` which example the record begins with, `expected_at` where each expectation stands."""

    name: str
    label: Text
    record: Mapping[str, object]
    expectations: tuple[tuple[str | None, str], ...]
    notes: tuple[Text, ...]
    place: Place
    places: Mapping[str, Place]
    readings: Mapping[str, str]
    deciding: tuple[str, ...] | None
    reasons: tuple[tuple[str, str], ...] | None
    like: str | None
    expected_at: Mapping[str, Place]


@dataclass(frozen=True, eq=False, repr=False)
class Protocol:
    """A whole protocol (or library, with `kind` library and no criteria)."""

    kind: str
    id: str
    title: Text
    attributes: Mapping[str, Text]
    readings: Mapping[str, Reading]
    items: Mapping[str, Item]
    definitions: Mapping[str, Definition]
    tables: Mapping[str, Table]
    parts: tuple[Part, ...]
    escalations: tuple[Escalation, ...]
    examples: tuple[Example, ...]

    @property
    def version(self) -> str:
        return self.attributes["version"].text if "version" in self.attributes else ""

    @property
    def has_parts(self) -> bool:
        return any(part.name for part in self.parts)

    def criteria(self) -> Iterator[Criterion]:
        """Every criterion and child, in the order of the file."""
        for part in self.parts:
            for block in part.blocks:
                for criterion in block.criteria:
                    yield from criterion.walk()

    def criterion(self, id: str) -> Criterion | None:
        return self._by_id.get(id)

    @cached_property
    def _by_id(self) -> dict[str, Criterion]:
        return {each.id: each for each in self.criteria()}

    @cached_property
    def excluding(self) -> frozenset[str]:
        """The ids of the criteria and children that stand under `exclusion`."""
        blocks = [block for part in self.parts for block in part.blocks if block.kind == "exclusion"]
        return frozenset(each.id for block in blocks for top in block.criteria for each in top.walk())
