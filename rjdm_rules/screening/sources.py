"""Where a population comes from: Parquet and CSV files, folders of them, tables in DuckDB, and frames in memory.

A source is read in partitions, each of which is a run of patients that is read, decided and written as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ..protocol.model import Protocol
from .csv_files import read_csv
from .matching import PopulationError

PARTITION, BATCH = 1_000_000, 250_000  # patients


@dataclass(frozen=True)
class Partition:
    """A run of patients. `name` says where it is from; `rows` how many there are, where that is known."""

    name: str
    rows: int | None
    first_row: int
    read: Callable[[Sequence[str]], Iterator[pl.DataFrame]]


@dataclass(frozen=True)
class Source:
    """`schema`: the columns and their types. `patients`: how many, where that is known. `stamp` tells whether it is the
    same population as before."""

    name: str
    schema: Mapping[str, Any]
    partitions: tuple[Partition, ...]
    stamp: str

    @property
    def patients(self) -> int | None:
        rows = [each.rows for each in self.partitions]
        return None if any(each is None for each in rows) else sum(each for each in rows if each is not None)


def opened(path: Path, protocol: Protocol) -> Source:
    """The population of a file or folder. Raises PopulationError."""
    file, sign, table = str(path).partition("::")
    if sign:
        return _duckdb(Path(file), table)
    if not path.exists():
        raise PopulationError(f"{path}: there is no such file or folder")
    if path.is_dir():
        return _folder(path, protocol)
    return _file(path, protocol)


def source_of(population: Any, protocol: Protocol) -> Source:
    """The population of a path, or of a frame of Polars, pandas or Arrow. Raises PopulationError."""
    if isinstance(population, str | Path):
        return opened(Path(population), protocol)
    if isinstance(population, pl.LazyFrame):
        population = population.collect()
    if isinstance(population, pl.DataFrame):
        return of_frame(population)
    if hasattr(population, "__arrow_c_stream__"):  # pandas, pyarrow, DuckDB and others
        return of_frame(pl.DataFrame(pl.from_arrow(population)))
    what = type(population).__name__
    raise PopulationError(f"a population is a path or a frame of Polars, pandas or Arrow, and no {what}")


def _folder(path: Path, protocol: Protocol) -> Source:
    files = sorted(each for each in path.iterdir() if each.suffix.lower() in OPENERS)
    if not files:
        raise PopulationError(f"{path}: the folder holds no Parquet or CSV file")
    sources = [_file(each, protocol) for each in files]
    first = sources[0]
    for each in sources[1:]:
        if dict(each.schema) != dict(first.schema):
            raise PopulationError(_different(first, each))
    partitions = [partition for each in sources for partition in each.partitions]
    return Source(str(path), first.schema, tuple(partitions), "; ".join(each.stamp for each in sources))


def _different(a: Source, b: Source) -> str:
    for name in dict.fromkeys([*a.schema, *b.schema]):
        left, right = a.schema.get(name), b.schema.get(name)
        if left != right:
            what = "is missing" if right is None else f"is {type_words(right)}"
            other = "has no such column" if left is None else f"has {type_words(left)}"
            help = "the files of a folder have the same columns"
            return f"{b.name}: the column `{name}` {what}, while {a.name} {other}; {help}"
    raise AssertionError("the schemas are the same")


def _file(path: Path, protocol: Protocol) -> Source:
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        raise PopulationError(
            f"{path}: write the population as .parquet or .csv; {path.suffix or 'no ending'} is neither"
        )
    return opener(path, protocol)


def _stamp(path: Path) -> str:
    held = path.stat()
    return f"{path.name} {held.st_size} {held.st_mtime_ns}"


def _parquet(path: Path, protocol: Protocol) -> Source:
    try:
        scan = pl.scan_parquet(path, glob=False)
        schema = dict(scan.collect_schema())
        rows = int(scan.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PopulationError(
            f"{path}: this is no Parquet file that can be read, or it is cut short; {_short(error)}"
        ) from None
    partitions = [
        Partition(f"{path.name} {first}", min(PARTITION, rows - first), first, _reader(scan, first, path))
        for first in range(0, rows, PARTITION)
    ]
    return Source(str(path), schema, tuple(partitions), _stamp(path))


def _reader(scan: pl.LazyFrame, first: int, path: Path) -> Callable[[Sequence[str]], Iterator[pl.DataFrame]]:
    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        held = scan.slice(first, PARTITION).select(list(columns))
        try:
            yield from held.collect_batches(chunk_size=BATCH, maintain_order=True)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise PopulationError(f"{path}: the file cannot be read to its end; {_short(error)}") from None

    return read


def _csv(path: Path, protocol: Protocol) -> Source:
    return of_frame(read_csv(path, protocol), path.name, _stamp(path))


def of_frame(frame: pl.DataFrame, name: str = "the frame", stamp: str = "") -> Source:
    """The population of a frame in memory."""

    def reader(first: int) -> Callable[[Sequence[str]], Iterator[pl.DataFrame]]:
        def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
            held = frame.select(list(columns))[first : first + PARTITION]
            for start in range(0, held.height, BATCH):
                yield held[start : start + BATCH]

        return read

    partitions = [
        Partition(f"{name} {first}", min(PARTITION, frame.height - first), first, reader(first))
        for first in range(0, frame.height, PARTITION)
    ]
    return Source(name, dict(frame.schema), tuple(partitions), stamp)


def _duckdb(path: Path, name: str) -> Source:
    """A table of a DuckDB file, which is read only: `warehouse.duckdb::people`, or `::schema.people`."""
    import duckdb
    from sqlglot import exp

    from .sql_tables import table_of

    if not path.exists():
        raise PopulationError(f"{path}: there is no such file")
    table = table_of(tuple(name.split(".")))

    def rows(query: exp.Select) -> Iterator[pl.DataFrame]:
        with duckdb.connect(str(path), read_only=True) as connection:
            for batch in connection.sql(query.from_(table).sql(dialect="duckdb")).to_arrow_reader(BATCH):
                yield pl.DataFrame(pl.from_arrow(batch))

    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield from rows(exp.select(*(exp.column(each, quoted=True) for each in columns)))

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            schema = connection.sql(exp.select("*").from_(table).limit(0).sql(dialect="duckdb")).pl().schema
            count = connection.sql(exp.select("COUNT(*)").from_(table).sql(dialect="duckdb")).pl()
    except duckdb.Error as error:
        raise PopulationError(f"{path}: the table {name} cannot be read; {_short(error)}") from None
    patients = int(count.item())
    partitions = (Partition(f"{path.name} {name}", patients, 0, read),) if patients else ()
    return Source(f"{path}::{name}", dict(schema), partitions, f"{_stamp(path)} {name}")


OPENERS: dict[str, Callable[[Path, Protocol], Source]] = {".parquet": _parquet, ".csv": _csv}


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else text[:157] + "…"


def type_words(type: Any) -> str:
    """A column type in plain words."""
    if isinstance(type, pl.List):
        return f"lists of {type_words(type.inner)}"
    if isinstance(type, pl.Struct):
        return "structs of " + ", ".join(each.name for each in type.fields)
    if type.is_numeric():
        return "numbers"
    names = {"String": "texts", "Boolean": "yes/no values", "Date": "dates", "Null": "nothing"}
    return names.get(str(type), str(type))
