"""The occurrences of one event for many patients, and what is gathered from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

Indices = np.ndarray[Any, Any]
MANY = 24  # occurrences of one patient


@dataclass
class Occurrences:
    """The occurrences of one event in a batch, in the order of their patients: `lengths` for each patient, and a frame
    with a row for each occurrence."""

    lengths: np.ndarray[Any, Any]
    frame: pl.DataFrame

    @cached_property
    def patients(self) -> np.ndarray[Any, Any]:
        """For each occurrence the row of its patient."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

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

    @cached_property
    def later(self) -> list[tuple[Indices, Indices]]:
        """For the second occurrence, the third and so on: which of the patients who have any have it, and where."""
        held = self.lengths[self.filled]
        found: list[tuple[Indices, Indices]] = []
        who = np.flatnonzero(held > 1)
        while who.size:
            found.append((who, self.starts[who] + len(found) + 1))
            who = who[held[who] > len(found) + 1]
        return found

    def of(self, patients: np.ndarray[Any, Any], columns: Iterable[str]) -> Occurrences:
        """Those of some patients only (by their rows), and some of their columns."""
        names = list(dict.fromkeys(columns)) or self.frame.columns[:1]
        lengths = self.lengths[patients]
        ends = np.cumsum(lengths)
        firsts = (np.cumsum(self.lengths) - self.lengths)[patients]
        places = np.repeat(firsts - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)
        return Occurrences(lengths, self.frame.select(names)[places])


def spread(values: pl.Series, held: Occurrences) -> pl.Series:
    """For each occurrence what its patient has."""
    if not values.dtype.is_numeric():
        return values.gather(held.patients)
    if not values.null_count():
        return pl.Series(values.to_numpy()[held.patients])  # quicker
    return _series(values.fill_null(0).to_numpy()[held.patients], values.is_null().to_numpy()[held.patients])


def gathered(op: str, values: pl.Series, held: Occurrences, patients: int) -> pl.Series:
    """`any`, `count`, `max`, `min` or `sum` of the occurrences of each patient."""
    if op in ("any", "count"):
        owners = held.patients[np.flatnonzero(values.fill_null(False).to_numpy())]
        if op == "count":
            return pl.Series(np.bincount(owners, minlength=patients).astype(np.float64))
        found = np.zeros(patients, dtype=bool)
        found[owners] = True
        return pl.Series(found)
    if op == "sum":
        there = values.is_not_null().to_numpy()
        numbers = values.cast(pl.Float64).fill_null(0).to_numpy()
        return _masked(_reduced(np.add, numbers, held), ~_reduced(np.logical_or, there, held), held, patients)
    function, nothing = (np.maximum, lowest(values.dtype)) if op == "max" else (np.minimum, -lowest(values.dtype))
    numbers = values.fill_null(nothing).to_numpy()
    reduced = _reduced(function, numbers, held)
    return _masked(reduced, reduced == nothing, held, patients)


def lowest(type: Any) -> float | int:
    """A number below all others of a type, of which the opposite is above all others."""
    return -np.inf if type.is_float() else -int(np.iinfo(np.int32 if type == pl.Int32 else np.int64).max)


def _reduced(function: np.ufunc, numbers: np.ndarray[Any, Any], held: Occurrences) -> np.ndarray[Any, Any]:
    """The numbers of each patient who has any, taken together."""
    if not held.filled.size:
        return numbers[:0]
    if held.lengths.max() > MANY:
        reduced: np.ndarray[Any, Any] = function.reduceat(numbers, held.starts)
        return reduced
    found: np.ndarray[Any, Any] = numbers[held.starts]  # quicker than reduceat where there are few
    for who, where in held.later:
        found[who] = function(found[who], numbers[where])
    return found


def _masked(
    numbers: np.ndarray[Any, Any], unknown: np.ndarray[Any, Any], held: Occurrences, patients: int
) -> pl.Series:
    """The numbers of all patients, of whom those without any have none."""
    result, nothing = np.zeros(patients, dtype=numbers.dtype), np.ones(patients, dtype=bool)
    result[held.filled], nothing[held.filled] = numbers, unknown
    return _series(result, nothing)


def _series(numbers: np.ndarray[Any, Any], nothing: np.ndarray[Any, Any]) -> pl.Series:
    """Numbers of which some are null."""
    made = pl.from_arrow(pa.array(numbers, mask=nothing))
    assert isinstance(made, pl.Series)
    return made


def unknown_column(name: str, type: Any, rows: int) -> pl.Series:
    """A column in which nothing is known. (Made of an array: Polars takes a repeated value for a constant, and some of
    its expressions on constants give one row.)"""
    return pl.Series(name, np.zeros(rows)).set(pl.Series(np.ones(rows, dtype=bool)), None).cast(type, strict=False)
