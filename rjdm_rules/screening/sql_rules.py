"""The rules as one SQL query over the tables of a population, for any dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generator import Generator

from ..evaluation.results import Evaluator
from ..protocol.model import Item
from .checks import Checks
from .evaluating import verdict_column
from .matching import ItemColumns, Match
from .shape import Shape, full_shape
from .sql_tables import SqlTable, frames_of
from .sql_writer import ID, LIST_SUM, SqlWriter
from .translate_deciding import DecidingTranslation

PRINTED_DIGITS = 4  # behind the point; patients with more are apart
APART, FACTS, FAILS = "apart", "deciding_facts", "fails "
DIALECTS = ("duckdb", "spark", "postgres", "snowflake", "bigquery")


def spark_sum(generator: Generator, node: exp.Anonymous) -> str:
    nothing = "CAST(0 AS DOUBLE)"
    return f"AGGREGATE({generator.sql(node.expressions[0])}, {nothing}, (a, b) -> a + COALESCE(b, {nothing}))"


class SparkDialect(Spark):
    """Spark as of version 4, where CAST of a wrong text is an error and TRY_CAST is null."""

    class Generator(Spark.Generator):  # type: ignore[misc, valid-type]
        TRANSFORMS = {  # noqa: RUF012  (as sqlglot has it)
            **Spark.Generator.TRANSFORMS,
            exp.TryCast: lambda self, e: f"TRY_CAST({self.sql(e, 'this')} AS {self.sql(e, 'to')})",
            exp.Anonymous: lambda self, e: spark_sum(self, e) if e.name == LIST_SUM else self.anonymous_sql(e),
        }


@dataclass(frozen=True)
class SqlRules:
    """`query` gives a row a patient: id, verdict, outcomes, `deciding_facts` as texts separated by commas, and `apart`:
    whether the row has to be decided by the evaluator for one patient. `left`: the conditions that SQL cannot say.
    `failing`: the criteria of which a column says whether they fail."""

    query: exp.Select
    left: tuple[str, ...]
    failing: tuple[str, ...] = ()

    def text(self, dialect: str) -> str:
        return self.query.sql(dialect=SparkDialect if dialect == "spark" else dialect, pretty=True)


def printed(evaluator: Evaluator, dialect: str, name: str = "patients") -> str:
    """The rules as SQL to be run elsewhere, with what it expects of the tables said before it.

    On DuckDB and Spark occurrences are list columns, on the others tables of their own. Numbers are in the declared
    units and dates are dates; patients for whom that does not decide have `apart`. Raises ValueError for an unknown
    dialect."""
    if dialect not in DIALECTS:
        raise ValueError(f"there is no dialect {dialect}; there are {', '.join(DIALECTS)}")
    protocol = evaluator.protocol
    in_tables = dialect not in ("duckdb", "spark")
    events = [item for item in protocol.items.values() if item.kind == "event"]
    structs = {each.name: fields_of(each) for each in events if len(fields_of(each)) > 1}
    tables = {each.name: (each.name,) for each in events} if in_tables else {}
    shape = full_shape(protocol, PRINTED_DIGITS)
    columns = {
        item.name: ItemColumns(item, item.name, None, {limit: f"{item.name}_{limit.lower()}" for limit in item.limits})
        for item in protocol.items.values()
    }
    match = Match(ID, columns, (), ())
    rules = sql_rules(evaluator, match, SqlTable(tuple(name.split(".")), frozenset(), structs, tables), shape)
    lines = _expected(evaluator, rules, name, events, in_tables)
    return "\n".join(f"-- {line}".rstrip() for line in lines) + "\n" + rules.text(dialect) + "\n"


def fields_of(event: Item) -> tuple[str, ...]:
    """The fields of an occurrence: its date, its end, its attributes and their limits."""
    end = ("until",) if event.course else ()
    limits = [limit.lower() for attribute in event.attributes for limit in attribute.limits]
    return ("date", *end, *(each.name for each in event.attributes), *limits)


def _expected(evaluator: Evaluator, rules: SqlRules, name: str, events: list[Item], in_tables: bool) -> list[str]:
    """What the query expects, for the comment above it."""
    protocol = evaluator.protocol
    readings = ", ".join(f"{key} = {option}" for key, option in evaluator.readings.items())
    lines = [
        f"{protocol.id} {protocol.version}".strip() + (f"; readings: {readings}" if readings else ""),
        f"The table {name} has a row for each patient: id, and a column for each item, named as it is. Numbers are in",
        "the declared units, with ast_uln and ast_lln beside ast where there are limits of normal; yes/no items are",
        "booleans, options texts, sets arrays of texts, dates of type date, times timestamps. Null is unknown.",
    ]
    if events and in_tables:
        lines.append(
            "Occurrences stand in tables of their own, one row each; beside them the patients' table has a column"
        )
        lines.append("such as acute_mi_recorded, true where it is recorded whether it happened:")
        lines += [f"  {each.name} (id, {', '.join(fields_of(each))})" for each in events]
    elif events:
        lines.append("Events are lists, of dates or of structs; an empty list says that it never happened:")
        lines += [f"  {each.name}: {', '.join(fields_of(each))}" for each in events]
    lines.append("A patient with `apart` has a value out of range or a number of too many digits for this query, whose")
    lines.append("result does not hold then: evaluate the record by `rjdm evaluate`. `ongoing` is the date 9999-12-31.")
    lines += [f"SQL cannot say, so that patients are apart where it might matter: {each}" for each in rules.left]
    return lines


def sql_rules(evaluator: Evaluator, match: Match, table: SqlTable, shape: Shape, fails: bool = False) -> SqlRules:
    """The rules for a population of a shape. With `fails` there is a column for each criterion, whether it fails."""
    translation = DecidingTranslation(evaluator.graph, evaluator.readings, shape)
    translated, rests = translation.translated(), translation.rests()
    b = translation.b
    checks = Checks(translation)
    roots = {verdict_column(part): column for part, column in translated.verdicts.items()}
    roots.update(translated.outcomes)
    roots.update({FAILS + id: column for id, column in rests.fails.items()} if fails else {})
    undetermined = b.disjunction(b.negation(b.known(translation.fine(part))) for part in evaluator.protocol.parts)
    facts = {name: b.conjunction((undetermined, column)) for name, column in rests.deciding.items()}
    odd = [checks.odd(name) for name in match.items if name in shape.items]
    doubtful = translation.doubtful([*roots.values(), *facts.values()])
    apart = b.disjunction([doubtful, *odd, b.conjunction((undetermined, rests.doubtful))])
    writer = SqlWriter(
        {**roots, **{f"fact {name}": column for name, column in facts.items()}, APART: apart},
        frames_of(evaluator.protocol, match, table, shape),
        {item.name: item.option_names for item in evaluator.protocol.items.values()},
    )
    query = _with_facts(writer.query(), facts)
    left = tuple(each.place.text for each in translated.left if each.place)
    return SqlRules(query, left, tuple(rests.fails) if fails else ())


def _with_facts(query: exp.Select, facts: Mapping[str, object]) -> exp.Select:
    """The columns of single facts as one text."""
    kept = []
    parts: list[exp.Expr] = []
    for column in query.expressions:
        if not column.alias.startswith("fact "):
            kept.append(column)
            continue
        text = exp.Literal.string("," + column.alias.removeprefix("fact "))
        parts.append(exp.Case().when(column.this, text).else_(exp.Literal.string("")))
    together: exp.Expr = parts[0] if parts else exp.Literal.string("")
    for each in parts[1:]:
        together = exp.DPipe(this=together, expression=each)
    listed = exp.Substring(this=exp.Paren(this=together), start=exp.Literal.number(2))
    *before, apart = kept
    return query.select(*before, listed.as_(FACTS, quoted=True), apart, append=False)


__all__ = ["APART", "DIALECTS", "FACTS", "FAILS", "ID", "SqlRules", "sql_rules"]
