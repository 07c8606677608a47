"""Where a population comes from: Parquet and CSV files, folders of them, and frames in memory.

A source is read in partitions, each of which is a run of patients that is read, decided and written as one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from ..protocol.model import Protocol
from .csv_files import lists_in, one_table, read_csv, read_table
from .matching import PopulationError

PARTITION, BATCH = 1_000_000, 250_000  # patients
FULL = 1 << 20  # bytes that are free on a disk when it takes no more


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
    same population as before; None that this cannot be told. `notes`: what was passed over."""

    name: str
    schema: Mapping[str, Any]
    partitions: tuple[Partition, ...]
    stamp: str | None
    notes: tuple[str, ...] = ()

    @property
    def patients(self) -> int | None:
        rows = [each.rows for each in self.partitions]
        return None if any(each is None for each in rows) else sum(each for each in rows if each is not None)


def opened(path: Path, protocol: Protocol | None) -> Source:
    """The population of a file or folder; without a protocol texts of CSV stay as they are. Raises PopulationError."""
    if not path.exists():
        raise PopulationError(f"{path}: there is no such file or folder")
    if path.is_dir():
        return _folder(path, protocol)
    return _file(path, protocol)


def source_of(population: Any, protocol: Protocol | None) -> Source:
    """The population of a frame of Polars, pandas or Arrow, or of a path. Raises PopulationError."""
    if isinstance(population, str | Path):
        return opened(Path(population), protocol)
    if isinstance(population, pl.LazyFrame):
        population = population.collect()
    if isinstance(population, pl.DataFrame):
        return of_frame(population)
    if hasattr(population, "__arrow_c_stream__"):  # pandas, pyarrow, DuckDB and others
        return of_frame(pl.DataFrame(pl.from_arrow(pa.table(population))))
    what = type(population).__name__
    raise PopulationError(f"a population is a path or a frame of Polars, pandas or Arrow, and no {what}")


def _folder(path: Path, protocol: Protocol | None) -> Source:
    files = sorted(each for each in path.iterdir() if each.suffix.lower() in OPENERS)
    if not files:
        raise PopulationError(f"{path}: the folder holds no Parquet or CSV file")
    if all(each.suffix.lower() == ".csv" for each in files):
        frame = lists_in(one_table(files), protocol) if protocol else one_table(files)
        return of_frame(frame, str(path), "; ".join(map(stamp_of, files)))
    sources = [_file(each, protocol) for each in files]
    first = sources[0]
    for each in sources[1:]:
        if dict(each.schema) != dict(first.schema):
            raise PopulationError(_different(first, each))
    partitions = [partition for each in sources for partition in each.partitions]
    return Source(str(path), first.schema, tuple(partitions), "; ".join(str(each.stamp) for each in sources))


def _different(a: Source, b: Source) -> str:
    for name in dict.fromkeys([*a.schema, *b.schema]):
        left, right = a.schema.get(name), b.schema.get(name)
        if left != right:
            what = "is missing" if right is None else f"is {type_words(right)}"
            other = "has no such column" if left is None else f"has {type_words(left)}"
            help = "the files of a folder have the same columns"
            return f"{b.name}: the column `{name}` {what}, while {a.name} {other}; {help}"
    raise AssertionError("the schemas are the same")


def _file(path: Path, protocol: Protocol | None) -> Source:
    opener = OPENERS.get(path.suffix.lower())
    if path.suffix.lower() in (".duckdb", ".db"):
        raise PopulationError(f"{path}: name the table of the database too: {path}::TABLE")
    if opener is None:
        raise PopulationError(
            f"{path}: write the population as .parquet or .csv; {path.suffix or 'no ending'} is neither"
        )
    return opener(path, protocol)


def stamp_of(path: Path) -> str:
    """Tells whether a file is still the same."""
    held = path.stat()
    return f"{path.name} {held.st_size} {held.st_mtime_ns}"


def _parquet(path: Path, protocol: Protocol | None) -> Source:
    try:
        scan = pl.scan_parquet(path, glob=False)
        schema = dict(scan.collect_schema())
        rows = int(scan.select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PopulationError(
            f"{path}: this is no Parquet file that can be read, or it is cut short; {short(error)}"
        ) from None
    partitions = [
        Partition(f"{path.name} {first}", min(PARTITION, rows - first), first, _reader(scan, first, path))
        for first in range(0, rows, PARTITION)
    ]
    return Source(str(path), schema, tuple(partitions), stamp_of(path))


def _reader(scan: pl.LazyFrame, first: int, path: Path) -> Callable[[Sequence[str]], Iterator[pl.DataFrame]]:
    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        held = scan.slice(first, PARTITION).select(list(columns))
        try:
            yield from held.collect_batches(chunk_size=BATCH, maintain_order=True)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise PopulationError(f"{path}: the file cannot be read to its end; {short(error)}") from None

    return read


def _csv(path: Path, protocol: Protocol | None) -> Source:
    return of_frame(read_csv(path, protocol) if protocol else read_table(path), path.name, stamp_of(path))


def of_frame(frame: pl.DataFrame, name: str = "the frame", stamp: str | None = None) -> Source:
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


OPENERS: dict[str, Callable[[Path, Protocol | None], Source]] = {".parquet": _parquet, ".csv": _csv}


def short(error: Exception) -> str:
    """An error of a library in one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= 160 else text[:157] + "…"


def why_not_written(path: Path, error: Exception) -> str:
    """What keeps a file from being written, as far as it was."""
    with suppress(OSError):
        if shutil.disk_usage(path.parent).free < FULL:  # the libraries say it in many ways, some of them cryptic
            return "the disk is full"
    return f"cannot be written ({error.strerror if isinstance(error, OSError) and error.strerror else short(error)})"


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
