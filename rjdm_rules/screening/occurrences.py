"""The occurrences of one event for many patients, and what is gathered from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

Indices = np.ndarray[Any, Any]
REDUCTIONS = {"max": np.maximum, "min": np.minimum, "sum": np.add}


@dataclass
class Occurrences:
    """The occurrences of one event in a batch, in the order of their patients: `lengths` for each patient, and a frame
    with a row for each occurrence."""

    lengths: np.ndarray[Any, Any]
    frame: pl.DataFrame

    @cached_property
    def patients(self) -> Indices:
        """For each occurrence the row of its patient."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def filled(self) -> Indices:
        """The patients who have any."""
        return np.flatnonzero(self.lengths)

    @cached_property
    def starts(self) -> Indices:
        """Where the occurrences of each of these begin."""
        held = self.lengths[self.filled]
        begins: Indices = np.cumsum(held) - held
        return begins

    def of(self, chosen: np.ndarray[Any, Any], columns: Iterable[str]) -> Occurrences:
        """Those of some patients only (of whom `chosen` is true), and some of their columns."""
        names = list(dict.fromkeys(columns)) or self.frame.columns[:1]
        frame = self.frame.select(names).filter(pl.Series(chosen.take(self.patients), dtype=pl.Boolean))
        return Occurrences(self.lengths[chosen], frame)


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
    def lasts(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """The last of each patient, and who has none."""
        found, nothing = np.zeros(self.patients, dtype=self.numbers.dtype), np.ones(self.patients, dtype=bool)
        found[self.owners], nothing[self.owners] = self.numbers, False
        return found, nothing

    @cached_property
    def others(self) -> Indices:
        """Those after which the same patient has another."""
        return np.flatnonzero(self.owners[1:] == self.owners[:-1])

    def reduced(self, op: str) -> pl.Series:
        """`max`, `min` or `sum` of each patient's; unknown where there is none."""
        found, nothing = self.lasts
        if op == "sum":
            found = found.astype(np.float64)
        if self.others.size:
            found = found.copy()
            REDUCTIONS[op].at(found, self.owners.take(self.others), self.numbers.take(self.others))
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
