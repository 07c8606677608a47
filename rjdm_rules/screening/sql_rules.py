"""The rules as one SQL query over the tables of a population, for any dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generator import Generator

from ..evaluation.results import Evaluator
from .checks import Checks
from .evaluating import verdict_column
from .matching import Match
from .shape import Shape
from .sql_tables import SqlTable, frames_of
from .sql_writer import ID, LIST_SUM, SqlWriter
from .translate_deciding import DecidingTranslation

APART, FACTS, FAILS = "apart", "deciding_facts", "fails "
DIALECTS = ("duckdb", "spark", "postgres", "snowflake", "bigquery")


def spark_sum(generator: Generator, node: exp.Anonymous) -> str:
    nothing = "CAST(0 AS DOUBLE)"
    return f"AGGREGATE({generator.sql(node.expressions[0])}, {nothing}, (a, b) -> a + COALESCE(b, {nothing}))"


class SparkDialect(Spark):
    """Spark as of version 4, where CAST of a wrong text is an error and TRY_CAST is null."""

    class Generator(Spark.Generator):
        TRANSFORMS = {  # noqa: RUF012  (as sqlglot has it)
            **Spark.Generator.TRANSFORMS,
            exp.TryCast: lambda self, e: f"TRY_CAST({self.sql(e, 'this')} AS {self.sql(e, 'to')})",
            exp.Anonymous: lambda self, e: spark_sum(self, e) if e.name == LIST_SUM else self.anonymous_sql(e),
        }


@dataclass(frozen=True)
class SqlRules:
    """`query` gives a row a patient: id, verdict, outcomes, `deciding_facts` as texts separated by commas, and `apart`:
    whether the row has to be decided by the evaluator for one patient. `left` are the conditions that SQL cannot say."""

    query: exp.Select
    left: tuple[str, ...]

    def text(self, dialect: str) -> str:
        return self.query.sql(dialect=SparkDialect if dialect == "spark" else dialect, pretty=True)


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
    return SqlRules(query, tuple(each.place.text for each in translated.left if each.place))


def _with_facts(query: exp.Select, facts: Mapping[str, object]) -> exp.Select:
    """The columns of single facts as one text."""
    kept = []
    parts: list[exp.Expression] = []
    for column in query.expressions:
        if not column.alias.startswith("fact "):
            kept.append(column)
            continue
        text = exp.Literal.string("," + column.alias.removeprefix("fact "))
        parts.append(exp.Case().when(column.this, text).else_(exp.Literal.string("")))
    together: exp.Expression = parts[0] if parts else exp.Literal.string("")
    for each in parts[1:]:
        together = exp.DPipe(this=together, expression=each)
    listed = exp.Substring(this=exp.Paren(this=together), start=exp.Literal.number(2))
    *before, apart = kept
    return query.select(*before, listed.as_(FACTS, quoted=True), apart, append=False)


__all__ = ["APART", "DIALECTS", "FACTS", "FAILS", "ID", "SqlRules", "sql_rules"]
