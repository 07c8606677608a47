"""Tables of a population in SQL as the frames that the rules read: patients with a row each, and occurrences.

Occurrences stand in list columns of the patients' table, or in a table of their own for each event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from ..protocol.model import Item, Protocol
from ..values.calendar import SECONDS_A_DAY
from .kinds import MEASURED
from .matching import Match
from .shape import ItemShape, Shape
from .sql_writer import ID, Frame, each_of, literal, struct
from .translation import ONGOING

Node = exp.Expr
LONGEST_DATE = 10
NO_DAY = 1  # 0001-01-01


@dataclass(frozen=True)
class SqlTable:
    """`name` of the table of patients, as its parts. `dates`: the date columns that hold texts, perhaps partial (of an
    event as `event.date`, `event.until`). `tables`: events whose occurrences stand in a table of their own; others are
    list columns, of dates or (in `structs`) of structs, with the fields that there are. Where an event has a table, the
    patients have a column such as `acute_mi_recorded`: true where it is recorded whether it happened."""

    name: tuple[str, ...]
    texts: frozenset[str] = frozenset()
    structs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def node(self) -> exp.Table:
        return table_of(self.name)


def table_of(parts: tuple[str, ...]) -> exp.Table:
    """A table by its name, perhaps with schema and catalog before it."""
    *before, name = parts
    kinds = dict(zip(("db", "catalog"), reversed(before), strict=False))
    return exp.table_(name, quoted=True, **kinds)


def frames_of(protocol: Protocol, match: Match, table: SqlTable, shape: Shape) -> dict[str, Frame]:
    """The frame of the patients, and one for each event."""
    columns: dict[str, Node] = {}
    events: dict[str, Frame] = {}
    arrays: dict[str, Node] = {}
    for name, held in match.items.items():
        item, shaped = held.item, shape.items[name]
        if item.kind == "event":
            listed = name not in table.tables
            there = exp.column((held.value or name) if listed else f"{name}_recorded", quoted=True)
            recorded = there.is_(exp.null()).not_() if listed else there
            columns[f"{name} recorded"] = exp.Case().when(recorded, exp.true())
            fields = _occurrences(item, shaped, table)
            names = {field: f"s{number}" for number, field in enumerate(fields)}
            made = {names[field]: node for field, node in fields.items()}
            if not listed:
                fields_of = [node.as_(alias) for alias, node in made.items()]
                rows = exp.select(exp.column(ID, quoted=True), *fields_of).from_(table_of(table.tables[name]))
                events[name] = Frame(names, rows)
            else:
                arrays[f"list_{name}"] = exp.Transform(this=there.copy(), expression=each_of(struct(made)))
                events[name] = Frame(names, array=f"list_{name}")
        elif item.kind in ("date", "time"):
            columns.update(_date(name, held.value or name, item.kind == "time", shaped, name in table.texts))
        else:
            columns.update(_plain(item, held.value, held.unit, held.limits, shaped))
    names = {name: f"s{number}" for number, name in enumerate(columns)}
    selected = [node.as_(names[name]) for name, node in columns.items()]
    selected += [node.as_(name) for name, node in arrays.items()]
    source = exp.column(match.id, quoted=True).as_(ID, quoted=True)
    return {"": Frame(names, exp.select(source, *selected).from_(table.node())), **events}


def _plain(
    item: Item, value: str | None, unit: str | None, limits: Mapping[str, str], shape: ItemShape, of: str | None = None
) -> dict[str, Node]:
    found: dict[str, Node] = {}
    if value is not None:
        column = _column(value, of)
        found[item.name] = exp.cast(column, "DOUBLE") if item.kind in MEASURED else column
    if unit is not None and shape.unit_column:
        found[f"{item.name} unit"] = _column(unit, of)
    for limit, name in limits.items():
        found[f"{item.name} {limit}"] = exp.cast(_column(name, of), "DOUBLE")
    return found


def _column(name: str, of: str | None = None) -> Node:
    column = exp.column(name, quoted=True)
    return column if of is None else exp.Dot(this=exp.column(of), expression=exp.to_identifier(name, quoted=True))


def _date(name: str, column: str, moment: bool, shape: ItemShape, text: bool, of: str | None = None) -> dict[str, Node]:
    """A date, or the bounds of one that may be partial."""
    held = _column(column, of)
    if not text:
        made = exp.TimestampTrunc(this=held, unit=exp.var("SECOND")) if moment else exp.cast(held, "DATE")
        return {name: made}
    first, last = _first_day(held), _last_day(held)
    if not moment:
        return {f"{name} low": first, f"{name} high": last}
    longer = exp.GT(this=exp.Length(this=held.copy()), expression=exp.Literal.number(LONGEST_DATE))
    spaced = exp.func("REPLACE", held.copy(), exp.Literal.string("T"), exp.Literal.string(" "))
    at = exp.TryCast(this=spaced, to=exp.DataType.build("TIMESTAMP"))
    start = exp.cast(first, "TIMESTAMP")
    no_time = exp.Case().when(held.copy().is_(exp.null()).not_(), literal(NO_DAY * SECONDS_A_DAY, "moment"))
    end = exp.TimestampAdd(
        this=exp.cast(last, "TIMESTAMP"), expression=exp.Literal.number(86399), unit=exp.var("SECOND")
    )
    return {
        f"{name} low": exp.Case().when(longer.copy(), exp.func("COALESCE", at.copy(), no_time)).else_(start),
        f"{name} high": exp.Case().when(longer, at).else_(end),
    }


def _first_day(text: Node) -> Node:
    """The first day that a text may stand for; `ongoing` is the last day of the calendar. A text that is no date stands
    before all days, so that the checks set its row apart."""
    found = exp.Case().when(_is_ongoing(text), literal(ONGOING, "day"))
    for length, rest in ((4, "-01-01"), (7, "-01")):
        whole = exp.DPipe(this=text.copy(), expression=exp.Literal.string(rest))
        found = found.when(_length_is(text, length), exp.TryCast(this=whole, to=exp.DataType.build("DATE")))
    found = found.when(_length_is(text, 10), exp.TryCast(this=text.copy(), to=exp.DataType.build("DATE")))
    no_date = exp.Case().when(text.copy().is_(exp.null()).not_(), literal(NO_DAY, "day"))
    return exp.func("COALESCE", found, no_date)


def _last_day(text: Node) -> Node:
    found = exp.Case().when(_is_ongoing(text), literal(ONGOING, "day"))
    for length, rest in ((4, "-12-01"), (7, "-01")):
        whole = exp.DPipe(this=text.copy(), expression=exp.Literal.string(rest))
        found = found.when(
            _length_is(text, length), exp.LastDay(this=exp.TryCast(this=whole, to=exp.DataType.build("DATE")))
        )
    return found.when(_length_is(text, 10), exp.TryCast(this=text.copy(), to=exp.DataType.build("DATE")))


def _length_is(text: Node, length: int) -> Node:
    return exp.EQ(this=exp.Length(this=text.copy()), expression=exp.Literal.number(length))


def _is_ongoing(text: Node) -> Node:
    return exp.EQ(this=text.copy(), expression=exp.Literal.string("ongoing"))


def _occurrences(item: Item, shape: ItemShape, table: SqlTable) -> dict[str, Node]:
    """The tidy columns of an occurrence: of a row of its table, or of the element o of a list."""
    of = None if item.name in table.tables else "o"
    fields = table.structs.get(item.name)
    if of is not None and fields is None:
        held = exp.column("o")
        text = f"{item.name}.date" in table.texts
        return {"date low": _first_day(held), "date high": _last_day(held)} if text else {"date": held}
    columns: dict[str, Node] = {}
    for name in ("date", "until"):
        if name in shape.attributes:
            text = f"{item.name}.{name}" in table.texts
            columns.update(_date(name, name, False, shape.attributes[name], text, of))
    for attribute in item.attributes:
        held_shape = shape.attributes.get(attribute.name)
        if held_shape is not None:
            unit = "unit" if attribute.name == "value" and (fields is None or "unit" in fields) else None
            limits = {limit: limit.lower() for limit in held_shape.limits}
            columns.update(_plain(attribute, attribute.name, unit, limits, held_shape, of))
    return columns
