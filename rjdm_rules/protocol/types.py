"""The types that expressions of the language have."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..units.unit import Unit


@dataclass(frozen=True, repr=False)
class Truth:
    """A condition, or a yes/no fact."""


@dataclass(frozen=True, repr=False)
class Number:
    """A quantity, expressed in `unit`. `literal` marks a bare number that still may take a unit."""

    unit: Unit
    literal: bool = False


@dataclass(frozen=True, repr=False)
class OneOf:
    options: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class SeveralOf:
    options: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Date:
    """A day."""


@dataclass(frozen=True, repr=False)
class Time:
    """A moment, to the second, in the site's local time."""


@dataclass(frozen=True, repr=False)
class Occurrences:
    """The occurrences of an event."""

    event: str


@dataclass(frozen=True, repr=False)
class Occurrence:
    """One picked occurrence (`LATEST(e)`)."""

    event: str


Type = Truth | Number | OneOf | SeveralOf | Date | Time | Occurrences | Occurrence


@dataclass(frozen=True, repr=False)
class Span:
    """A range of numbers in the declared unit, both ends inside."""

    low: Fraction
    high: Fraction


def in_words(kind: Type) -> str:
    """What a value of this type is, for a message."""
    match kind:
        case Truth():
            return "a condition (yes or no)"
        case Number(unit=unit):
            return f"a number in {unit.text}" if unit.text and unit.text != "1" else "a number"
        case OneOf():
            return "one of " + ", ".join(kind.options[:6]) + (", …" if len(kind.options) > 6 else "")
        case SeveralOf():
            return "a set of options"
        case Date():
            return "a date"
        case Time():
            return "a time"
        case Occurrences():
            return "an event"
        case _:
            return "an occurrence"
