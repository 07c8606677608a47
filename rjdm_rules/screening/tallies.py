"""What is counted over a population: verdicts, outcomes, the criteria that fail, and the facts that are missing.

All counts are exact, and sums of the counts of batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from ..protocol.model import Criterion, Protocol
from .evaluating import Evaluated, verdict_column
from .polars_engine import OUTCOMES, VERDICTS

WORD = 63  # items that one number holds as bits


@dataclass(frozen=True)
class Family:
    """The criteria of a protocol by id: those at the top, and for each those above and below it."""

    top: tuple[str, ...]
    related: Mapping[str, frozenset[str]]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.related)


def family_of(protocol: Protocol) -> Family:
    related: dict[str, set[str]] = {}

    def add(criterion: Criterion, above: tuple[str, ...]) -> None:
        below = {each.id for each in criterion.walk()}
        related[criterion.id] = {*above, *below}
        for child in criterion.children:
            add(child, (*above, criterion.id))

    top = [each for part in protocol.parts for block in part.blocks for each in block.criteria]
    for criterion in top:
        add(criterion, ())
    return Family(tuple(each.id for each in top), {id: frozenset(names) for id, names in related.items()})


@dataclass
class Tally:
    """`failing`: for each criterion at the top, of how many patients it is one of n that fail, by n. `facts`: how many
    undetermined patients have each set of deciding facts, as bits."""

    protocol: Protocol
    patients: int = 0
    one_by_one: int = 0
    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    criteria: dict[str, Counter[str]] = field(default_factory=dict)
    failing: dict[str, Counter[int]] = field(default_factory=dict)
    facts: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        self.family = family_of(self.protocol)
        self.items = sorted(self.protocol.items)
        self.words = [f"facts {n}" for n in range(-(-len(self.items) // WORD))]

    def add(self, batch: Evaluated) -> None:
        frame = batch.frame
        self.patients += frame.height
        self.one_by_one += batch.one_by_one
        for part in self.protocol.parts:
            name = verdict_column(part.name)
            self.verdicts.setdefault(name, Counter()).update(_counted(frame[name], VERDICTS))
        for id in self.family.ids:
            self.criteria.setdefault(id, Counter()).update(_counted(frame[id], OUTCOMES))
        self._add_failing(batch.fails)
        self._add_facts(frame["deciding_facts"])

    def _add_failing(self, fails: pl.DataFrame) -> None:
        """A criterion fails alone where no other fails but those above and below it."""
        held = {id: fails[id].to_numpy() for id in self.family.ids if id in fails.columns}
        if not held:
            return
        nothing = np.zeros(fails.height, dtype=np.uint8)
        every, total = nothing.copy(), nothing.copy()
        for id, column in held.items():
            every += column
            total += column if id in self.family.top else 0
        numbers = {n: total == n for n in range(1, int(total.max()) + 1)}
        for id, column in held.items():
            counts = self.criteria.setdefault(id, Counter())
            counts["fails"] += int(np.count_nonzero(column))
            own = nothing.copy()
            for each in self.family.related[id]:
                own += held.get(each, nothing)
            counts["fails_only"] += int(np.count_nonzero(column & (own == every)))
            if id in self.family.top:
                several = {n: int(np.count_nonzero(column & rows)) for n, rows in numbers.items()}
                self.failing.setdefault(id, Counter()).update({n: count for n, count in several.items() if count})

    def _add_facts(self, facts: pl.Series) -> None:
        lists = facts.filter(facts.list.len() > 0)
        if not len(lists):
            return
        lengths = lists.list.len().to_numpy().astype(np.int64)
        codes = lists.explode().to_physical().to_numpy().astype(np.int64)
        starts = np.cumsum(lengths) - lengths
        masks = {}
        for number, name in enumerate(self.words):
            here = codes // WORD == number
            bits = np.where(here, np.left_shift(np.int64(1), codes % WORD), np.int64(0))
            masks[name] = np.bitwise_or.reduceat(bits, starts)
        sets = pl.DataFrame(masks).group_by(self.words).len("patients").cast({"patients": pl.Int64})
        if self.facts is not None:
            sets = pl.concat([self.facts, sets]).group_by(self.words).agg(pl.col("patients").sum())
        self.facts = sets

    # ---- what they come to

    def shapley(self, id: str) -> Fraction:
        """The criterion's share in the exclusions: a patient with f failing criteria counts 1/f for each."""
        return sum((Fraction(count, n) for n, count in self.failing.get(id, Counter()).items()), Fraction(0))

    def has(self, item: str) -> pl.Expr:
        """Whether an item is one of a set of deciding facts."""
        word, bit = divmod(self.items.index(item), WORD)
        return (pl.col(self.words[word]) & pl.lit(1 << bit, dtype=pl.Int64)) != 0

    def next_best_facts(self) -> list[dict[str, Any]]:
        """For each missing item how many undetermined patients it is a deciding fact of (`patients`), and of how many
        the only one (`alone`); those of most patients first."""
        if self.facts is None:
            return []
        size = sum(pl.col(word).bitwise_count_ones().cast(pl.Int64) for word in self.words)
        single = pl.col("patients").filter(pl.lit(size) == 1 if isinstance(size, int) else size == 1)
        found = []
        for item in self.items:
            held = self.facts.filter(self.has(item))
            patients = int(held["patients"].sum())
            if patients:
                found.append({"item": item, "patients": patients, "alone": int(held.select(single.sum()).item())})
        return sorted(found, key=lambda each: (-each["patients"], -each["alone"], each["item"]))

    def as_json(self) -> dict[str, Any]:
        """The summary in the shape that outside tools rely on."""
        criteria = {}
        for id in self.family.ids:
            counts = self.criteria.get(id, Counter())
            criteria[id] = {
                **{word: counts[word] for word in OUTCOMES},
                "fails": counts["fails"],
                "fails_only": counts["fails_only"],
                "shapley": round(float(self.shapley(id)), 6) if id in self.family.top else None,
            }
        verdicts = {
            part.name: {word: self.verdicts.get(verdict_column(part.name), Counter())[word] for word in VERDICTS}
            for part in self.protocol.parts
        }
        named: Mapping[Any, Any] = verdicts if self.protocol.has_parts else verdicts[None]
        return {
            "patients": self.patients,
            "verdicts": dict(named),
            "criteria": criteria,
            "next_best_facts": self.next_best_facts(),
        }

    # ---- between two sittings

    def state(self) -> dict[str, Any]:
        """All counts, as JSON holds them."""
        return {
            "patients": self.patients,
            "one_by_one": self.one_by_one,
            "verdicts": {name: dict(counts) for name, counts in self.verdicts.items()},
            "criteria": {name: dict(counts) for name, counts in self.criteria.items()},
            "failing": {name: {str(n): count for n, count in counts.items()} for name, counts in self.failing.items()},
            "facts": None if self.facts is None else self.facts.to_dict(as_series=False),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.patients, self.one_by_one = state["patients"], state["one_by_one"]
        self.verdicts = {name: Counter(counts) for name, counts in state["verdicts"].items()}
        self.criteria = {name: Counter(counts) for name, counts in state["criteria"].items()}
        self.failing = {
            name: Counter({int(n): count for n, count in counts.items()}) for name, counts in state["failing"].items()
        }
        self.facts = None if state["facts"] is None else pl.DataFrame(state["facts"])


def _counted(column: pl.Series, words: Sequence[str]) -> dict[str, int]:
    codes = column.to_physical().to_numpy()
    return {word: int(np.count_nonzero(codes == place)) for place, word in enumerate(words)}
