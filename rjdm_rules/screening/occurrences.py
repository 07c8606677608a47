"""The occurrences of one event for many patients, and what is gathered from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

Indices = np.ndarray[Any, Any]


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
        return pl.Series(values.to_numpy().take(held.patients))  # quicker
    nothing = values.is_null().to_numpy()
    return masked(values.fill_null(0).to_numpy().take(held.patients), nothing.take(held.patients))


@dataclass(frozen=True)
class Known:
    """Those values of occurrences that are known, with the row of each one's patient."""

    owners: Indices
    numbers: np.ndarray[Any, Any]
    patients: int

    @cached_property
    def alone(self) -> pl.Series | None:
        """Where no patient has two: of each patient the one."""
        return self._put(self.owners, self.numbers) if not self.repeated.any() else None

    @cached_property
    def repeated(self) -> np.ndarray[Any, Any]:
        """For each but the first: whether it is of the same patient as the one before."""
        same: np.ndarray[Any, Any] = self.owners[1:] == self.owners[:-1]
        return same

    def reduced(self, op: str) -> pl.Series:
        """`max`, `min` or `sum` of each patient's; unknown where there is none."""
        if self.alone is not None:
            return self.alone.cast(pl.Float64) if op == "sum" else self.alone
        firsts = np.flatnonzero(np.concatenate([[True], ~self.repeated]))
        function, numbers = {"max": np.maximum, "min": np.minimum, "sum": np.add}[op], self.numbers
        numbers = numbers.astype(np.float64) if op == "sum" else numbers
        return self._put(self.owners.take(firsts), function.reduceat(numbers, firsts))

    def _put(self, owners: Indices, numbers: np.ndarray[Any, Any]) -> pl.Series:
        found, nothing = np.zeros(self.patients, dtype=numbers.dtype), np.ones(self.patients, dtype=bool)
        found[owners], nothing[owners] = numbers, False
        return masked(found, nothing)


def known(values: pl.Series, held: Occurrences) -> Known:
    """The known values of an event's occurrences."""
    there = values.drop_nulls().to_numpy()
    if not values.null_count():
        return Known(held.patients, there, len(held.lengths))
    return Known(held.patients.take(np.flatnonzero(values.is_not_null().to_numpy())), there, len(held.lengths))


def gathered(op: str, values: pl.Series, held: Occurrences) -> pl.Series:
    """For each patient whether `any` of the occurrences has a truth, or the `count` of those that have."""
    found = np.zeros(len(held.lengths), dtype=bool)
    if op == "any" and not values.any():
        return pl.Series(found)
    if op == "any" and not values.null_count() and values.all():
        return pl.Series(held.lengths > 0)
    owners = held.patients.take(np.flatnonzero(values.fill_null(False).to_numpy()))
    if op == "count":
        return pl.Series(np.bincount(owners, minlength=len(held.lengths)).astype(np.float64))
    found[owners] = True
    return pl.Series(found)


def masked(numbers: np.ndarray[Any, Any], nothing: np.ndarray[Any, Any]) -> pl.Series:
    """Numbers of which some are null."""
    return pl.Series(numbers).set(pl.Series(nothing), None)


def unknown_column(name: str, type: Any, rows: int) -> pl.Series:
    """A column in which nothing is known. (Made of an array: Polars takes a repeated value for a constant, and some of
    its expressions on constants give one row.)"""
    return pl.Series(name, np.zeros(rows)).set(pl.Series(np.ones(rows, dtype=bool)), None).cast(type, strict=False)
