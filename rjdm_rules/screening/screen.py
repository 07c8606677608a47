"""Screening a population: from a source to `verdicts.parquet` and `summary.json` in a folder.

The verdicts are written beside their place and moved there when all patients are decided, so that nothing half-written
ever stands under their name. A run that is stopped keeps what it has, and the next one goes on from there.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any, Protocol

import polars as pl
from polars.io.plugins import register_io_source

from ..documents.fingerprint import fingerprint_of
from ..evaluation.results import Evaluator
from ..version import __version__
from .batches import BadValue
from .curves import Curve, CurveCounts
from .engines import Engine, InDatabase, PolarsEngine, SqlEngine
from .evaluating import Evaluated, PopulationEvaluator, Variant, top_criteria
from .grouping import Grouping, grouping_variants, groups_of
from .groups import Grouped
from .matching import PopulationError, matched
from .sources import Source, why_not_written
from .tallies import Tally
from .what_if import Changes, WhatIf, changed

VERDICTS, SUMMARY, REPORT = "verdicts.parquet", "summary.json", "report.html"
UNFINISHED, STATE = "unfinished.parquet", "unfinished.json"
MOST_EXAMPLES, MOST_SHOWN = 3, 12
WORDS = ("truth", "one of", "several of")  # kinds of items whose values a source may call otherwise
Progress = Callable[[int, int | None], None]  # patients decided, and how many there are


class Counter(Protocol):
    """Counts that a later run goes on from."""

    def state(self) -> Any: ...

    def restore(self, state: Any) -> None: ...


class Stopped(Exception):
    """The run was stopped before all patients were decided. `patients` are kept; none where a later run could not go
    on from there."""

    def __init__(self, patients: int) -> None:
        self.patients = patients
        super().__init__(f"stopped after {patients} patients")


class BadValues(PopulationError):
    """Values of a population that cannot be used, counted by column, with examples."""

    def __init__(
        self, counts: Mapping[str, int], examples: Mapping[str, Sequence[BadValue]], words: bool = False
    ) -> None:
        """`words`: some are words for what the rules call otherwise."""
        self.counts, self.examples = dict(counts), {name: list(held) for name, held in examples.items()}
        lines = []
        for name, count in counts.items():
            values = "value" if count == 1 else "values"
            lines.append(f"the column `{name}`: {count} {values} that cannot be used")
            lines += [f"  row {each.row}: {each.message}" for each in examples[name]]
        told = "say in a mapping file what the data's own words mean ([values]), " if words else ""
        unknown = 'take them as unknown with --bad-values unknown (in Python bad_values="unknown")'
        lines.append(f"mend them, {told}or {unknown}")
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Missing:
    """Items that the population does not have, and the criteria that therefore cannot be decided for anyone."""

    items: tuple[str, ...]
    of: int
    undecided: tuple[str, ...]

    def __str__(self) -> str:
        if not self.items:
            return ""
        are = "item is" if self.of == 1 else "items are"
        shown = ", ".join(self.items[:MOST_SHOWN])
        more = f" and {len(self.items) - MOST_SHOWN} more" if len(self.items) > MOST_SHOWN else ""
        text = f"{len(self.items)} of {self.of} {are} not in this data: {shown}{more}"
        if not self.undecided:
            return text
        these = "this criterion" if len(self.undecided) == 1 else f"these {len(self.undecided)} criteria"
        return f"{text}\n{these} cannot be decided for anyone: {', '.join(self.undecided)}"


@dataclass
class Screening:
    """One population under one protocol, decided here or (InDatabase) where it is. `bad_values` is "refuse" or
    "unknown". Without `counts` there is no summary but of verdicts, without `facts` there are no deciding facts."""

    evaluator: Evaluator
    source: Source | InDatabase
    allow_extra: bool = False
    bad_values: str = "refuse"
    counts: bool = True
    facts: bool = True
    what_if: tuple[WhatIf, ...] = ()
    curves: tuple[Curve, ...] = ()
    by: tuple[Grouping, ...] = ()
    engine: Engine = field(init=False)
    tally: Tally = field(init=False)
    bad: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[BadValue]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.groups: list[Grouped] = []
        self.complete = False
        self.engine = self._in_database() if isinstance(self.source, InDatabase) else self._embedded(self.source)
        self._begin()
        if self.engine.patients == 0:
            raise PopulationError(f"{self.engine.name}: the population is empty")

    def _begin(self) -> None:
        """Nothing is counted yet."""
        self.tally = Tally(self.evaluator.protocol)
        self.ids: list[pl.Series] = []
        self.bad.clear()
        self.examples.clear()
        self.changes = [
            Changes(each, self.tally.family.top, self.evaluator.parts, frozenset(self.evaluator.protocol.excluding))
            for each in self.what_if
        ]
        self.curve_counts = [CurveCounts(each, self.evaluator.parts) for each in self.curves]
        for group in self.groups:
            group.counts.clear()

    def _in_database(self) -> Engine:
        assert isinstance(self.source, InDatabase)
        kind = self.source.database.dialect
        if self.what_if or self.curves or self.by:
            raise PopulationError(f"{kind}: what-ifs, curves and groups need the embedded engine")
        if self.bad_values == "unknown":
            raise PopulationError(f"{kind}: only the embedded engine takes bad values as unknown")
        return SqlEngine(self.source, self.evaluator, self.allow_extra, self.counts)

    def _embedded(self, source: Source) -> Engine:
        protocol, schema = self.evaluator.protocol, dict(source.schema)
        groups = [groups_of(each, schema, protocol, number) for number, each in enumerate(self.by)]
        self.groups = [Grouped(each, held, protocol) for each, held in zip(self.by, groups, strict=True)]
        kept = dict.fromkeys(each.column for each in groups if each.column)
        match = matched(protocol, list(schema), self.allow_extra, list(kept))
        parts, top = tuple(self.evaluator.parts), top_criteria(protocol)
        variants = [Variant(changed(self.evaluator, each), parts, top) for each in self.what_if]
        variants += [Variant(point, parts, ()) for each in self.curves for point in each.evaluators(self.evaluator)]
        variants += grouping_variants(self.evaluator, groups)
        population = PopulationEvaluator(
            self.evaluator, match, schema, self.bad_values == "unknown", self.counts, self.facts, variants
        )
        return PolarsEngine(source, population)

    def summary(self) -> dict[str, Any]:
        """What is counted, and what it was counted from; all patients are decided first, where they are not yet. Raises
        PopulationError."""
        if not self.complete:
            for _ in self.batches():
                pass
        protocol, missing = self.evaluator.protocol, self.missing()
        return {
            "protocol": protocol.id,
            "version": protocol.version,
            "readings": dict(self.evaluator.readings),
            **self.tally.as_json(),
            **({"what_if": [each.as_json() for each in self.changes]} if self.changes else {}),
            **({"curves": [each.as_json() for each in self.curve_counts]} if self.curves else {}),
            **({"groups": [each.as_json() for each in self.groups]} if self.groups else {}),
            "missing_items": list(missing.items),
            "undecided_criteria": list(missing.undecided),
            "bad_values": self.bad,
            **({"passed_over": list(self.engine.notes)} if self.engine.notes else {}),
            "one_by_one": self.tally.one_by_one,
        }

    def report(self) -> str:
        """The summary as a page to look at, in HTML."""
        from ..documents.content import content_of
        from .reporting import report_page

        content = content_of(self.evaluator.graph, self.evaluator.readings)
        return report_page(self.summary(), content, Path(self.engine.name).name)

    def missing(self) -> Missing:
        """What this data cannot say."""
        missing = self.engine.match.missing
        return Missing(missing, len(self.evaluator.protocol.items), self.engine.undecided())

    # ---- over all patients

    def batches(self, done: int = 0, stop: Event | None = None) -> Iterator[Evaluated]:
        """The batches of all patients after the first `done`, decided and counted. Raises PopulationError."""
        if not done:
            self._begin()
        for batch in self.engine.batches(done):
            self._note(batch.bad)
            if self._usable:
                self._count(batch)
            self.ids.append(batch.frame["id"].hash())
            yield batch
            if stop is not None and stop.is_set():
                return
        if not self._usable:
            items, shown = self.evaluator.protocol.items, (each for held in self.examples.values() for each in held)
            raise BadValues(self.bad, self.examples, any(items[each.item].kind in WORDS for each in shown))
        self._refuse_repeated()
        self.complete = True

    def _count(self, batch: Evaluated) -> None:
        self.tally.add(batch, self.counts)
        variants = iter(batch.variants)
        for changes in self.changes:
            changes.add(batch.frame, next(variants))
        for curve in self.curve_counts:
            curve.add([next(variants) for _ in curve.curve.points])
        outcomes = next(variants, pl.DataFrame())
        for group in self.groups:
            group.add(batch, outcomes)

    @property
    def _counters(self) -> dict[str, Sequence[Counter]]:
        return {"what_if": self.changes, "curves": self.curve_counts, "groups": self.groups}

    @property
    def _usable(self) -> bool:
        """Whether no value so far stands in the way."""
        return not self.bad or self.bad_values == "unknown"

    def _note(self, bad: Sequence[BadValue]) -> None:
        for each in bad:
            self.bad[each.column] = self.bad.get(each.column, 0) + 1
            held = self.examples.setdefault(each.column, [])
            if len(held) < MOST_EXAMPLES:
                held.append(each)

    def _refuse_repeated(self) -> None:
        """Every patient stands once."""
        hashes = pl.concat(self.ids) if self.ids else pl.Series([], dtype=pl.UInt64)
        if hashes.n_unique() == len(hashes):
            return
        ids = self.engine.ids()
        repeated = ids.filter(ids.is_duplicated())
        if len(repeated):
            some = repeated.unique(maintain_order=True)
            shown = ", ".join(str(each) for each in some.head(MOST_EXAMPLES))
            more = " and others" if len(some) > MOST_EXAMPLES else ""
            stand = "the id stands" if len(some) == 1 else f"{len(some):,} ids stand"
            raise PopulationError(f"{stand} more than once: {shown}{more}; one row a patient")

    def frame(self) -> pl.DataFrame:
        """Id, verdict, outcomes and deciding facts of everyone, in memory. Raises PopulationError."""
        batches = [batch.frame for batch in self.batches()]
        return pl.concat(batches)

    # ---- into a folder

    def write(self, folder: str | Path, progress: Progress = lambda done, of: None, stop: Event | None = None) -> None:
        """Writes `verdicts.parquet`, `summary.json` and `report.html`. Raises PopulationError, and Stopped where `stop`
        was set."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        stop = stop or Event()
        earlier = self._earlier(folder)
        unfinished = folder / (UNFINISHED + ".new")
        try:
            self._sink(unfinished, earlier, progress, stop)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        if self.tally.patients and stop.is_set() and self.tally.patients != self.engine.patients:
            if self.engine.stamp is None:  # nobody can tell whether the next run would read the same rows
                unfinished.unlink()
                raise Stopped(0)
            unfinished.replace(folder / UNFINISHED)
            (folder / STATE).write_text(json.dumps(self._state()))
            raise Stopped(self.tally.patients)
        summary, report = folder / (SUMMARY + ".new"), folder / (REPORT + ".new")
        made = {folder / VERDICTS: unfinished, folder / SUMMARY: summary, folder / REPORT: report}
        try:
            summary.write_text(json.dumps(self.summary(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            report.write_text(self.report(), encoding="utf-8")
        except BaseException:
            for new in made.values():
                new.unlink(missing_ok=True)
            raise
        for path, new in made.items():
            new.replace(path)
        for name in (UNFINISHED, STATE):
            (folder / name).unlink(missing_ok=True)

    def _sink(self, path: Path, earlier: pl.LazyFrame | None, progress: Progress, stop: Event) -> None:
        """Writes all batches, those of an earlier run first, in a thread, so that an interrupt is heard here."""
        problems: list[BaseException] = []

        def frames(*_: Any) -> Iterator[pl.DataFrame]:
            try:
                if earlier is not None:
                    for held in earlier.collect_batches(maintain_order=True):
                        self.ids.append(held["id"].hash())
                        yield held.select(list(self.engine.output_schema()))
                for batch in self.batches(self.tally.patients, stop):
                    progress(self.tally.patients, self.engine.patients)
                    if self._usable:
                        yield batch.frame
            except BaseException as problem:  # told below; the writer would tell it in its own words
                problems.append(problem)

        def write() -> None:
            try:
                lazy = register_io_source(frames, schema=self.engine.output_schema())
                lazy.sink_parquet(path, compression="zstd", row_group_size=250_000)
            except BaseException as problem:
                problems.append(problem)

        thread = Thread(target=write)
        with interrupts_heard(stop):
            thread.start()
            while thread.is_alive():
                thread.join(0.2)
        if problems:
            raise _told(problems[0], path)

    def _state(self) -> dict[str, Any]:
        """What a later run goes on from."""
        more = {name: [each.state() for each in several] for name, several in self._counters.items()}
        bad = {"counts": self.bad, "examples": {name: list(map(asdict, held)) for name, held in self.examples.items()}}
        return {"stamp": self._stamp(), **self.tally.state(), **more, "bad": bad}

    def _stamp(self) -> str:
        """Tells whether a later run is the same: rules, readings, population, options."""
        protocol = self.evaluator.protocol
        held = [
            fingerprint_of(protocol), __version__,
            json.dumps(dict(self.evaluator.readings)), str(self.engine.stamp),
            repr(sorted(self.engine.schema.items(), key=str)), self.bad_values, repr(self.what_if),
            repr([each.text for each in self.curves]), repr(self.by),
        ]  # fmt: skip
        return sha256("\n".join(held).encode()).hexdigest()

    def _earlier(self, folder: Path) -> pl.LazyFrame | None:
        """What an earlier run has decided, if it was the same run."""
        if self.engine.stamp is None:
            return None
        with suppress(OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            state = json.loads((folder / STATE).read_text())
            if state["stamp"] == self._stamp():
                frame = pl.scan_parquet(folder / UNFINISHED)
                if frame.select(pl.len()).collect().item() == state["patients"]:
                    self.tally.restore(state)
                    for name, several in self._counters.items():
                        for each, held in zip(several, state[name], strict=True):
                            each.restore(held)
                    self.bad = dict(state["bad"]["counts"])
                    examples = state["bad"]["examples"]
                    self.examples = {name: [BadValue(**each) for each in held] for name, held in examples.items()}
                    return frame
        return None


@contextmanager
def interrupts_heard(stop: Event) -> Iterator[None]:
    """Takes Ctrl-C as the wish to stop, in place of breaking off at once what Polars has under way."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _told(problem: BaseException, path: Path) -> BaseException:
    """A problem of writing in plain words."""
    if isinstance(problem, PopulationError) or not isinstance(problem, OSError | pl.exceptions.PolarsError):
        return problem
    return PopulationError(f"{path.parent}: {why_not_written(path, problem)}; nothing was kept")


__all__ = ["BadValues", "Missing", "PopulationError", "Screening", "Stopped"]
