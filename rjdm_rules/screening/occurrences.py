"""The occurrences of one event for many patients, and what is gathered from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl


@dataclass
class Occurrences:
    """The occurrences of one event in a batch, in the order of their patients: `lengths` for each patient, and a frame
    with a row for each occurrence."""

    lengths: np.ndarray[Any, Any]
    frame: pl.DataFrame

    def __post_init__(self) -> None:
        self.patients = np.repeat(np.arange(len(self.lengths)), self.lengths)
        self.filled = np.flatnonzero(self.lengths)
        ends = np.cumsum(self.lengths)
        self.starts = (ends - self.lengths)[self.filled]

    def of(self, patients: pl.Series) -> Occurrences:
        """Those of some patients only."""
        kept = patients.to_numpy()
        return Occurrences(self.lengths[kept], self.frame.filter(pl.Series(kept[self.patients])))


def gathered(op: str, values: pl.Series, held: Occurrences, patients: int) -> pl.Series:
    """`any`, `count`, `max`, `min` or `sum` of the occurrences of each patient."""
    if op in ("any", "count"):
        true = values.fill_null(False).to_numpy()
        if op == "any":
            found = np.zeros(patients, dtype=bool)
            found[held.filled] = np.logical_or.reduceat(true, held.starts) if held.filled.size else False
            return pl.Series(found)
        counts = np.zeros(patients)
        counts[held.filled] = np.add.reduceat(true, held.starts, dtype=np.float64) if held.filled.size else 0
        return pl.Series(counts)
    there = values.is_not_null().to_numpy()
    neutral = {"max": -np.inf, "min": np.inf, "sum": 0.0}[op]
    numbers = values.cast(pl.Float64).fill_null(neutral).to_numpy()
    function = {"max": np.maximum, "min": np.minimum, "sum": np.add}[op]
    result, some = np.zeros(patients), np.zeros(patients, dtype=bool)
    if held.filled.size:
        some[held.filled] = np.logical_or.reduceat(there, held.starts)
        result[held.filled] = function.reduceat(numbers, held.starts)
    result[~some] = 0
    found_values = pl.Series(result).set(pl.Series(~some), None)
    return found_values.cast(values.dtype)


def unknown_column(name: str, type: Any, rows: int) -> pl.Series:
    """A column in which nothing is known. (Made of an array: Polars takes a repeated value for a constant, and some of
    its expressions on constants give one row.)"""
    return pl.Series(name, np.zeros(rows)).set(pl.Series(np.ones(rows, dtype=bool)), None).cast(type, strict=False)
