"""What decides a population: the rules in columns of a source's batches, or as SQL in the database that holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ..evaluation.results import Evaluator
from .evaluating import Evaluated, PopulationEvaluator, output_schema, undecided
from .matching import Match, PopulationError
from .running import decided
from .sources import Source

if TYPE_CHECKING:
    from .sql_engine import Database


@dataclass(frozen=True)
class InDatabase:
    """A population in a database that runs the rules itself: its table as the parts of its name."""

    database: Database
    table: tuple[str, ...]
    name: str


class Engine(ABC):
    """Decides all patients of one population under one choice of readings."""

    evaluator: Evaluator
    match: Match
    name: str
    stamp: str | None  # of the population; None where a later run could not go on from where this one stopped
    schema: Mapping[str, Any]
    notes: tuple[str, ...] = ()  # on what of the source was passed over

    @property
    @abstractmethod
    def patients(self) -> int | None:
        """How many there are, where that is known."""

    @abstractmethod
    def batches(self, done: int) -> Iterator[Evaluated]:
        """All patients after the first `done`. Raises PopulationError."""

    @abstractmethod
    def ids(self) -> pl.Series:
        """The ids of all patients."""

    def output_schema(self) -> dict[str, Any]:
        return output_schema(self.evaluator, self.schema[self.match.id])

    def undecided(self) -> tuple[str, ...]:
        """The criteria at the top that are unknown for everyone, since the population lacks their items."""
        return undecided(self.evaluator, self.match)


class PolarsEngine(Engine):
    """The embedded engine."""

    def __init__(self, source: Source, population: PopulationEvaluator) -> None:
        self.source, self.population = source, population
        self.evaluator, self.match = population.evaluator, population.match
        self.name, self.stamp, self.schema = source.name, source.stamp, population.types
        self.notes = source.notes

    @property
    def patients(self) -> int | None:
        return self.source.patients

    def batches(self, done: int) -> Iterator[Evaluated]:
        yield from decided(self.population, self.source.partitions, self.match.used, done)

    def ids(self) -> pl.Series:
        names = [batch for partition in self.source.partitions for batch in partition.read([self.match.id])]
        return pl.concat(names)[self.match.id]


class SqlEngine(Engine):
    """The rules as SQL where the population is."""

    stamp = None

    def __init__(self, held: InDatabase, evaluator: Evaluator, allow_extra: bool, counts: bool) -> None:
        from .sql_engine import SqlPopulation

        self.evaluator, self.name = evaluator, held.name
        self.population = SqlPopulation(evaluator, held.database, held.table, allow_extra, counts)
        self.match, self.schema = self.population.match, self.population.schema

    @property
    def patients(self) -> int | None:
        return self.population.patients

    def batches(self, done: int) -> Iterator[Evaluated]:
        yield from self.population.evaluated()

    def ids(self) -> pl.Series:
        return self.population.ids()


def in_database(engine: str, population: Any) -> InDatabase:
    """A population that DuckDB or Spark decides: a table of a DuckDB file, or Parquet. Raises PopulationError."""
    where = str(population)
    if engine == "duckdb":
        from .duckdb_tables import population_in

        return InDatabase(*population_in(where))
    try:
        from .spark_tables import population_at
    except ModuleNotFoundError:
        raise PopulationError("Spark needs more packages: pip install 'rjdm-rules[spark]'") from None
    return InDatabase(*population_at(where))
