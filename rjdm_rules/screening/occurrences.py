"""The occurrences of one event for many patients, and what is gathered from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl


@dataclass
class Occurrences:
    """The occurrences of one event in a batch, in the order of their patients: `lengths` for each patient, and a frame
    with a row for each occurrence."""

    lengths: np.ndarray[Any, Any]
    frame: pl.DataFrame

    @cached_property
    def patients(self) -> np.ndarray[Any, Any]:
        """For each occurrence the row of its patient."""
        return np.repeat(np.arange(len(self.lengths), dtype=np.uint32), self.lengths)

    @cached_property
    def filled(self) -> np.ndarray[Any, Any]:
        """The patients who have any."""
        return np.flatnonzero(self.lengths)

    @cached_property
    def starts(self) -> np.ndarray[Any, Any]:
        """Where the occurrences of each of these begin."""
        held = self.lengths[self.filled]
        begins: np.ndarray[Any, Any] = np.cumsum(held) - held
        return begins

    def of(self, patients: np.ndarray[Any, Any], columns: Iterable[str]) -> Occurrences:
        """Those of some patients only (by their rows), and some of their columns."""
        names = list(dict.fromkeys(columns)) or self.frame.columns[:1]
        lengths = self.lengths[patients]
        ends = np.cumsum(lengths)
        firsts = (np.cumsum(self.lengths) - self.lengths)[patients]
        places = np.repeat(firsts - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)
        return Occurrences(lengths, self.frame.select(names)[places])


def gathered(op: str, values: pl.Series, held: Occurrences, patients: int) -> pl.Series:
    """`any`, `count`, `max`, `min` or `sum` of the occurrences of each patient."""
    if op in ("any", "count"):
        owners = held.patients[values.fill_null(False).to_numpy()]
        if op == "count":
            return pl.Series(np.bincount(owners, minlength=patients).astype(np.float64))
        found = np.zeros(patients, dtype=bool)
        found[owners] = True
        return pl.Series(found)
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
