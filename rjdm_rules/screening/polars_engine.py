"""The embedded engine: columns as Polars expressions, stage by stage, over a batch of patients in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, eq, ge, gt, or_
from typing import Any

import numpy as np
import polars as pl

from ..values.calendar import SECONDS_A_DAY
from . import calendar_tables
from .columns import PATIENTS, Column, walk, walk_down
from .occurrences import Known, Occurrences, gathered, known, spread, unknown_column
from .stages import Plan, planned

OUTCOMES = ("met", "not met", "unknown", "not applicable")
VERDICTS = ("eligible", "ineligible", "undetermined")
TYPES: dict[str, Any] = {
    "truth": pl.Boolean, "number": pl.Float64, "day": pl.Int32, "moment": pl.Int64, "text": pl.String,
    "set": pl.UInt64, "outcome": pl.Enum(OUTCOMES), "verdict": pl.Enum(VERDICTS),
}  # fmt: skip


@dataclass
class Batch:
    """Some patients in tidy columns, and the occurrences of their events."""

    patients: pl.DataFrame
    rows: int
    events: dict[str, Occurrences] = field(default_factory=dict)


class Program:
    """What is to be worked out, ready to run on any batch of the shape that it was translated for. A second phase is
    run on some of the rows only."""

    def __init__(self, phases: Sequence[Mapping[str, Column]], options: Mapping[str, Sequence[str]]) -> None:
        self.phases = [dict(each) for each in phases]
        self.plan: Plan = planned([each.values() for each in self.phases])
        self.writer = Writer(self.plan, options)
        self.sources: dict[str, dict[str, str]] = {PATIENTS: {}}
        self.digits: dict[str, set[int]] = {}
        self.taken: dict[tuple[str, str], int] = {}  # of each measured column, the digits behind the point
        for column in walk(root for each in self.phases for root in each.values()):
            if column.op == "source":
                self.sources.setdefault(column.frame, {})[column.value] = column.type
            elif column.op == "fits":
                self.digits.setdefault(column.frame, set()).add(column.value)
            elif column.op == "scaled" and column.operands[0].op == "source":
                self.taken[column.frame, column.operands[0].value] = column.value
        self.wanted = [self._wanted(number) for number in range(len(self.phases))]
        self.stages = [
            [(stage, [] if stage.crossing else [self.writer.full(each) for each in stage.columns]) for stage in stages]
            for stages in self.plan.phases
        ]

    def _wanted(self, phase: int) -> dict[str, list[str]]:
        """The columns of each frame that a phase and those behind it read from earlier ones."""
        here = {column.number for stages in self.plan.phases[:phase] for stage in stages for column in stage.columns}
        found: dict[str, list[str]] = {}
        later = (root for each in self.phases[phase:] for root in each.values())
        for column in walk_down(later, here):
            if column.op == "source" or column.number in here:
                found.setdefault(column.frame, []).append(self.plan.named(column) or str(column.value))
            if column.op == "fits" and column.number not in here:
                found.setdefault(column.frame, []).append(power_column(column.value))
        return found

    def start(self, batch: Batch) -> Run:
        patients = self._complete(PATIENTS, batch.patients, batch.rows)
        for event, held in batch.events.items():
            held.frame = self._complete(event, held.frame, held.frame.height)
        return Run(self, patients, dict(batch.events))

    def _complete(self, frame: str, held: pl.DataFrame, rows: int) -> pl.DataFrame:
        """The frame with a column for each source; what this batch does not have is unknown."""
        wanted = self.sources.get(frame, {})
        missing = {name: TYPES[type] for name, type in wanted.items() if name not in held.columns}
        nothing = [unknown_column(name, type, rows) for name, type in missing.items()]
        powers = [pl.Series(power_column(digits), np.full(rows, 10.0**digits)) for digits in self.digits.get(frame, ())]
        held = held.with_columns([*nothing, *powers])
        return held if held.width else pl.DataFrame({"#": np.zeros(rows, dtype=np.uint8)})


@dataclass
class Run:
    """A program under way on one batch."""

    program: Program
    patients: pl.DataFrame
    events: dict[str, Occurrences]

    def phase(self, number: int) -> pl.DataFrame:
        """Works out a phase, those before being worked out: one column for each root, a row a patient."""
        for stage, expressions in self.program.stages[number]:
            made = self._crossed(stage.columns) if stage.crossing else expressions
            if stage.frame == PATIENTS:
                self.patients = self.patients.with_columns(made)
            else:
                self.events[stage.frame].frame = self.events[stage.frame].frame.with_columns(made)
        roots = self.program.phases[number].items()
        found = self.patients.select(self.program.writer.written(column).alias(name) for name, column in roots)
        if found.height == self.patients.height:
            return found
        return pl.concat([found] * self.patients.height) if self.patients.height else found.clear()  # all constants

    def of(self, chosen: np.ndarray[Any, Any], phase: int) -> Run:
        """The same for some rows (those where `chosen` is true), ready for a later phase."""
        wanted = self.program.wanted[phase]
        events = {event: held.of(chosen, wanted.get(event, ())) for event, held in self.events.items()}
        names = list(dict.fromkeys([*wanted.get(PATIENTS, ()), self.patients.columns[0]]))
        return Run(self.program, self.patients.select(names).filter(pl.Series(chosen)), events)

    def _crossed(self, columns: Sequence[Column]) -> list[pl.Series]:
        """Columns that come from another frame."""
        found, knowns = [], dict[tuple[str, str], Known]()
        for column in columns:
            (operand,) = column.operands
            if column.op == "spread":
                made = spread(self.patients.get_column(self._name(operand)), self.events[column.frame])
            elif column.op in ("any", "count"):
                made = gathered(column.op, self._of_event(column.value, operand), self.events[column.value])
            else:
                key = column.value, self._name(operand)
                if key not in knowns:  # of which the largest and the smallest are asked
                    knowns[key] = known(self._of_event(column.value, operand), self.events[column.value])
                made = knowns[key].reduced(column.op)
            found.append(made.alias(self.program.plan.named(column) or ""))
        return found

    def _of_event(self, event: str, column: Column) -> pl.Series:
        frame = self.events[event].frame
        if column.literal:
            return pl.Series(np.full(frame.height, column.value))
        return frame.get_column(self._name(column))

    def _name(self, column: Column) -> str:
        """The name of a column that has been worked out, or of a source."""
        return self.program.plan.named(column) or str(column.value)


class Writer:
    """Columns as Polars expressions."""

    def __init__(self, plan: Plan, options: Mapping[str, Sequence[str]]) -> None:
        self.plan = plan
        self.bits = {item: {option: bit for bit, option in enumerate(names)} for item, names in options.items()}

    def written(self, column: Column) -> pl.Expr:
        """A column as it is used: by its name, where it has been worked out."""
        name = self.plan.named(column)
        return pl.col(name) if name else self._fresh(column)

    def full(self, column: Column) -> pl.Expr:
        """A column as it is worked out, under its name."""
        return self._fresh(column).alias(self.plan.named(column) or "")

    def _fresh(self, column: Column) -> pl.Expr:
        match column.op:
            case "source":
                return pl.col(column.value)
            case "literal":
                return pl.lit(column.value, dtype=TYPES[column.type])
            case "case":
                return self._case(column)
            case "among":
                held = self.written(column.operands[0])
                tests: list[pl.Expr] = [held == each for each in column.value]
                return reduce(or_, tests)
            case "months":
                return _months(column.value, column.type, self.written(column.operands[0]))
            case "has":
                (source,) = column.operands
                bit = self.bits[source.value][column.value]
                if bit >= 64:  # the patients who have such a set are evaluated one by one
                    return pl.lit(None, dtype=pl.Boolean)
                return (self.written(source) & pl.lit(1 << bit, dtype=pl.UInt64)) != 0
        operands = [self.written(each) for each in column.operands]
        if column.op in TURNED and column.operands[0].literal:  # Polars: a literal on the left may give one row
            return TURNED[column.op](operands[1], operands[0])
        return OPERATIONS[column.op](column.value, *operands)

    def _case(self, column: Column) -> pl.Expr:
        *rows, other = column.operands
        chain: Any = pl
        for condition, value in zip(rows[::2], rows[1::2], strict=True):
            chain = chain.when(self.written(condition)).then(self.written(value))
        found: pl.Expr = chain.otherwise(self.written(other))
        return found


def _coalesce(_: Any, *values: pl.Expr) -> pl.Expr:
    return pl.coalesce(*values)


def _tally(_: Any, *truths: pl.Expr) -> pl.Expr:
    ones = [each.fill_null(False).cast(pl.UInt8) for each in truths]
    return reduce(lambda a, b: a + b, ones).cast(pl.Float64)


def _fits(digits: int, value: pl.Expr, scaled: pl.Expr) -> pl.Expr:
    """Polars divides by a literal as it multiplies by its inverse, which is not exact; hence a column of one number."""
    return scaled / pl.col(power_column(digits)) == value


def power_column(digits: int) -> str:
    return f"#10^{digits}"


def _quotient(_: Any, a: pl.Expr, b: pl.Expr) -> pl.Expr:
    def divide(columns: Sequence[pl.Series]) -> pl.Series:
        top, bottom = (each.to_numpy() for each in columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _where_known(pl.Series(np.floor(top / bottom)), *columns)

    return pl.map_batches([a, b], divide, return_dtype=pl.Float64)


def _months(months: int, type: str, day: pl.Expr) -> pl.Expr:
    function = calendar_tables.months_later if type == "day" else calendar_tables.moments_later
    neutral = calendar_tables.UNIX * (1 if type == "day" else SECONDS_A_DAY)

    def move(days: pl.Series) -> pl.Series:
        held = days.fill_null(neutral) if days.null_count() else days
        return _where_known(pl.Series(function(held.to_numpy(), months), dtype=TYPES[type]), days)

    return day.map_batches(move, return_dtype=TYPES[type])


def _where_known(values: pl.Series, *known: pl.Series) -> pl.Series:
    """The values, null where one of the others is."""
    if not any(each.null_count() for each in known):
        return values
    unknown = reduce(or_, (each.is_null() for each in known))
    return values.set(unknown, None)


def _elapsed(unit: str, start: pl.Expr, end: pl.Expr) -> pl.Expr:
    def count(columns: Sequence[pl.Series]) -> pl.Series:
        held = [each.fill_null(calendar_tables.UNIX) if each.null_count() else each for each in columns]
        found = calendar_tables.elapsed(unit, *(each.to_numpy() for each in held))
        return _where_known(pl.Series(found).cast(pl.Float64), *columns)

    return pl.map_batches([start, end], count, return_dtype=pl.Float64)


TURNED: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {"lt": gt, "le": ge, "eq": eq}
OPERATIONS: dict[str, Callable[..., pl.Expr]] = {
    "and": lambda _, *parts: reduce(and_, parts),
    "or": lambda _, *parts: reduce(or_, parts),
    "not": lambda _, a: ~a,
    "known": lambda _, a: a.is_not_null(),
    "coalesce": _coalesce,
    "lt": lambda _, a, b: a < b,
    "le": lambda _, a, b: a <= b,
    "eq": lambda _, a, b: a == b,
    "add": lambda _, a, b: a + b,
    "mul": lambda _, a, b: a * b,
    "quotient": _quotient,
    "abs": lambda _, a: a.abs(),
    "scaled": lambda digits, a: (a * 10**digits + 0.5).floor(),  # the nearest whole number, quicker than round
    "fits": _fits,
    "tally": _tally,
    "days": lambda days, a: a + days,
    "moved": lambda _, a, by: a + by.cast(pl.Int64, strict=False),
    "seconds": lambda seconds, a: a + seconds,
    "elapsed": _elapsed,
    "day_of": lambda _, a: (a // SECONDS_A_DAY).cast(pl.Int32),
    "midnight": lambda _, a: a.cast(pl.Int64) * SECONDS_A_DAY,
    "how many": lambda _, a: a.bitwise_count_ones().cast(pl.Float64),
}
