"""Outcomes and verdicts of the patients of a batch: in columns, and one by one where columns do not decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ..evaluation.results import Evaluator
from .batches import BadValue, TidyBatch, Tidying
from .matching import Match
from .polars_engine import OUTCOMES, VERDICTS, Program
from .raw_records import record_of
from .shape import Shape
from .translate import translate

DOUBTFUL = "#doubtful"


@dataclass
class Evaluated:
    """`frame`: id, verdict (one a part) and outcomes. `one_by_one`: how many patients went to the evaluator for one."""

    frame: pl.DataFrame
    one_by_one: int
    bad: list[BadValue] = field(default_factory=list)


class PopulationEvaluator:
    """Evaluates batches of one population under one choice of readings."""

    def __init__(self, evaluator: Evaluator, match: Match, types: Mapping[str, Any]) -> None:
        self.evaluator, self.match = evaluator, match
        self.tidying = Tidying(evaluator.protocol, match, types)
        self.programs: dict[int, Program] = {}
        self._shape: Shape | None = None
        self._program: Program | None = None
        parts = evaluator.parts
        self.verdicts = {part: "verdict" if part is None else f"{part}.verdict" for part in parts}

    def program(self, shape: Shape) -> Program:
        """The rules for populations of a shape."""
        if self._program is None or shape != self._shape:
            translated = translate(self.evaluator.graph, self.evaluator.readings, shape)
            roots = {self.verdicts[part]: column for part, column in translated.verdicts.items()}
            roots.update(translated.outcomes)
            roots[DOUBTFUL] = translated.doubtful
            options = {item.name: item.option_names for item in self.evaluator.protocol.items.values()}
            self._shape, self._program = shape, Program(roots, options)
        return self._program

    def run(self, raw: pl.DataFrame, first_row: int = 0) -> Evaluated:
        tidy = self.tidying.tidy(raw, first_row)
        program = self.program(tidy.shape)
        found = program.run(tidy.batch(program.sources[""]))
        if found.height != raw.height:  # everything is settled without data
            found = pl.concat([found] * raw.height) if raw.height else found.clear()
        rows = self._rows_apart(found[DOUBTFUL], tidy)
        found = found.drop(DOUBTFUL)
        if rows:
            found = self._one_by_one(found, raw, rows)
        frame = found.insert_column(0, raw[self.match.id].alias("id"))
        return Evaluated(frame, len(rows), [bad for bad, _ in tidy.bad])

    def _rows_apart(self, doubtful: pl.Series, tidy: TidyBatch) -> list[int]:
        unusable = {row for _, row in tidy.bad}
        return sorted((tidy.irregular | set(doubtful.arg_true().to_list())) - unusable)

    def _one_by_one(self, found: pl.DataFrame, raw: pl.DataFrame, rows: list[int]) -> pl.DataFrame:
        results = [
            self.evaluator.evaluate(record_of(self.match, row), allow_extra=True)
            for row in raw.select(self.match.used)[rows].iter_rows(named=True)
        ]
        columns = []
        for part, name in self.verdicts.items():
            columns.append(_replaced(found[name], rows, [each.verdicts[part] for each in results], VERDICTS))
        for id in self.evaluator.ids:
            columns.append(_replaced(found[id], rows, [each.criteria[id] for each in results], OUTCOMES))
        return found.with_columns(columns)


def _replaced(column: pl.Series, rows: list[int], values: list[str], words: tuple[str, ...]) -> pl.Series:
    return column.scatter(rows, pl.Series(values, dtype=pl.Enum(words)))
