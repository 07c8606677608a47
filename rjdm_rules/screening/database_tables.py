"""Tables of databases as populations: `clinic.duckdb::people`, `postgresql://user@host/clinic::trial.people`.

They are read, never written. Names of tables and columns are nodes of a syntax tree, which sqlglot quotes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
from sqlglot import exp

from ..protocol.model import Protocol
from .addresses import SIGN, parted, shown_place
from .csv_files import occurrence_lists
from .matching import PopulationError
from .sources import BATCH, Partition, Source, short, stamp_of
from .sql_tables import table_of

POSTGRES = ("postgresql", "postgres")
EXACT_DIGITS = 15  # of a decimal number that floating point shows again
NEEDS_POSTGRES = "PostgreSQL needs one more package: pip install 'rjdm-rules[postgres]'"


class Table(ABC):
    """One table. `name` says where it is, without a password. `stamp` is None where it may be another one next time."""

    name: str
    stamp: str | None
    dialect: str

    def __init__(self, table: str) -> None:
        self.node = table_of(tuple(table.split(".")))

    @abstractmethod
    def batches(self, query: exp.Select) -> Iterator[pa.RecordBatch]:
        """What a query of the table gives."""

    @abstractmethod
    def expressions(self) -> Mapping[str, exp.Expr]:
        """The columns as they are read."""

    @cached_property
    def columns(self) -> pa.Schema:
        return next(self.batches(exp.select("*").limit(0))).schema

    def text(self, query: exp.Select) -> str:
        return query.from_(self.node).sql(dialect=self.dialect)

    def count(self) -> int:
        (row,) = (row for batch in self.batches(exp.select("COUNT(*)")) for row in batch.to_pylist())
        return int(next(iter(row.values())))

    def rows(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Some columns of all rows, in batches."""
        held = self.expressions()
        query = exp.select(*(held[name].as_(name, quoted=True) for name in columns))
        return joined_batches(pl.DataFrame(pl.from_arrow(batch)) for batch in self.batches(query))

    def schema(self) -> Mapping[str, Any]:
        nothing = exp.select(*(held.as_(name, quoted=True) for name, held in self.expressions().items())).limit(0)
        frames = [pl.DataFrame(pl.from_arrow(batch)) for batch in self.batches(nothing)]
        return dict(frames[0].schema)


class DuckTable(Table):
    """A table of a DuckDB file."""

    dialect = "duckdb"

    def __init__(self, path: Path, table: str) -> None:
        super().__init__(table)
        self.path, self.name = path, f"{path}{SIGN}{table}"
        if not path.exists():
            raise PopulationError(f"{path}: there is no such file")
        self.stamp = f"{stamp_of(path)} {table}"

    def batches(self, query: exp.Select) -> Iterator[pa.RecordBatch]:
        import duckdb

        with told(self, duckdb.Error), duckdb.connect(str(self.path), read_only=True) as connection:
            reader = connection.sql(self.text(query)).to_arrow_reader(BATCH)
            yield from with_schema(reader)

    def expressions(self) -> Mapping[str, exp.Expr]:
        return {name: exp.column(name, quoted=True) for name in self.columns.names}


class PostgresTable(Table):
    """A table of a PostgreSQL database, read through Arrow (ADBC)."""

    dialect = "postgres"
    stamp = None

    def __init__(self, address: str, table: str) -> None:
        super().__init__(table)
        parts = urlsplit(address)
        self.address = address
        self.name = f"{parts.hostname or ''}{parts.path}{SIGN}{table}"

    def batches(self, query: exp.Select) -> Iterator[pa.RecordBatch]:
        try:
            from adbc_driver_manager import Error
            from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError:
            raise PopulationError(NEEDS_POSTGRES) from None
        with told(self, Error), dbapi.connect(self.address) as connection, connection.cursor() as cursor:
            cursor.execute(self.text(query))
            yield from with_schema(cursor.fetch_record_batch())

    def expressions(self) -> Mapping[str, exp.Expr]:
        return {field.name: postgres_column(field) for field in self.columns}


def postgres_column(field: pa.Field) -> exp.Expr:
    """A column of PostgreSQL in a type that Arrow has. Decimals become floating point where that holds all their
    digits, else texts; lists of rows become JSON; what else there is becomes text."""
    column, type = exp.column(field.name, quoted=True), field.type
    if pa.types.is_list(type):
        return exp.cast(column, "DOUBLE[]") if isinstance(type.value_type, pa.BaseExtensionType) else column
    if field.metadata.get(b"POSTGRESQL:type") == b"numeric":
        held = int(field.metadata.get(b"POSTGRESQL:typmod", b"-1"))
        precision = (held - 4) >> 16 if held >= 0 else EXACT_DIGITS + 1
        return exp.cast(column, "DOUBLE" if precision <= EXACT_DIGITS else "TEXT")
    if isinstance(type, pa.BaseExtensionType) and pa.types.is_binary(type.storage_type):
        as_json = exp.func("TO_JSONB", column)
        return exp.cast(as_json, "TEXT")
    plain = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_date, pa.types.is_timestamp)
    return column if any(test(type) for test in plain) else exp.cast(column, "TEXT")


# ---- what all have in common


def table_at(where: str) -> Table:
    """The table of an address. Raises PopulationError."""
    place, table = parted(where)
    if not place or not table:
        raise PopulationError(
            f"{shown_place(where)}: write FILE.duckdb::TABLE or postgresql://USER@HOST/DATABASE::TABLE"
        )
    if urlsplit(place).scheme in POSTGRES:
        return PostgresTable(place, table)
    return DuckTable(Path(place), table)


def opened_table(where: str, protocol: Protocol) -> Source:
    """The population of a table. Texts in columns of sets and events are read as in CSV. Raises PopulationError."""
    table = table_at(where)
    schema, patients = dict(table.schema()), table.count()
    texts = [
        protocol.items[name]
        for name, type in schema.items()
        if type == pl.String and name in protocol.items and protocol.items[name].kind in ("several of", "event")
    ]

    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for frame in table.rows(columns):
            held = [occurrence_lists(frame[item.name], item) for item in texts if item.name in frame.columns]
            yield frame.with_columns(held)

    for item in texts:
        schema[item.name] = occurrence_lists(pl.Series(item.name, [], dtype=pl.String), item).dtype
    partitions = (Partition(table.name, patients, 0, read),) if patients else ()
    return Source(table.name, schema, partitions, table.stamp)


def read_rows(where: str) -> pl.DataFrame:
    """All rows of a table. Raises PopulationError."""
    table = table_at(where)
    schema = table.schema()
    frames = list(table.rows(list(schema)))
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict(schema))


def with_schema(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches of a reader, and an empty one where there are none, so that the columns are known."""
    empty = True
    for batch in reader:
        empty = False
        yield batch
    if empty:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def joined_batches(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames of many sizes as frames of about one size, since each costs something of its own."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(each.height for each in held) >= BATCH:
            *whole, rest = pl.concat(held).rechunk().iter_slices(BATCH)
            yield from whole
            held = [rest]
    if any(each.height for each in held):
        yield pl.concat(held).rechunk()


@contextmanager
def told(table: Table, *kinds: type[Exception]) -> Iterator[None]:
    """Tells of an error of the database in one line."""
    try:
        yield
    except kinds as error:
        raise PopulationError(f"{table.name}: the table cannot be read; {short(error)}") from None
