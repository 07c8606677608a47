"""Checked expressions: names, types and units resolved. Equal expressions are equal, wherever they were written.

Numbers stand in the unit that `unit` fields name; nothing converts later except through `Converted`. Truth-valued
nodes come first, then values. `parts(node)` lists the operands of any node in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cache
from typing import Any

from ..language.source import Place
from ..units.unit import Unit


@dataclass(frozen=True, repr=False)
class Placed:
    """Where an expression was written; it plays no part in whether two are equal."""

    place: Place | None = field(default=None, compare=False, repr=False, kw_only=True)


# ---- conditions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Always(Placed):
    """A condition that is settled in the file itself (`yes` or `no`)."""

    value: bool


@dataclass(frozen=True, repr=False)
class Not(Placed):
    condition: Expression


@dataclass(frozen=True, repr=False)
class Group(Placed):
    """`kind` is all, any, none, at least, at most or exactly; `style` how it was written (list, infix, between)."""

    kind: str
    count: int
    conditions: tuple[Expression, ...]
    style: str = "list"


@dataclass(frozen=True, repr=False)
class Except(Placed):
    condition: Expression
    exception: Expression


@dataclass(frozen=True, repr=False)
class WaivedIf(Placed):
    condition: Expression
    waiver: Expression


@dataclass(frozen=True, repr=False)
class IfThen(Placed):
    condition: Expression
    consequence: Expression


LOGICAL = (Not, Group, Except, WaivedIf, IfThen)  # conditions made of conditions


@dataclass(frozen=True, repr=False)
class Compare(Placed):
    """Two numbers in one unit, two dates, or two times."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, repr=False)
class IsOneOf(Placed):
    """The option of `subject` is one of `options`. `plain` tells `IS a` from `IN (a)`."""

    subject: Expression
    options: tuple[str, ...]
    plain: bool = False


@dataclass(frozen=True, repr=False)
class Includes(Placed):
    subject: Expression
    option: str


@dataclass(frozen=True, repr=False)
class IsKnown(Placed):
    subject: Expression


@dataclass(frozen=True, repr=False)
class Occurs(Placed):
    """At least one such occurrence."""

    occurrences: Expression


@dataclass(frozen=True, repr=False)
class InWindow(Placed):
    """A single date lies in the window."""

    date: Expression
    window: Window


# ---- values --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class ItemValue(Placed):
    """What the record holds for an item, else what `otherwise` gives."""

    item: str


@dataclass(frozen=True, repr=False)
class ReadingValue(Placed):
    reading: str


@dataclass(frozen=True, repr=False)
class DefinedValue(Placed):
    """A definition, of any type."""

    name: str


@dataclass(frozen=True, repr=False)
class CriterionTruth(Placed):
    """Whether a criterion (`I3.1`) is met."""

    criterion: str


@dataclass(frozen=True, repr=False)
class Constant(Placed):
    """A number in `unit`."""

    value: Fraction
    unit: Unit


@dataclass(frozen=True, repr=False)
class DateConstant(Placed):
    """A day, as an ordinal."""

    day: int


@dataclass(frozen=True, repr=False)
class OptionConstant(Placed):
    option: str


@dataclass(frozen=True, repr=False)
class Converted(Placed):
    """value × factor + offset, into `unit`."""

    value: Expression
    factor: Fraction
    offset: Fraction
    unit: Unit


@dataclass(frozen=True, repr=False)
class Arithmetic(Placed):
    """`+ − × /` on numbers; the result is in `unit`. For + and − both sides are in that unit already."""

    operator: str
    left: Expression
    right: Expression
    unit: Unit


@dataclass(frozen=True, repr=False)
class Extreme(Placed):
    """MAX or MIN of several numbers or dates."""

    kind: str
    values: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class FirstKnown(Placed):
    values: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class Lookup(Placed):
    table: str
    column: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class CountTrue(Placed):
    """How many of several conditions hold."""

    conditions: tuple[Expression, ...]


@dataclass(frozen=True, repr=False)
class CountOptions(Placed):
    subject: Expression


@dataclass(frozen=True, repr=False)
class CountOccurrences(Placed):
    occurrences: Expression


@dataclass(frozen=True, repr=False)
class LimitValue(Placed):
    """The ULN or LLN that came with a measured value, in the unit of the value."""

    limit: str
    subject: Expression


@dataclass(frozen=True, repr=False)
class TimesLimit(Placed):
    """A measured value as a multiple of its own ULN or LLN (a plain number)."""

    limit: str
    subject: Expression


@dataclass(frozen=True, repr=False)
class Elapsed(Placed):
    """Completed years, months or days from one date to another."""

    unit: str
    start: Expression
    end: Expression


@dataclass(frozen=True, repr=False)
class DayOf(Placed):
    """The day of a time."""

    time: Expression


@dataclass(frozen=True, repr=False)
class MomentsOf(Placed):
    """A day as the moments that belong to it."""

    date: Expression


@dataclass(frozen=True, repr=False)
class Shifted(Placed):
    """A date moved by a length; `sign` 1 is later. `moment` tells a time from a day."""

    date: Expression
    sign: int
    length: Length
    moment: bool = False


@dataclass(frozen=True, repr=False)
class Selected(Placed):
    """The occurrences of an event that satisfy WHERE and lie in the window (both optional)."""

    event: str
    where: Expression | None
    window: Window | None


@dataclass(frozen=True, repr=False)
class NoOptions(Placed):
    """None of the options of a `several of` item (`otherwise none`)."""


@dataclass(frozen=True, repr=False)
class NoOccurrences(Placed):
    """An event that never happened (`otherwise none`)."""

    event: str


@dataclass(frozen=True, repr=False)
class Pick(Placed):
    """`LATEST` or `EARLIEST`."""

    kind: str
    occurrences: Expression


@dataclass(frozen=True, repr=False)
class AttributeOf(Placed):
    """An attribute of a picked occurrence (`date` and `until` among them)."""

    attribute: str
    occurrence: Expression


@dataclass(frozen=True, repr=False)
class Aggregate(Placed):
    """MAX, MIN or MEAN of an attribute over occurrences."""

    kind: str
    attribute: str
    occurrences: Expression


@dataclass(frozen=True, repr=False)
class AttributeValue(Placed):
    """In WHERE: an attribute of the occurrence at hand."""

    event: str
    attribute: str


# ---- time ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class CalendarLength(Placed):
    """`months` and `days` on the calendar, or `seconds` for times (hours and minutes). `text` is how it was written."""

    months: int
    days: int
    seconds: int
    text: str


@dataclass(frozen=True, repr=False)
class ComputedLength(Placed):
    """A duration in days, by the `clock` in seconds (a fraction counts)."""

    duration: Expression
    clock: bool = False


Length = CalendarLength | ComputedLength


@dataclass(frozen=True, repr=False)
class Window(Placed):
    """`kind`: within, at least, less than, more than, side (with `direction` before, after, of) or between.
    `moments` says that the clock counts, not the day."""

    kind: str
    direction: str
    length: Length | None
    anchor: Expression
    end: Expression | None
    moments: bool


Condition = (
    Always
    | Not
    | Group
    | Except
    | WaivedIf
    | IfThen
    | Compare
    | IsOneOf
    | Includes
    | IsKnown
    | Occurs
    | InWindow
    | CriterionTruth
)
Value = (
    ItemValue
    | ReadingValue
    | DefinedValue
    | Constant
    | DateConstant
    | OptionConstant
    | Converted
    | Arithmetic
    | Extreme
    | FirstKnown
    | Lookup
    | CountTrue
    | CountOptions
    | CountOccurrences
    | LimitValue
    | TimesLimit
    | Elapsed
    | DayOf
    | MomentsOf
    | Shifted
    | Selected
    | NoOptions
    | NoOccurrences
    | Pick
    | AttributeOf
    | Aggregate
    | AttributeValue
)
Expression = Condition | Value

_STRUCTURES = (Window, CalendarLength, ComputedLength)
OPERANDS = (*Condition.__args__, *Value.__args__)


@cache
def _operand_fields(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def parts(node: Expression | Window | Length) -> list[Expression]:
    """The operands of a node, in the order in which they were written; those inside windows and lengths too."""
    found: list[Expression] = []
    kind: Any = type(node)
    for name in _operand_fields(kind):
        value = getattr(node, name)
        if isinstance(value, OPERANDS):
            found.append(value)
        elif isinstance(value, _STRUCTURES):
            found.extend(parts(value))
        elif isinstance(value, tuple) and value and isinstance(value[0], OPERANDS):
            found.extend(value)
    return found


CONDITIONS = Condition.__args__
