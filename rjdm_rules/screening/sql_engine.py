"""Screening inside a database: the rules run as SQL where the population is, on DuckDB or on Spark.

Rows that SQL cannot decide (`apart`) are fetched and decided by the evaluator for one patient, so that the result is
the same as everywhere. What a database cannot hold in the form that SQL needs is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import polars as pl
from sqlglot import exp

from ..evaluation.problems import RecordError
from ..evaluation.results import Evaluator
from ..protocol.model import Item
from ..units.unit import UnitError, conversion, read_unit
from .evaluating import Evaluated, output_schema, verdict_column
from .ids import check_id_type
from .kinds import MEASURED
from .matching import ItemColumns, Match, PopulationError, matched
from .raw_records import record_of
from .shape import LARGE, ItemShape, Shape
from .sources import type_words
from .sql_rules import APART, FACTS, FAILS, ID, SqlRules, sql_rules
from .sql_tables import SqlTable
from .sql_writer import number

TRIED_DIGITS = (2, 4, 6)
MOST_UNITS = 100
FETCHED = 10_000  # patients whom SQL does not decide, at once


class Database(Protocol):
    """What is asked of a database. Queries are syntax trees; names and texts are nodes of them."""

    dialect: str

    def schema(self, table: SqlTable) -> dict[str, Any]:
        """The columns of a table, and their types as Polars has them."""

    def rows(self, query: exp.Expr) -> pl.DataFrame:
        """The rows of a query that gives few."""

    def decided(self, rules: SqlRules) -> Iterator[pl.DataFrame]:
        """The rows of the rules, in batches."""

    def raw(self, table: SqlTable, ids: Sequence[Any], columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """The rows of some patients as they stand in the table."""


class SqlPopulation:
    """A population in a database under one protocol and choice of readings. With `counts` it is worked out which
    criteria fail. Raises PopulationError for columns that SQL cannot read, and ids that are missing or repeated."""

    def __init__(
        self,
        evaluator: Evaluator,
        database: Database,
        name: Sequence[str],
        allow_extra: bool = False,
        counts: bool = False,
    ) -> None:
        self.evaluator, self.database, self.counts = evaluator, database, counts
        self.schema = database.schema(SqlTable(tuple(name)))
        self.match: Match = matched(evaluator.protocol, list(self.schema), allow_extra)
        check_id_type(self.schema[self.match.id])
        self.table, shape = shaped(self.match, self.schema, tuple(name), database.dialect)
        self.shape = self._probed(shape)
        self.rules = sql_rules(evaluator, self.match, self.table, self.shape, fails=counts)
        self.patients = self._check_ids()

    # ---- what is in the columns

    def _probed(self, shape: Shape) -> Shape:
        """The shape with the units that occur, the digits of numbers, and whether some are large."""
        items = dict(shape.items)
        tests: dict[str, exp.Expr] = {}
        for name, columns in self.match.items.items():
            if columns.item.kind in MEASURED:
                items[name] = replace(items[name], units=self._units(columns), unit_column=columns.unit is not None)
                for column in (columns.value, *columns.limits.values()):
                    tests.update(_number_tests(name, column) if column else {})
        if not tests:
            return Shape(items)
        query = exp.select(*(node.as_(key, quoted=True) for key, node in tests.items())).from_(self.table.node())
        found = self.database.rows(query).row(0, named=True)
        for columns in self.match.items.values():
            _refuse_nan(found, columns)
        for name, columns in self.match.items.items():
            if columns.item.kind in MEASURED:
                held = [column for column in (columns.value, *columns.limits.values()) if column]
                digits = max((_digits(found, name, column) for column in held), default=TRIED_DIGITS[0])
                large = any((found[f"{name} {column} most"] or 0) > LARGE for column in held)
                items[name] = replace(items[name], digits=digits, large=large)
        return Shape(items)

    def _units(self, columns: ItemColumns) -> tuple[str, ...]:
        """The units beside the declared one that can be converted; rows with others stand apart."""
        if columns.unit is None:
            return ()
        unit = exp.column(columns.unit, quoted=True)
        query = exp.select(unit).distinct().from_(self.table.node()).limit(MOST_UNITS)
        found = sorted(str(each) for each in self.database.rows(query).to_series() if each is not None)
        declared = columns.item.unit.text if columns.item.unit else ""
        return tuple(each for each in found if each != declared and _converts(columns.item, each))

    # ---- what comes out

    def batches(self) -> Iterator[pl.DataFrame]:
        """Id, verdict, outcomes and deciding facts, a row a patient. Raises PopulationError for values that cannot be
        used."""
        for batch in self.evaluated():
            yield batch.frame

    def evaluated(self) -> Iterator[Evaluated]:
        """The same with which criteria fail."""
        apart: list[Any] = []
        rows = 0
        for batch in self.database.decided(self.rules):
            rows += batch.height
            apart += batch.filter(pl.col(APART))[ID].to_list()
            yield self._typed(batch.filter(~pl.col(APART)))
        if rows != self.patients:
            raise PopulationError(
                f"{rows} rows came back for {self.patients} patients; is all of the table within reach?"
            )
        yield from self.one_by_one(apart)

    def one_by_one(self, ids: Sequence[Any]) -> Iterator[Evaluated]:
        """The patients whom SQL does not decide."""
        for start in range(0, len(ids), FETCHED):
            yield self._one_by_one(ids[start : start + FETCHED])

    def ids(self) -> pl.Series:
        """The ids of all patients."""
        id = exp.column(self.match.id, quoted=True)
        return self.database.rows(exp.select(id).from_(self.table.node())).to_series()

    def _check_ids(self) -> int:
        """Every patient stands once, with an id. How many there are."""
        id = exp.column(self.match.id, quoted=True)
        counts = (exp.Count(this=exp.Star()), exp.Count(this=id), exp.Count(this=exp.Distinct(expressions=[id])))
        query = exp.select(*(count.as_(name) for count, name in zip(counts, ("a", "b", "c"), strict=True)))
        rows, known, different = self.database.rows(query.from_(self.table.node())).row(0)
        if known < rows:
            raise PopulationError(f"{rows - known} rows have no id; every patient needs one")
        if different < rows:
            raise PopulationError(f"{rows - different} rows repeat the id of another; one row a patient")
        return int(rows)

    def _one_by_one(self, ids: Sequence[Any]) -> Evaluated:
        rows, failing = [], []
        problems: list[str] = []
        for raw in self.database.raw(self.table, ids, self.match.used):
            try:
                standing = self.evaluator.standing(record_of(self.match, raw))
            except RecordError as error:
                problems.append(str(error))
                continue
            verdicts = {verdict_column(part): word for part, word in standing.verdicts.items()}
            facts = list(standing.deciding_facts)
            rows.append({ID: raw[self.match.id], **verdicts, **standing.criteria, FACTS: facts})
            failing.append(standing.failing)
        if problems:
            more = f"\nand {len(problems) - 3} more patients" if len(problems) > 3 else ""
            raise PopulationError("\n".join(problems[:3]) + more)
        frame = pl.DataFrame(rows, schema=self.output_schema())
        fails = {id: pl.Series([id in each for each in failing], dtype=pl.Boolean) for id in self.rules.failing}
        return Evaluated(frame, pl.DataFrame(fails), len(rows))

    def output_schema(self) -> dict[str, Any]:
        """The columns of what comes out, and their types."""
        return output_schema(self.evaluator, self.schema[self.match.id])

    def _typed(self, batch: pl.DataFrame) -> Evaluated:
        facts = pl.when(pl.col(FACTS) == "").then(pl.lit(pl.Series([[]], dtype=pl.List(pl.String))))
        listed = facts.otherwise(pl.col(FACTS).str.split(",")).alias(FACTS)
        fails = batch.select(pl.col(FAILS + id).alias(id) for id in self.rules.failing)
        schema = self.output_schema()
        frame = batch.with_columns(listed).select(pl.col(name).cast(type) for name, type in schema.items())
        return Evaluated(frame, fails, 0)


def _number_tests(name: str, column: str) -> dict[str, exp.Expr]:
    """How large a column's numbers are, and how many have more digits than some."""
    value = exp.cast(exp.column(column, quoted=True), "DOUBLE")
    nan = exp.Case().when(exp.IsNan(this=value.copy()), exp.Literal.number(1)).else_(exp.Literal.number(0))
    found: dict[str, exp.Expr] = {
        f"{name} {column} most": exp.Max(this=exp.Abs(this=value.copy())),
        f"{name} {column} nan": exp.Sum(this=nan),
    }
    for digits in TRIED_DIGITS:
        power = number(float(10**digits))
        scaled = exp.func("ROUND", exp.Mul(this=value.copy(), expression=power.copy()))
        misfit = exp.NEQ(this=exp.Div(this=scaled, expression=power), expression=value.copy())
        one = exp.Case().when(misfit, exp.Literal.number(1)).else_(exp.Literal.number(0))
        found[f"{name} {column} {digits}"] = exp.Sum(this=one)
    return found


def _refuse_nan(found: Mapping[str, Any], columns: ItemColumns) -> None:
    """Databases take NaN for the largest number of all, or leave it out of their statistics."""
    for column in columns.names():
        count = int(found.get(f"{columns.item.name} {column} nan") or 0)
        if count:
            values = "value is no number" if count == 1 else "values are no numbers"
            raise PopulationError(f"the column `{column}`: {count} {values} (NaN); leave them out where unknown")


def _digits(found: Mapping[str, Any], name: str, column: str) -> int:
    """The fewest digits that all numbers have, or that most do."""
    misfits = [(int(found[f"{name} {column} {digits}"] or 0), digits) for digits in TRIED_DIGITS]
    return min(misfits)[1]


def _converts(item: Item, unit: str) -> bool:
    try:
        factors = conversion(read_unit(unit), item.unit, item.molar_mass) if item.unit else None
    except UnitError:
        return False
    return factors is not None and factors[0] > 0


# ---- columns by type


def shaped(match: Match, schema: Mapping[str, Any], name: tuple[str, ...], engine: str) -> tuple[SqlTable, Shape]:
    """How SQL reads the columns. Raises PopulationError for columns that it cannot read."""
    texts: set[str] = set()
    structs: dict[str, tuple[str, ...]] = {}
    items: dict[str, ItemShape] = {}
    problems = []
    for item_name, columns in match.items.items():
        try:
            items[item_name] = _item_shape(columns, schema, texts, structs)
        except PopulationError as problem:
            problems.append(str(problem))
    if problems:
        help = "screen it with the embedded engine, or change the columns"
        raise PopulationError("\n".join(f"{engine}: {each}" for each in problems) + f"\n{help}")
    return SqlTable(name, frozenset(texts), structs), Shape(items)


def _item_shape(
    columns: ItemColumns, schema: Mapping[str, Any], texts: set[str], structs: dict[str, tuple[str, ...]]
) -> ItemShape:
    item, type = columns.item, schema.get(columns.value or "", pl.Null())
    if item.kind in MEASURED:
        for column in (columns.value, *columns.limits.values()):
            _expect(
                column is None or schema[column].is_numeric() or schema[column] == pl.Null, column, schema, "numbers"
            )
        return ItemShape(limits=frozenset(columns.limits))
    if item.kind == "event":
        return _event_shape(columns, type, texts, structs)
    if item.kind in ("date", "time"):
        dated = type == pl.Date or isinstance(type, pl.Datetime)
        _expect(dated or type == pl.String, columns.value, schema, "dates")
        if type == pl.String or (item.kind == "time" and type == pl.Date):
            texts.add(item.name)
        return ItemShape(partial=item.name in texts)
    fine = {
        "truth": type == pl.Boolean,
        "one of": type in (pl.String, pl.Categorical) or isinstance(type, pl.Enum),
        "several of": isinstance(type, pl.List),
    }[item.kind]
    _expect(fine, columns.value, schema, {"truth": "yes/no values", "one of": "texts"}.get(item.kind, "lists of texts"))
    return ItemShape()


def _expect(fine: bool, column: str | None, schema: Mapping[str, Any], wanted: str) -> None:
    if not fine and column is not None:
        raise PopulationError(f"the column `{column}` holds {type_words(schema[column])}, where SQL needs {wanted}")


def _event_shape(columns: ItemColumns, type: Any, texts: set[str], structs: dict[str, tuple[str, ...]]) -> ItemShape:
    item, name = columns.item, columns.value or ""
    schema = {name: type}
    _expect(isinstance(type, pl.List), name, schema, "lists of dates or of structs")
    inner = type.inner
    if not isinstance(inner, pl.Struct):
        _expect(inner in (pl.Date, pl.String), name, schema, "lists of dates or of structs")
        if inner == pl.String:
            texts.add(f"{item.name}.date")
        return ItemShape(attributes={"date": ItemShape(partial=inner == pl.String)})
    fields = {each.name: each.dtype for each in inner.fields}
    parts = {"date", *(["until"] if item.course else []), *(each.name for each in item.attributes)}
    parts |= {limit.lower() for attribute in item.attributes for limit in attribute.limits}
    parts |= {"unit"} if item.attribute("value") else set()
    strange = [field for field in fields if field not in parts]
    if strange:
        help = f"which is none of {', '.join(sorted(parts))}"
        raise PopulationError(f"the column `{name}` has a field `{strange[0]}`, {help}")
    structs[item.name] = tuple(fields)
    attributes = {}
    for part in ("date", *(["until"] if item.course else [])):
        if part in fields:
            _expect(fields[part] in (pl.Date, pl.String), name, schema, f"dates in the field {part}")
            if fields[part] == pl.String:
                texts.add(f"{item.name}.{part}")
            attributes[part] = ItemShape(partial=fields[part] == pl.String)
    for attribute in item.attributes:
        held = fields.get(attribute.name)
        if held is not None:
            fine = held.is_numeric() if attribute.kind in MEASURED else True
            _expect(fine, name, schema, f"numbers in the field {attribute.name}")
            limits = frozenset(limit for limit in attribute.limits if limit.lower() in fields)
            unit = attribute.name == "value" and "unit" in fields
            attributes[attribute.name] = ItemShape(limits=limits, digits=TRIED_DIGITS[1], unit_column=unit)
    return ItemShape(attributes=attributes)
