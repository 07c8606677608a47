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

from ..protocol.model import Criterion, Part, Protocol
from .evaluating import Evaluated, top_criteria, verdict_column
from .formulas import counted, eligible, independent, truths_of
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

    for part in protocol.parts:
        for block in part.blocks:
            for criterion in block.criteria:
                add(criterion, ())
    return Family(top_criteria(protocol), {id: frozenset(names) for id, names in related.items()})


@dataclass
class Tally:
    """`failing`: for each criterion at the top, of how many patients it is one of n that fail, by n. `facts`: how many
    undetermined patients have each set of deciding facts, as bits. `gained`: how many would be eligible without a
    criterion. `steps`: with all criteria up to one, how many are ineligible (`excluded`) and how many `unknown`."""

    protocol: Protocol
    patients: int = 0
    one_by_one: int = 0
    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    criteria: dict[str, Counter[str]] = field(default_factory=dict)
    failing: dict[str, Counter[int]] = field(default_factory=dict)
    gained: Counter[str] = field(default_factory=Counter)
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    facts: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        self.family = family_of(self.protocol)
        self.items = sorted(self.protocol.items)
        self.separable = independent(self.protocol)
        self.words = [f"facts {n}" for n in range(-(-len(self.items) // WORD))]

    def add(self, batch: Evaluated, counts: bool = True) -> None:
        """Counts a batch; without `counts` only its patients and verdicts."""
        frame = batch.frame
        self.patients += frame.height
        self.one_by_one += batch.one_by_one
        for part in self.protocol.parts:
            name = verdict_column(part.name)
            self.verdicts.setdefault(name, Counter()).update(_counted(frame[name], VERDICTS))
        if not counts or not frame.height:
            return
        for id in self.family.ids:
            self.criteria.setdefault(id, Counter()).update(_counted(frame[id], OUTCOMES))
        self._add_failing(batch.fails)
        if self.separable:
            self._add_formulas(frame)
        self._add_facts(frame["deciding_facts"])

    def _add_failing(self, fails: pl.DataFrame) -> None:
        """A criterion fails alone where no other fails but those above and below it."""
        held = {id: fails[id].to_numpy() for id in self.family.ids if id in fails.columns}
        every, total = np.zeros(fails.height, dtype=np.uint16), np.zeros(fails.height, dtype=np.uint16)
        rows = {id: np.flatnonzero(column) for id, column in held.items()}
        for id, failing in rows.items():
            every[failing] += 1
            total[failing] += id in self.family.top
        for id, failing in rows.items():
            near = [each for each in self.family.related[id] if each in held]
            own = sum((held[each].take(failing) for each in near if each != id), np.uint16(1))
            counts = self.criteria.setdefault(id, Counter())
            counts["fails"] += len(failing)
            counts["fails_only"] += int(np.count_nonzero(own == every.take(failing)))
            if id in self.family.top:
                several = dict(enumerate(np.bincount(total.take(failing)).tolist()))
                self.failing.setdefault(id, Counter()).update({n: count for n, count in several.items() if count})

    def _add_formulas(self, frame: pl.DataFrame) -> None:
        """What the verdict would be without a criterion, and with the criteria up to one only."""
        truths = {id: truths_of(frame[id]) for id in self.family.top}
        for part in self.protocol.parts:
            if not part.blocks:
                continue
            order = [each.id for block in part.blocks for each in block.criteria]
            now = eligible(part, truths, frozenset())
            excluded = np.zeros_like(now.true)
            for place, id in enumerate(order):
                without = eligible(part, truths, frozenset((id,)))
                self.gained[id] += counted(without.true & ~now.true, frame.height)
                so_far = eligible(part, truths, frozenset(order[place + 1 :]))
                excluded = excluded | so_far.false
                step = self.steps.setdefault(id, Counter())
                step["excluded"] += counted(excluded, frame.height)
                step["unknown"] += counted(~(excluded | so_far.true), frame.height)

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

    def look_ups(self, most: int = 10) -> list[dict[str, Any]]:
        """Items to look up, one after the other, each chosen so that with those before it the most undetermined
        patients have all their deciding facts; `settles` is how many that are."""
        if self.facts is None:
            return []
        left = self.facts
        missing = {item: self.has(item) for item in self.items}
        found: list[dict[str, Any]] = []
        settled = 0
        while left.height and len(found) < most:
            size = pl.sum_horizontal(pl.col(word).bitwise_count_ones().cast(pl.Int64) for word in self.words)
            single = pl.when(size == 1).then(pl.col("patients")).otherwise(0)
            counts = left.select(
                *(single.filter(held).sum().alias(f"{item} alone") for item, held in missing.items()),
                *(pl.col("patients").filter(held).sum().alias(item) for item, held in missing.items()),
            ).row(0, named=True)
            best = max(missing, key=lambda item: (counts[f"{item} alone"], counts[item], item))
            if not counts[best]:
                break
            settled += counts[f"{best} alone"]
            found.append({"item": best, "settles": settled})
            word, bit = divmod(self.items.index(best), WORD)
            name = self.words[word]
            left = left.with_columns(pl.col(name) & pl.lit(~(1 << bit), dtype=pl.Int64))
            left = left.filter(pl.any_horizontal(pl.col(each) != 0 for each in self.words))
        return found

    def funnel(self, part: Part) -> list[dict[str, Any]]:
        """The criteria in their order: how many patients each makes ineligible who were not before, how many remain,
        and of how many of these it is not known yet."""
        found = []
        before = 0
        for block in part.blocks:
            for criterion in block.criteria:
                step = self.steps.get(criterion.id, Counter())
                excluded = step["excluded"]
                remaining = self.patients - excluded
                found.append(
                    {
                        "criterion": criterion.id,
                        "excluded": excluded - before,
                        "remaining": remaining,
                        "unknown": step["unknown"],
                    }
                )
                before = excluded
        return found

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
            if self.separable and id in self.family.top:
                criteria[id]["gained"] = self.gained[id]
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
            "look_ups": self.look_ups(),
            "funnel": self._funnels(),
        }

    def _funnels(self) -> Any:
        """The funnel of a protocol, or of each part; null where criteria hang together, so that there is no order."""
        if not self.separable:
            return None
        funnels = {part.name: self.funnel(part) for part in self.protocol.parts}
        return funnels if self.protocol.has_parts else funnels[None]

    # ---- between two sittings

    def state(self) -> dict[str, Any]:
        """All counts, as JSON holds them."""
        return {
            "patients": self.patients,
            "one_by_one": self.one_by_one,
            "verdicts": {name: dict(counts) for name, counts in self.verdicts.items()},
            "criteria": {name: dict(counts) for name, counts in self.criteria.items()},
            "failing": {name: {str(n): count for n, count in counts.items()} for name, counts in self.failing.items()},
            "gained": dict(self.gained),
            "steps": {name: dict(counts) for name, counts in self.steps.items()},
            "facts": None if self.facts is None else self.facts.to_dict(as_series=False),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.patients, self.one_by_one = state["patients"], state["one_by_one"]
        self.verdicts = {name: Counter(counts) for name, counts in state["verdicts"].items()}
        self.criteria = {name: Counter(counts) for name, counts in state["criteria"].items()}
        self.failing = {
            name: Counter({int(n): count for n, count in counts.items()}) for name, counts in state["failing"].items()
        }
        self.gained = Counter(state["gained"])
        self.steps = {name: Counter(counts) for name, counts in state["steps"].items()}
        self.facts = None if state["facts"] is None else pl.DataFrame(state["facts"])


def _counted(column: pl.Series, words: Sequence[str]) -> dict[str, int]:
    codes = column.to_physical().to_numpy()
    return {word: int(np.count_nonzero(codes == place)) for place, word in enumerate(words)}
