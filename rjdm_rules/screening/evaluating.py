"""Outcomes and verdicts of the patients of a batch: in columns, and one by one where columns do not decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from ..evaluation.results import Evaluator, Standing
from ..protocol.model import Protocol
from .batches import BadValue, TidyBatch, Tidying
from .columns import PATIENTS
from .ids import check_id_type, check_ids
from .matching import Match
from .polars_engine import OUTCOMES, VERDICTS, Program, Run
from .ratios import LARGEST
from .raw_records import record_of
from .shape import MOST_DIGITS, ItemShape, Shape, full_item
from .translate import RuleTranslation
from .translate_deciding import DecidingTranslation

Flags = npt.NDArray[np.bool_]  # one a patient of the batch
DOUBTFUL, FAILS = "#doubtful", "#fails "
MOST_DOUBTFUL = 0.005  # of the rows of a batch; beyond, it is looked whether more digits help
PROBED = 5_000  # rows
SOME = 0.001  # of the values of a column, for which no more digits are taken


@dataclass
class Evaluated:
    """`frame`: id, verdict (one a part), an outcome a criterion, and the deciding facts. `fails`: for each criterion
    whether it makes the patient ineligible. `one_by_one`: how many patients went to the evaluator for one.
    `variants`: what each variant of the rules says. `beside`: columns that
    are kept."""

    frame: pl.DataFrame
    fails: pl.DataFrame
    one_by_one: int
    bad: list[BadValue] = field(default_factory=list)
    variants: list[pl.DataFrame] = field(default_factory=list)
    beside: pl.DataFrame = field(default_factory=pl.DataFrame)


@dataclass(frozen=True)
class Variant:
    """Other rules for the same people: of which parts the verdicts are wanted, and of which criteria the outcomes."""

    evaluator: Evaluator
    parts: tuple[str | None, ...]
    ids: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return *(verdict_column(part) for part in self.parts), *self.ids


class PopulationEvaluator:
    """Evaluates batches of one population under one choice of readings. Without `counts` it is not worked out which
    criteria fail, without `facts` there are no deciding facts. `variants` are worked out along with these rules."""

    def __init__(
        self,
        evaluator: Evaluator,
        match: Match,
        types: Mapping[str, Any],
        bad_is_unknown: bool = False,
        counts: bool = True,
        facts: bool = True,
        variants: Sequence[Variant] = (),
    ) -> None:
        check_id_type(types[match.id])
        self.counts, self.with_facts = counts, facts
        self.types = {name: replaced(type, pl.Float64) for name, type in types.items()}
        self.short = [name for name, type in types.items() if type != self.types[name]]
        self.evaluator, self.match, self.variants = evaluator, match, tuple(variants)
        self.top = top_criteria(evaluator.protocol)
        self.bad_is_unknown = bad_is_unknown
        self.tidying = Tidying(evaluator.protocol, match, self.types)
        self._lock = RLock()
        self._shape: Shape | None = None
        self._program: Program | None = None
        self.verdicts = {part: verdict_column(part) for part in evaluator.parts}
        self.facts = facts_type(evaluator)

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
            if self.counts:
                first.update({FAILS + id: column for id, column in rests.fails.items()})
            for number, variant in enumerate(self.variants):
                rules = variant.evaluator
                other = RuleTranslation(rules.graph, rules.readings, shape, beside=translation).translated()
                first.update({f"{number}#{verdict_column(part)}": other.verdicts[part] for part in variant.parts})
                first.update({f"{number}#{id}": other.outcomes[id] for id in variant.ids})
            first[DOUBTFUL] = translation.doubtful(list(first.values()))
            if not self.with_facts:
                rests = replace(rests, deciding={}, doubtful=translation.b.false)
            inexact = translation.doubtful(rests.deciding.values(), list(first.values()))
            second = {**rests.deciding, DOUBTFUL: translation.b.disjunction((rests.doubtful, inexact))}
            options = {item.name: item.option_names for item in self.evaluator.protocol.items.values()}
            self._shape, self._program = shape, Program([first, second], options)
        return self._program

    def run(self, raw: pl.DataFrame, first_row: int = 0) -> Evaluated:
        check_ids(raw[self.match.id], first_row)
        raw = raw.rechunk() if raw.n_chunks() > 1 else raw  # else Polars aligns all columns at every step
        raw = raw.with_columns(self._lengthened(name, raw.schema[name]) for name in self.short if name in raw.columns)
        with self._lock:
            if self._shape is None:  # a few rows tell the shape of most batches, before whole ones are worked out twice
                self._first_phase(self.tidying.tidy(raw[:PROBED], first_row))
        tidy = self.tidying.tidy(raw, first_row)
        if tidy.bad and self.bad_is_unknown:
            raw = tidy.without_bad(self.match)
            refused = tidy.bad
            tidy = self.tidying.tidy(raw, first_row)
            tidy.bad = refused
        run, found = self._first_phase(tidy)
        unusable = np.zeros(raw.height, dtype=bool)
        if not self.bad_is_unknown:
            unusable[[row for _, row in tidy.bad]] = True
        apart = found[DOUBTFUL].to_numpy(writable=True)
        apart[list(tidy.irregular)] = True
        found = found.drop(DOUBTFUL)
        found = found.with_columns(self._deciding(found, run, apart, unusable))
        rows = np.flatnonzero(apart & ~unusable).tolist()
        if rows:
            found = self._one_by_one(found, raw, rows)
        fails = {name: name.removeprefix(FAILS) for name in found.columns if name.startswith(FAILS)}
        variants = [self._of_variant(found, number) for number in range(len(self.variants))]
        frame = found.select(raw[self.match.id].alias("id"), *list(output_schema(self.evaluator, pl.String))[1:])
        bad = [each for each, _ in tidy.bad]
        beside = raw.select(self.match.keep)
        return Evaluated(frame, found.select(list(fails)).rename(fails), len(rows), bad, variants, beside)

    def _of_variant(self, found: pl.DataFrame, number: int) -> pl.DataFrame:
        names = {f"{number}#{name}": name for name in self.variants[number].columns}
        return found.select(list(names)).rename(names)

    def _lengthened(self, name: str, type: Any) -> pl.Expr:
        """Floating-point numbers of half length as the short decimals that they show: 0.3 is three tenths."""
        return pl.col(name).cast(replaced(type, pl.String)).cast(self.types[name])

    def _first_phase(self, tidy: TidyBatch) -> tuple[Run, pl.DataFrame]:
        """Verdicts and outcomes. Where many rows are doubtful since numbers have more digits than the rules were
        written for, they are written for more."""
        program = self.program(tidy.shape)
        run = program.start(tidy.batch(program.sources[""]))
        found = run.phase(0)
        if int(found[DOUBTFUL].sum()) > MOST_DOUBTFUL * found.height:
            more = more_digits(program, run)
            if more:
                tidy.shape = self.tidying.grow(Shape(with_digits(tidy.shape.items, more)))
                return self._first_phase(tidy)
        return run, found

    # ---- deciding facts

    def _deciding(self, found: pl.DataFrame, run: Run, apart: Flags, unusable: Flags) -> pl.Series:
        """The deciding facts of undetermined patients, as lists; those whom columns cannot tell are set `apart`."""
        undetermined = np.zeros(found.height, dtype=bool)
        for name in self.verdicts.values():
            undetermined |= (found[name] == "undetermined").to_numpy()
        chosen = undetermined & ~apart & ~unusable
        lengths = np.zeros(found.height, dtype=np.int64)
        if not self.with_facts or not chosen.any():
            return self._lists(lengths, np.zeros(0, dtype=np.int32))
        table = run.of(chosen, 1).phase(1)
        rows = np.flatnonzero(chosen)
        apart[rows[table[DOUBTFUL].to_numpy()]] = True
        places = {name: place for place, name in enumerate(self.facts.categories)}
        waiting = {places[name]: table[name].arg_true().to_numpy() for name in table.columns if name != DOUBTFUL}
        patients = np.concatenate([*waiting.values(), np.zeros(0, dtype=np.uint32)])
        facts = np.repeat(np.array(list(waiting), dtype=np.int32), [len(each) for each in waiting.values()])
        lengths[rows] = np.bincount(patients, minlength=len(rows))
        return self._lists(lengths, facts.take(np.argsort(patients, kind="stable")))  # each patient's in their order

    def _lists(self, lengths: Any, codes: Any) -> pl.Series:
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        words = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(self.facts.categories.to_list(), pa.string()))
        lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), words)
        made = pl.from_arrow(lists)
        assert isinstance(made, pl.Series)
        return made.cast(pl.List(self.facts)).alias("deciding_facts")

    # ---- one by one

    def _one_by_one(self, found: pl.DataFrame, raw: pl.DataFrame, rows: list[int]) -> pl.DataFrame:
        records = [record_of(self.match, row) for row in raw.select(self.match.used)[rows].iter_rows(named=True)]
        results = [self.evaluator.standing(record) for record in records]
        these = Variant(self.evaluator, tuple(self.evaluator.parts), tuple(self.evaluator.ids))
        columns = _from(results, found, rows, these)
        for number, variant in enumerate(self.variants):
            others = [variant.evaluator.standing(record) for record in records]
            columns += _from(others, found, rows, variant, f"{number}#")
        for id in self.evaluator.ids:
            if FAILS + id in found.columns:
                failing = pl.Series([id in each.failing for each in results])
                columns.append(found[FAILS + id].scatter(rows, failing))
        facts = pl.Series([list(each.deciding_facts) for each in results], dtype=pl.List(self.facts))
        columns.append(with_rows(found["deciding_facts"], rows, facts))
        return found.with_columns(columns)


def _from(
    results: Sequence[Standing], found: pl.DataFrame, rows: list[int], variant: Variant, prefix: str = ""
) -> list[pl.Series]:
    """The columns of verdicts and outcomes, with what came out one by one in its rows."""
    columns = []
    for part in variant.parts:
        name = prefix + verdict_column(part)
        columns.append(_replaced(found[name], rows, [each.verdicts[part] for each in results], VERDICTS))
    for id in variant.ids:
        columns.append(_replaced(found[prefix + id], rows, [each.criteria[id] for each in results], OUTCOMES))
    return columns


def facts_type(evaluator: Evaluator) -> pl.Enum:
    """The type of a deciding fact."""
    return pl.Enum(sorted(evaluator.protocol.items))


def output_schema(evaluator: Evaluator, id_type: Any) -> dict[str, Any]:
    """The columns of what is found, and their types."""
    found: dict[str, Any] = {"id": id_type}
    found.update({verdict_column(part): pl.Enum(VERDICTS) for part in evaluator.parts})
    found.update({id: pl.Enum(OUTCOMES) for id in evaluator.ids})
    return {**found, "deciding_facts": pl.List(facts_type(evaluator))}


def undecided(evaluator: Evaluator, match: Match) -> tuple[str, ...]:
    """The criteria at the top that are unknown for everyone, since the population lacks their items."""
    shape = Shape({name: full_item(evaluator.protocol.items[name]) for name in match.items})
    outcomes = RuleTranslation(evaluator.graph, evaluator.readings, shape).translated().outcomes
    top = top_criteria(evaluator.protocol)
    return tuple(id for id in top if outcomes[id].literal and outcomes[id].value == "unknown")


def top_criteria(protocol: Protocol) -> tuple[str, ...]:
    """The ids of the criteria at the top, in the order of the file."""
    return tuple(each.id for part in protocol.parts for block in part.blocks for each in block.criteria)


def replaced(type: Any, other: Any) -> Any:
    """A column type with another in place of floating-point numbers of half length."""
    if isinstance(type, pl.List):
        return pl.List(replaced(type.inner, other))
    if isinstance(type, pl.Struct):
        return pl.Struct({each.name: replaced(each.dtype, other) for each in type.fields})
    return other if type in (pl.Float32, pl.Float16) else type


def more_digits(program: Program, run: Run) -> dict[tuple[str, str], int]:
    """The measured columns of which more values are exact with more digits behind the point than the program takes,
    with how many: by the frame and the name of item or attribute."""
    found: dict[tuple[str, str], int] = {}
    for (frame, name), taken in program.taken.items():
        table = run.patients if frame == PATIENTS else run.events[frame].frame
        values = table[name].drop_nulls().to_numpy()
        values = values[np.abs(values) < LARGEST]
        misfits = [
            np.count_nonzero(np.round(values * 10**digits) / 10**digits != values)
            for digits in range(taken, MOST_DIGITS + 1)
        ]
        digits = next(more for more, several in enumerate(misfits) if several <= min(misfits) + SOME * len(values))
        if digits:
            key = (frame, name.partition(" ")[0])
            found[key] = max(taken + digits, found.get(key, 0))
    return found


def with_digits(items: Mapping[str, ItemShape], more: Mapping[tuple[str, str], int]) -> dict[str, ItemShape]:
    """The shapes of items, of which some have more digits."""
    found = dict(items)
    for (frame, name), digits in more.items():
        if frame == PATIENTS:
            found[name] = replace(found[name], digits=digits)
        else:
            attributes = dict(found[frame].attributes)
            attributes[name] = replace(attributes[name], digits=digits)
            found[frame] = replace(found[frame], attributes=attributes)
    return found


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
