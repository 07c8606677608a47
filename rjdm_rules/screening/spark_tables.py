"""The rules on Spark: a DataFrame of patients becomes a DataFrame of verdicts, where the patients are.

Nothing is joined or shuffled: occurrences are worked out inside their lists. Patients whom SQL cannot decide are
fetched to the driver, decided one by one, and added.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql import types as st
from sqlglot import exp

from ..evaluation.results import Evaluator
from .addresses import is_table
from .matching import PopulationError
from .sources import BATCH, short
from .sql_engine import SqlPopulation
from .sql_rules import APART, FACTS, ID, SparkDialect, SqlRules
from .sql_tables import SqlTable


class SparkDatabase:
    """A DataFrame of patients as the table `patients`."""

    dialect = "spark"

    def __init__(self, patients: DataFrame) -> None:
        self.patients: DataFrame = patients
        self.session: SparkSession = patients.sparkSession
        self.name = f"rjdm_{uuid4().hex}"
        patients.createOrReplaceTempView(self.name)

    def schema(self, table: SqlTable) -> dict[str, Any]:
        return {each.name: polars_type(each.dataType) for each in self.patients.schema.fields}

    def rows(self, query: exp.Expr) -> pl.DataFrame:
        found = self.session.sql(query.sql(dialect=SparkDialect))
        schema = {each.name: polars_type(each.dataType) for each in found.schema.fields}
        return pl.DataFrame([each.asDict(recursive=True) for each in found.collect()], schema=schema)

    def frame(self, rules: SqlRules) -> DataFrame:
        """The rows of the rules as a DataFrame of Spark. Each step is a view of its own: Spark would work out a common
        table expression anew for each mention."""
        query = rules.query.copy()
        names = {each.alias: f"{self.name}_{each.alias}" for each in query.ctes}
        for table in query.find_all(exp.Table):
            if table.name in names:
                alias = table.alias or table.name
                table.replace(exp.to_table(names[table.name]).as_(alias))
        for step in query.ctes:
            self.session.sql(step.this.sql(dialect=SparkDialect)).createOrReplaceTempView(names[step.alias])
        query.args.pop("with_", None)
        return self.session.sql(query.sql(dialect=SparkDialect))

    def decided(self, rules: SqlRules) -> Iterator[pl.DataFrame]:
        """The rows come by way of Parquet in a folder, so that the driver never holds all of them."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "decided"
            self.frame(rules).write.parquet(path.as_uri())
            yield from pl.scan_parquet(path / "*.parquet").collect_batches(chunk_size=BATCH)

    def raw(self, table: SqlTable, ids: Sequence[Any], columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        wanted = self.session.createDataFrame([(each,) for each in ids], self.patients.select(ID).schema)
        rows = self.patients.select(*columns).join(wanted, ID, "left_semi")
        for row in rows.toLocalIterator():
            yield row.asDict(recursive=True)


def population_at(where: str) -> tuple[SparkDatabase, tuple[str, ...], str]:
    """Parquet at a path or address that Spark reads, as a population. Raises PopulationError."""
    if is_table(where) or where.endswith(".csv"):
        raise PopulationError(f"{where}: Spark decides Parquet; use the embedded engine for others")
    try:
        session = (
            SparkSession.builder.appName("rjdm")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
    except Exception as error:  # whatever keeps Java from starting
        raise PopulationError(f"Spark cannot be started; it needs Java 17 or later ({short(error)})") from None
    session.sparkContext.setLogLevel("ERROR")
    try:
        database = SparkDatabase(session.read.parquet(where))
    except AnalysisException as error:
        raise PopulationError(f"{where}: Spark cannot read this; {short(error)}") from None
    return database, (database.name,), where


def screened(evaluator: Evaluator, patients: DataFrame, allow_extra: bool = False) -> DataFrame:
    """The patients' ids, verdicts, outcomes and deciding facts (a list) as a DataFrame, on a cluster of any kind.

    Only patients whom SQL cannot decide come to the driver, where they are evaluated one by one. Raises
    PopulationError."""
    database = SparkDatabase(patients)
    population = SqlPopulation(evaluator, database, (database.name,), allow_extra)
    found = database.frame(population.rules)
    text, fact = functions.col(FACTS), functions.split(functions.col(FACTS), ",")
    listed = functions.when(text == "", functions.array().cast("array<string>")).otherwise(fact)
    fine = found.filter(~functions.col(APART)).drop(APART).withColumn(FACTS, listed)
    names = fine.columns
    apart = [row[ID] for row in found.filter(functions.col(APART)).select(ID).toLocalIterator()]
    if not apart:
        return fine
    rows = [row for batch in population.one_by_one(apart) for row in batch.frame.select(names).rows()]
    return fine.unionByName(database.session.createDataFrame(rows, fine.schema))


_TYPES: dict[type, Any] = {
    st.BooleanType: pl.Boolean, st.ByteType: pl.Int8, st.ShortType: pl.Int16, st.IntegerType: pl.Int32,
    st.LongType: pl.Int64, st.FloatType: pl.Float32, st.DoubleType: pl.Float64, st.StringType: pl.String,
    st.DateType: pl.Date, st.TimestampType: pl.Datetime("us"), st.TimestampNTZType: pl.Datetime("us"),
    st.NullType: pl.Null,
}  # fmt: skip


def polars_type(type_: st.DataType) -> Any:
    """A column type of Spark as Polars has it."""
    if isinstance(type_, st.ArrayType):
        return pl.List(polars_type(type_.elementType))
    if isinstance(type_, st.StructType):
        return pl.Struct({each.name: polars_type(each.dataType) for each in type_.fields})
    if isinstance(type_, st.DecimalType):
        return pl.Decimal(type_.precision, type_.scale)
    return _TYPES.get(type(type_), pl.Object())
