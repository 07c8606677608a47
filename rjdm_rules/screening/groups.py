"""Outcomes by group (site, sex, age band): whom a criterion shuts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ..protocol.model import Protocol
from .evaluating import Evaluated, top_criteria, verdict_column
from .grouping import NOT_RECORDED, Grouping, Groups
from .polars_engine import OUTCOMES, VERDICTS


class Grouped:
    """The counts of one grouping: for each group its patients, verdicts, outcomes and failing criteria."""

    def __init__(self, grouping: Grouping, groups: Groups, protocol: Protocol) -> None:
        self.grouping, self.groups, self.protocol = grouping, groups, protocol
        self.top = top_criteria(protocol)
        self.verdicts = {part.name: verdict_column(part.name) for part in protocol.parts}
        self.counts: dict[str, Counter[str]] = {}

    @property
    def labels(self) -> list[str]:
        return self.groups.labels

    # ---- counts

    def add(self, batch: Evaluated, outcomes: pl.DataFrame) -> None:
        """Counts a batch; `outcomes` are those of the groups' own criteria."""
        codes = self.groups.codes(outcomes, batch.beside)
        for label, count in zip(self.labels, np.bincount(codes, minlength=len(self.labels)), strict=True):
            self._count(label, "patients", count)
        for name in self.verdicts.values():
            self._count_words(codes, batch.frame[name], VERDICTS, name)
        for id in self.top:
            self._count_words(codes, batch.frame[id], OUTCOMES, id)
            if id in batch.fails.columns:
                failing = np.bincount(codes[batch.fails[id].to_numpy()], minlength=len(self.labels))
                for label, count in zip(self.labels, failing, strict=True):
                    self._count(label, f"{id} fails", count)

    def _count(self, label: str, what: str, count: Any) -> None:
        self.counts.setdefault(label, Counter())[what] += int(count)

    def _count_words(self, codes: npt.NDArray[np.int64], column: pl.Series, words: Sequence[str], name: str) -> None:
        pairs = codes * len(words) + column.to_physical().to_numpy()
        table = np.bincount(pairs, minlength=len(self.labels) * len(words)).reshape(len(self.labels), len(words))
        for label, counts in zip(self.labels, table, strict=True):
            for word, count in zip(words, counts, strict=True):
                self._count(label, f"{name} {word}", count)

    def state(self) -> dict[str, Any]:
        return {"labels": self.labels, "counts": {label: dict(counts) for label, counts in self.counts.items()}}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.groups.labels = list(state["labels"])
        self.counts = {label: Counter(counts) for label, counts in state["counts"].items()}

    # ---- what they come to

    def as_json(self) -> dict[str, Any]:
        """The counts of each group, and for each criterion at the top whether the groups differ in it."""
        from .differences import differences  # scipy is loaded where groups are asked for

        whole = bool(self.grouping.edges)  # a band without patients is shown too
        held = [label for label in self.groups.order() if self._patients(label) or (whole and label != NOT_RECORDED)]
        order = held if any(map(self._patients, held)) else []
        known = [label for label in order if label != NOT_RECORDED]
        return {
            "by": self.grouping.name,
            "unit": self.groups.unit,
            "groups": [self._group(label) for label in order],
            "differences": differences({id: [self._failing(label, id) for label in known] for id in self.top}),
        }

    def _patients(self, label: str) -> int:
        return self.counts.setdefault(label, Counter())["patients"]

    def _group(self, label: str) -> dict[str, Any]:
        counts = self.counts[label]
        verdicts = {part: {word: counts[f"{name} {word}"] for word in VERDICTS} for part, name in self.verdicts.items()}
        words = (*OUTCOMES, "fails")
        return {
            "group": label,
            "patients": counts["patients"],
            "verdicts": verdicts if self.protocol.has_parts else verdicts[None],
            "criteria": {id: {word: counts[f"{id} {word}"] for word in words} for id in self.top},
        }

    def _failing(self, label: str, id: str) -> tuple[str, int, int]:
        """How many of a group fail a criterion, and for how many it is decided."""
        counts = self.counts[label]
        return label, counts[f"{id} fails"], counts["patients"] - counts[f"{id} unknown"]
