"""DuckDB as a database that runs the rules itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from sqlglot import exp

from .addresses import is_table, parted
from .matching import PopulationError
from .sources import short
from .sql_rules import ID, SqlRules
from .sql_tables import SqlTable

FETCHED = 250_000


class DuckDatabase:
    """A DuckDB connection."""

    dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def schema(self, table: SqlTable) -> dict[str, Any]:
        return dict(self.rows(exp.select("*").from_(table.node()).limit(0)).schema)

    def rows(self, query: exp.Expr) -> pl.DataFrame:
        found: pl.DataFrame = self.connection.sql(query.sql(dialect="duckdb")).pl()
        return found

    def decided(self, rules: SqlRules) -> Iterator[pl.DataFrame]:
        return self._batches(rules.query)

    def _batches(self, query: exp.Expr) -> Iterator[pl.DataFrame]:
        reader = self.connection.sql(query.sql(dialect="duckdb")).to_arrow_reader(FETCHED)
        for batch in reader:
            made = pl.from_arrow(batch)
            assert isinstance(made, pl.DataFrame)
            yield made

    def raw(self, table: SqlTable, ids: Sequence[Any], columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        wanted = pl.DataFrame({ID: ids})
        self.connection.register("rjdm_apart", wanted.to_arrow())
        try:
            listed = [exp.column(name, "p", quoted=True) for name in columns]
            on = exp.EQ(this=exp.column(ID, "p", quoted=True), expression=exp.column(ID, "w", quoted=True))
            query = exp.select(*listed).from_(table.node().as_("p"))
            yield from self.rows(query.join(exp.to_table("rjdm_apart").as_("w"), on=on)).iter_rows(named=True)
        finally:
            self.connection.unregister("rjdm_apart")


def population_in(where: str) -> tuple[DuckDatabase, tuple[str, ...], str]:
    """A table of a DuckDB file, or a Parquet file or folder, as a table that DuckDB decides. Raises PopulationError."""
    if is_table(where):
        place, name = parted(where)
        if not Path(place).exists():
            raise PopulationError(f"{place}: there is no such file")
        try:
            return DuckDatabase(duckdb.connect(place, read_only=True)), tuple(name.split(".")), where
        except duckdb.Error as error:
            raise PopulationError(f"{place}: this is no DuckDB file that can be read; {short(error)}") from None
    path = Path(where)
    files = sorted(map(str, path.glob("*.parquet"))) if path.is_dir() else [where]
    if not path.exists() or not files or not all(each.endswith(".parquet") for each in files):
        raise PopulationError(f"{where}: DuckDB decides tables (clinic.duckdb::people) and Parquet")
    connection = duckdb.connect()
    try:
        connection.read_parquet(files).create_view("people")
    except duckdb.Error as error:
        raise PopulationError(f"{where}: {short(error)}") from None
    return DuckDatabase(connection), ("people",), where
