"""Columns as SQL: one query of common table expressions, stage by stage, for any dialect that sqlglot writes.

Names of tables and columns, and texts, are nodes of the syntax tree and never pasted into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlglot import exp

from ..values.calendar import SECONDS_A_DAY
from .columns import PATIENTS, Column
from .stages import Plan, Stage, planned

ID = "id"
LIST_SUM = "LIST_SUM"  # the sum of a list of numbers, as DuckDB calls it
TYPES = {
    "truth": "BOOLEAN", "number": "DOUBLE", "day": "DATE", "moment": "TIMESTAMP", "text": "TEXT", "outcome": "TEXT",
    "verdict": "TEXT",
}  # fmt: skip
SQL_DAYS = date(9999, 12, 31).toordinal()
Node = exp.Expr


@dataclass(frozen=True)
class Frame:
    """Where the rows of a frame come from. `names`: of each tidy column the name. A table is a `query` that gives the
    id and these columns; occurrences in lists are a column of the patients (`array`), of structs with these fields."""

    names: Mapping[str, str]
    query: exp.Select | None = None
    array: str = ""


class SqlWriter:
    """Writes one query. `frames` holds the patients and the events; `options` those of each set.

    Occurrences in lists are worked out where they are, by functions on lists, so that nothing is joined; those in
    tables of their own are joined with their patients and grouped again.
    """

    def __init__(self, roots: Mapping[str, Column], frames: Mapping[str, Frame], options: Mapping[str, Sequence[str]]):
        self.roots, self.frames, self.options = roots, frames, options
        self.plan: Plan = planned([roots.values()])
        self.tables: dict[str, str] = {}
        self.count: dict[str, int] = {}
        self.steps: list[tuple[str, exp.Select]] = []
        self.arrays = {frame: held.array for frame, held in frames.items() if held.array}
        self.fields = {frame: list(held.names.values()) for frame, held in frames.items() if held.array}

    def query(self) -> exp.Select:
        """The whole query: the id, and a column for each root."""
        for frame, held in self.frames.items():
            if held.query is not None:
                self._step(frame, held.query)
        for stage in self.plan.phases[0]:
            self._stage(stage)
        roots = [self.written(column).as_(name, quoted=True) for name, column in self.roots.items()]
        found = exp.select(exp.column(ID, quoted=True), *roots).from_(self.tables[PATIENTS])
        for name, step in self.steps:
            found = found.with_(name, step, copy=False)
        return found

    def _stage(self, stage: Stage) -> None:
        if stage.crossing and stage.frame == PATIENTS:
            self._gather(stage.columns)
        elif stage.crossing:
            if stage.frame not in self.arrays:
                self._spread(stage.frame, stage.columns)
        elif stage.frame in self.arrays:
            self._transform(stage.frame, stage.columns)
        else:
            made = [self._fresh(each).as_(self.name(each)) for each in stage.columns]
            self._step(stage.frame, exp.select("*", *made).from_(self.tables[stage.frame]))

    def _step(self, frame: str, query: exp.Select) -> None:
        number = self.count[frame] = self.count.get(frame, -1) + 1
        name = f"{frame or 'patients'}_{number}"
        self.steps.append((name, query))
        self.tables[frame] = name

    # ---- occurrences in lists

    def _transform(self, frame: str, columns: Sequence[Column]) -> None:
        """The list with more fields in its structs."""
        made = {name: _field(name) for name in self.fields[frame]}
        made.update({self.name(each): self._fresh(each) for each in columns})
        transformed = exp.Transform(this=exp.column(self.arrays[frame]), expression=each_of(struct(made)))
        number = self.count[frame] = self.count.get(frame, 0) + 1
        name = f"{self.frames[frame].array}_{number}"
        self._step(PATIENTS, exp.select("*", transformed.as_(name)).from_(self.tables[PATIENTS]))
        self.arrays[frame], self.fields[frame] = name, list(made)

    def _from_list(self, column: Column) -> Node:
        array = exp.column(self.arrays[column.value])
        held = self.written(column.operands[0])
        if column.op in ("any", "count"):
            fitting = exp.ArrayFilter(this=array, expression=each_of(exp.func("COALESCE", held, exp.false())))
            size = exp.func("COALESCE", exp.ArraySize(this=fitting), exp.Literal.number(0))
            if column.op == "any":
                return _grouped(exp.GT(this=size, expression=exp.Literal.number(0)))
            return exp.cast(exp.func("GREATEST", size, exp.Literal.number(0)), "DOUBLE")
        values = exp.Transform(this=array, expression=each_of(held))
        if column.op == "sum":
            return exp.func(LIST_SUM, values)
        return (exp.ArrayMax if column.op == "max" else exp.ArrayMin)(this=values)

    # ---- occurrences in tables

    def _spread(self, frame: str, columns: Sequence[Column]) -> None:
        """Patients' values beside their occurrences."""
        held = [exp.column(self._simple(each.operands[0]), "p").as_(self.name(each)) for each in columns]
        query = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("o")), *held)
        query = query.from_(exp.to_table(self.tables[frame]).as_("o"))
        self._step(frame, query.join(exp.to_table(self.tables[PATIENTS]).as_("p"), on=_same_id("o", "p")))

    def _gather(self, columns: Sequence[Column]) -> None:
        """What is gathered from the occurrences of each event, beside its patient."""
        query = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("p")))
        query = query.from_(exp.to_table(self.tables[PATIENTS]).as_("p"))
        by_event: dict[str, list[Column]] = {}
        for column in columns:
            if column.value in self.arrays:
                query = query.select(self._from_list(column).as_(self.name(column)))
            else:
                by_event.setdefault(column.value, []).append(column)
        for number, (event, held) in enumerate(by_event.items()):
            alias = f"g{number}"
            grouped = [self._gathered(each).as_(self.name(each)) for each in held]
            inner = exp.select(exp.column(ID, quoted=True), *grouped).from_(self.tables[event])
            inner = inner.group_by(exp.column(ID, quoted=True))
            query = query.join(inner.subquery(alias), on=_same_id("p", alias), join_type="left")
            for each in held:
                query = query.select(self._complete(each, exp.column(self.name(each), alias)).as_(self.name(each)))
        self._step(PATIENTS, query)

    def _gathered(self, column: Column) -> Node:
        held = self.written(column.operands[0])
        match column.op:
            case "any":
                return exp.LogicalOr(this=exp.func("COALESCE", held, exp.false()))
            case "count":
                return exp.cast(exp.Sum(this=_one_where(held)), "DOUBLE")
        return {"max": exp.Max, "min": exp.Min, "sum": exp.Sum}[column.op](this=held)

    def _complete(self, column: Column, held: Node) -> Node:
        """Patients without occurrences have none, and nothing is the largest of none."""
        neutral = {"any": exp.false(), "count": exp.Literal.number(0)}.get(column.op)
        return held if neutral is None else exp.func("COALESCE", held, neutral)

    # ---- expressions

    def name(self, column: Column) -> str:
        return f"c{column.number}"

    def _simple(self, column: Column) -> str:
        """The name of a column that has been worked out, or of a source."""
        if self.plan.named(column):
            return self.name(column)
        return self.frames[column.frame].names[column.value]

    def written(self, column: Column) -> Node:
        if column.op == "spread" and column.frame in self.arrays:
            return self.written(column.operands[0])  # a function on a list sees the patient's columns
        if self.plan.named(column):
            return _field(self.name(column)) if column.frame in self.arrays else exp.column(self.name(column))
        return self._fresh(column)

    def _fresh(self, column: Column) -> Node:
        match column.op:
            case "source":
                name = self.frames[column.frame].names.get(column.value)
                if name is None:
                    return exp.cast(exp.null(), TYPES[column.type])
                return _field(name) if column.frame in self.arrays else exp.column(name)
            case "literal":
                return literal(column.value, column.type)
            case "case":
                *rows, other = column.operands
                found = exp.Case()
                for condition, value in zip(rows[::2], rows[1::2], strict=True):
                    found = found.when(self.written(condition), self.written(value), copy=False)
                return found.else_(self.written(other), copy=False)
            case "among":
                held = self.written(column.operands[0])
                texts = [exp.Literal.string(each) for each in column.value]
                return _grouped(
                    exp.In(this=held, expressions=texts) if len(texts) > 1 else exp.EQ(this=held, expression=texts[0])
                )
            case "has":
                return _has(self.written(column.operands[0]), column.value)
            case "strays":
                return _strays(self.written(column.operands[0]), column.value)
            case "how many":
                (source,) = column.operands
                held = self.written(source)
                parts = [_one_where(_has(held.copy(), option)) for option in self.options[source.value]]
                return exp.Case().when(held.copy().is_(exp.null()).not_(), _sum(parts))
        return OPERATIONS[column.op](column, *(self.written(each) for each in column.operands))


def each_of(node: Node) -> exp.Lambda:
    """A function of one element of a list, which it calls o."""
    return exp.Lambda(this=node, expressions=[exp.to_identifier("o")])


def struct(fields: Mapping[str, Node]) -> exp.Struct:
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=node) for name, node in fields.items()]
    )


def _field(name: str) -> Node:
    return exp.Dot(this=exp.column("o"), expression=exp.to_identifier(name))


def literal(value: Any, type: str) -> Node:
    """A constant of a column's type."""
    if value is None:
        return exp.cast(exp.null(), TYPES[type])
    match type:
        case "truth":
            return exp.true() if value else exp.false()
        case "number":
            return number(value)
        case "day":
            return exp.cast(exp.Literal.string(date.fromordinal(min(max(value, 1), SQL_DAYS)).isoformat()), "DATE")
        case "moment":
            day, second = divmod(value, SECONDS_A_DAY)
            clock = f"{second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"
            text = f"{date.fromordinal(min(max(day, 1), SQL_DAYS)).isoformat()} {clock}"
            return exp.cast(exp.Literal.string(text), "TIMESTAMP")
    return exp.Literal.string(value)


def number(value: float) -> Node:
    """A number as a literal where every engine reads it alike; one of many digits from its text."""
    text = repr(value)
    if "e" in text or "inf" in text or len(text.strip("-0.").replace(".", "")) > 15:
        return exp.cast(exp.Literal.string(text), "DOUBLE")
    plain = text.removesuffix(".0").lstrip("-")
    found: Node = exp.Literal.number(plain)
    return exp.Neg(this=found) if value < 0 else found


def _same_id(left: str, right: str) -> Node:
    return exp.EQ(this=exp.column(ID, left, quoted=True), expression=exp.column(ID, right, quoted=True))


def _grouped(node: Node) -> Node:
    return exp.Paren(this=node)


def _sum(parts: Sequence[Node]) -> Node:
    found: Node = parts[0]
    for each in parts[1:]:
        found = exp.Add(this=found, expression=each)
    return found


def _one_where(condition: Node) -> Node:
    return exp.Case().when(condition, exp.Literal.number(1)).else_(exp.Literal.number(0))


def _has(held: Node, option: str) -> Node:
    contains = exp.ArrayContains(this=held.copy(), expression=exp.Literal.string(option))
    return exp.Case().when(held.copy().is_(exp.null()).not_(), contains)


def _strays(held: Node, options: Sequence[str]) -> Node:
    """Whether a list has an element that is none of the options."""
    known = exp.In(this=exp.column("o"), expressions=[exp.Literal.string(each) for each in options])
    strange = exp.Not(this=exp.func("COALESCE", known, exp.false()))
    size = exp.ArraySize(this=exp.ArrayFilter(this=held, expression=each_of(strange)))
    return _grouped(exp.GT(this=exp.func("COALESCE", size, exp.Literal.number(0)), expression=exp.Literal.number(0)))


def _joined(kind: Any, parts: Sequence[Node]) -> Node:
    found: Node = parts[0]
    for each in parts[1:]:
        found = kind(this=found, expression=each)
    return _grouped(found)


def _binary(kind: Any) -> Callable[..., Node]:
    return lambda _, a, b: _grouped(kind(this=a, expression=b))


def _later(day: Node, by: Node, unit: str, type: str) -> Node:
    if unit == "SECOND" or type == "moment":
        return exp.cast(exp.TimestampAdd(this=day, expression=by, unit=exp.var(unit)), "TIMESTAMP")
    return exp.cast(exp.DateAdd(this=day, expression=by, unit=exp.var(unit)), "DATE")


def whole(value: int) -> Node:
    found: Node = exp.Literal.number(abs(value))
    return exp.Neg(this=found) if value < 0 else found


def _moved(column: Column, day: Node, by: Node) -> Node:
    unit = "SECOND" if column.type == "moment" else "DAY"
    return _later(day, exp.cast(by, "INT"), unit, column.type)


def _part(unit: str, day: Node) -> Node:
    return exp.cast(exp.Extract(this=exp.var(unit), expression=day.copy()), "INT")


def _months(start: Node, end: Node) -> Node:
    """Completed months: those of the calendar, less one that is not full; a month's last day completes any."""

    def minus(a: Node, b: Node) -> Node:
        return exp.Paren(this=exp.Sub(this=a, expression=b))

    years = exp.Mul(this=minus(_part("YEAR", end), _part("YEAR", start)), expression=exp.Literal.number(12))
    months = minus(_part("MONTH", end), _part("MONTH", start))
    next_day = _later(end.copy(), exp.Literal.number(1), "DAY", "day")
    short = exp.And(
        this=exp.GT(this=_part("DAY", start), expression=_part("DAY", end)),
        expression=exp.NEQ(this=_part("DAY", next_day), expression=exp.Literal.number(1)),
    )
    return exp.Sub(this=exp.Add(this=years, expression=months), expression=exp.Paren(this=_one_where(short)))


def _elapsed(column: Column, start: Node, end: Node) -> Node:
    known = exp.And(this=start.copy().is_(exp.null()).not_(), expression=end.copy().is_(exp.null()).not_())
    if column.value == "days":
        found: Node = exp.DateDiff(this=end, expression=start, unit=exp.var("DAY"))
    else:
        found = _months(start, end)
        if column.value == "years":
            found = exp.Floor(
                this=exp.Div(this=exp.cast(exp.Paren(this=found), "DOUBLE"), expression=exp.Literal.number(12))
            )
    return exp.Case().when(known, exp.cast(found, "DOUBLE"))


OPERATIONS: dict[str, Callable[..., Node]] = {
    "and": lambda _, *parts: _joined(exp.And, parts),
    "or": lambda _, *parts: _joined(exp.Or, parts),
    "not": lambda _, a: _grouped(exp.Not(this=_grouped(a))),
    "known": lambda _, a: _grouped(exp.Not(this=exp.Is(this=_grouped(a), expression=exp.null()))),
    "coalesce": lambda _, *values: exp.func("COALESCE", *values),
    "lt": _binary(exp.LT),
    "le": _binary(exp.LTE),
    "eq": _binary(exp.EQ),
    "add": _binary(exp.Add),
    "mul": _binary(exp.Mul),
    "quotient": lambda _, a, b: exp.Floor(
        this=exp.Div(this=exp.cast(a, "DOUBLE"), expression=exp.func("NULLIF", b, exp.Literal.number(0)))
    ),
    "abs": lambda _, a: exp.Abs(this=a),
    "scaled": lambda c, a: exp.func("ROUND", exp.Mul(this=a, expression=exp.Literal.number(10**c.value))),
    "fits": lambda c, a, s: _grouped(exp.EQ(this=exp.Div(this=s, expression=number(float(10**c.value))), expression=a)),
    "tally": lambda _, *truths: exp.cast(exp.Paren(this=_sum([_one_where(each) for each in truths])), "DOUBLE"),
    "months": lambda c, day: _later(day, whole(c.value), "MONTH", c.type),
    "days": lambda c, day: _later(day, whole(c.value), "DAY", c.type),
    "moved": _moved,
    "seconds": lambda c, at: _later(at, whole(c.value), "SECOND", "moment"),
    "elapsed": _elapsed,
    "day_of": lambda _, at: exp.cast(at, "DATE"),
    "midnight": lambda _, day: exp.cast(day, "TIMESTAMP"),
}
