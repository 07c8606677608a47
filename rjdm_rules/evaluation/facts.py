"""What a patient record says, checked: the facts that the evaluator works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from ..values.bounds import INFINITY, UNKNOWN, Bounds


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value in the item's declared unit, with the limits that came with it.

    `times` holds the value as a multiple of a limit, for records that give it so (`"3 ×ULN"`). `written` is the unit
    in which the record gave it, when not the declared one, with the factor and offset from it.
    """

    value: Bounds = UNKNOWN
    limits: Mapping[str, Fraction] = field(default_factory=dict)
    times: Mapping[str, Fraction] = field(default_factory=dict)
    written: tuple[str, Fraction, Fraction] | None = field(default=None, compare=False)

    @property
    def recorded(self) -> bool:
        return not self.value.unknown or bool(self.times)

    def multiple(self, limit: str) -> Bounds:
        """The value as a multiple of its ULN or LLN."""
        if limit in self.times:
            return Bounds(self.times[limit], self.times[limit])
        if limit not in self.limits or self.value.unknown:
            return UNKNOWN
        return self.value.moved(lambda end: Fraction(end) / self.limits[limit])


class Chosen(frozenset[str]):
    """The options that a patient has of a `several of` item: a known set. (A plain frozenset holds the options of which
    one holds, as far as is known.)"""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence: `start` and `end` are bounds of days (equal for an event without a course). An `end` that still
    runs is plus infinity. `attributes` holds facts by attribute name; absent is unknown. `more` tells a bare "yes": it
    happened, and who knows how often."""

    start: Bounds
    end: Bounds
    attributes: Mapping[str, object]
    happened: bool | None = True
    more: bool = False

    @property
    def ongoing(self) -> bool:
        return self.end.low == INFINITY


# item name -> bool | Bounds | Measured | frozenset[str] (options that it may be) | Chosen | tuple[Occurrence, ...];
# absent is unknown
Facts = Mapping[str, object]
