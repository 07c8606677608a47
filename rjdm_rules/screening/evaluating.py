"""Outcomes and verdicts of the patients of a batch: in columns, and one by one where columns do not decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from ..evaluation.results import Evaluator
from .batches import BadValue, TidyBatch, Tidying
from .matching import Match
from .polars_engine import OUTCOMES, VERDICTS, Program, Run
from .raw_records import record_of
from .shape import Shape, full_item
from .translate import RuleTranslation
from .translate_deciding import DecidingTranslation

DOUBTFUL, FAILS = "#doubtful", "#fails "


@dataclass
class Evaluated:
    """`frame`: id, verdict (one a part), an outcome a criterion, and the deciding facts. `fails`: for each criterion
    whether it makes the patient ineligible. `one_by_one`: how many patients went to the evaluator for one."""

    frame: pl.DataFrame
    fails: pl.DataFrame
    one_by_one: int
    bad: list[BadValue] = field(default_factory=list)


class PopulationEvaluator:
    """Evaluates batches of one population under one choice of readings."""

    def __init__(
        self, evaluator: Evaluator, match: Match, types: Mapping[str, Any], bad_is_unknown: bool = False
    ) -> None:
        self.evaluator, self.match, self.types = evaluator, match, types
        self.bad_is_unknown = bad_is_unknown
        self.tidying = Tidying(evaluator.protocol, match, types)
        self._lock = Lock()
        self._shape: Shape | None = None
        self._program: Program | None = None
        self.verdicts = {part: verdict_column(part) for part in evaluator.parts}
        self.facts = pl.Enum(sorted(evaluator.protocol.items))

    def output_schema(self) -> dict[str, Any]:
        """The columns of what is found, and their types."""
        found: dict[str, Any] = {"id": self.types[self.match.id]}
        found.update({name: pl.Enum(VERDICTS) for name in self.verdicts.values()})
        found.update({id: pl.Enum(OUTCOMES) for id in self.evaluator.ids})
        return {**found, "deciding_facts": pl.List(self.facts)}

    def undecided(self) -> tuple[str, ...]:
        """The criteria at the top that are unknown for everyone, since the population lacks their items."""
        protocol = self.evaluator.protocol
        shape = Shape({name: full_item(protocol.items[name]) for name in self.match.items})
        outcomes = RuleTranslation(self.evaluator.graph, self.evaluator.readings, shape).translated().outcomes
        top = [each.id for part in protocol.parts for block in part.blocks for each in block.criteria]
        return tuple(id for id in top if outcomes[id].literal and outcomes[id].value == "unknown")

    def program(self, shape: Shape) -> Program:
        """The rules for populations of a shape."""
        with self._lock:
            return self._made(shape)

    def _made(self, shape: Shape) -> Program:
        if self._program is None or shape != self._shape:
            translation = DecidingTranslation(self.evaluator.graph, self.evaluator.readings, shape)
            translated, rests = translation.translated(), translation.rests()
            first = {self.verdicts[part]: column for part, column in translated.verdicts.items()}
            first.update(translated.outcomes)
            first.update({FAILS + id: column for id, column in rests.fails.items()})
            first[DOUBTFUL] = translation.doubtful(list(first.values()))
            inexact = translation.doubtful(rests.deciding.values(), list(first.values()))
            second = {**rests.deciding, DOUBTFUL: translation.b.disjunction((rests.doubtful, inexact))}
            options = {item.name: item.option_names for item in self.evaluator.protocol.items.values()}
            self._shape, self._program = shape, Program([first, second], options)
        return self._program

    def run(self, raw: pl.DataFrame, first_row: int = 0) -> Evaluated:
        raw = raw.rechunk() if raw.n_chunks() > 1 else raw  # else Polars aligns all columns at every step
        tidy = self.tidying.tidy(raw, first_row)
        if tidy.bad and self.bad_is_unknown:
            raw = tidy.without_bad(self.match)
            bad = tidy.bad
            tidy = self.tidying.tidy(raw, first_row)
            tidy.bad = bad
        program = self.program(tidy.shape)
        run = program.start(tidy.batch(program.sources[""]))
        found = run.phase(0)
        rows = self._rows_apart(found[DOUBTFUL], tidy)
        found = found.drop(DOUBTFUL)
        found = found.with_columns(self._deciding(found, run, raw, rows))
        if rows:
            found = self._one_by_one(found, raw, rows)
        fails = {name: name.removeprefix(FAILS) for name in found.columns if name.startswith(FAILS)}
        frame = found.drop(list(fails)).insert_column(0, raw[self.match.id].alias("id"))
        return Evaluated(frame, found.select(list(fails)).rename(fails), len(rows), [bad for bad, _ in tidy.bad])

    # ---- deciding facts

    def _deciding(self, found: pl.DataFrame, run: Run, raw: pl.DataFrame, apart: list[int]) -> pl.Series:
        """The deciding facts of undetermined patients, as lists; of those whom columns cannot tell, by the evaluator
        for one."""
        undetermined = np.zeros(found.height, dtype=bool)
        for name in self.verdicts.values():
            undetermined |= (found[name] == "undetermined").to_numpy()
        undetermined[apart] = False
        table = run.of(pl.Series(undetermined), 1).phase(1)
        lengths = np.zeros(found.height, dtype=np.int64)
        rows = np.flatnonzero(undetermined)
        doubtful = table[DOUBTFUL].to_numpy()
        names = [name for name in table.columns if name != DOUBTFUL]
        facts = (
            np.stack([table[name].to_numpy() for name in names], axis=1) if names else np.zeros((len(rows), 0), bool)
        )
        apart += rows[doubtful].tolist()
        apart.sort()
        lengths[rows] = facts.sum(axis=1)
        which = np.nonzero(facts)[1]
        codes = np.array([self.facts.categories.to_list().index(name) for name in names], dtype=np.int32)
        return self._lists(lengths, codes[which] if names else np.zeros(0, dtype=np.int32))

    def _lists(self, lengths: Any, codes: Any) -> pl.Series:
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        words = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(self.facts.categories.to_list(), pa.string()))
        lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), words)
        made = pl.from_arrow(lists)
        assert isinstance(made, pl.Series)
        return made.cast(pl.List(self.facts)).alias("deciding_facts")

    # ---- one by one

    def _rows_apart(self, doubtful: pl.Series, tidy: TidyBatch) -> list[int]:
        unusable = set() if self.bad_is_unknown else {row for _, row in tidy.bad}
        return sorted((tidy.irregular | set(doubtful.arg_true().to_list())) - unusable)

    def _one_by_one(self, found: pl.DataFrame, raw: pl.DataFrame, rows: list[int]) -> pl.DataFrame:
        held = raw.select(self.match.used)[rows].iter_rows(named=True)
        results = [self.evaluator.standing(record_of(self.match, row)) for row in held]
        columns = []
        for part, name in self.verdicts.items():
            columns.append(_replaced(found[name], rows, [each.verdicts[part] for each in results], VERDICTS))
        for id in self.evaluator.ids:
            columns.append(_replaced(found[id], rows, [each.criteria[id] for each in results], OUTCOMES))
            if FAILS + id in found.columns:
                failing = pl.Series([id in each.failing for each in results])
                columns.append(found[FAILS + id].scatter(rows, failing))
        facts = pl.Series([list(each.deciding_facts) for each in results], dtype=pl.List(self.facts))
        columns.append(with_rows(found["deciding_facts"], rows, facts))
        return found.with_columns(columns)


def verdict_column(part: str | None) -> str:
    """The name of the column of a part's verdict."""
    return "verdict" if part is None else f"{part}.verdict"


def _replaced(column: pl.Series, rows: list[int], values: list[str], words: Sequence[str]) -> pl.Series:
    return column.scatter(rows, pl.Series(values, dtype=pl.Enum(words)))


def with_rows(column: pl.Series, rows: list[int], values: pl.Series) -> pl.Series:
    """The column with other values in some rows."""
    order = np.arange(len(column))
    order[rows] = len(column) + np.arange(len(rows))
    return pl.concat([column, values.alias(column.name)]).gather(order)
