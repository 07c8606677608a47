"""Expressions over columns: the one form of the rules from which every engine's own is written.

A column belongs to a frame: the patients (frame "", a row a patient) or the occurrences of an event (a row an
occurrence). `spread` takes a patient's value to each of the occurrences; `any`, `count`, `max`, `min` and `sum` gather
occurrences to their patient. Values are nullable; null is unknown:

    truth    Kleene's three values
    number   a floating-point number; where arithmetic is done, a whole one below 2^53, so that it is exact
    day      a day of the calendar
    moment   a second of the calendar, in local time
    text     one of few texts

A condition of `case` that is null counts as false. `any` and `count` take null as false; `max`, `min` and `sum` pass it
over. Equal columns are one object: `Builder` sees to it, and simplifies as it builds.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..values.calendar import SECONDS_A_DAY, completed_months, completed_years, shifted

PATIENTS = ""
STRICT = frozenset(  # operations that are known where all of their operands are, and only there
    ("not", "lt", "le", "eq", "among", "add", "mul", "abs", "scaled", "fits", "months", "days", "seconds", "elapsed",
     "day_of", "midnight", "has", "how many", "spread")
)  # fmt: skip
GATHERING = ("any", "count", "max", "min", "sum")


class NotColumnar(Exception):
    """An expression that has no form in columns; rows in which it may matter go to the evaluator for one patient."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One expression. `value` holds what the operation says apart from its operands; `number` counts columns in the
    order in which they were made, so that operands have lower ones."""

    op: str
    type: str
    frame: str
    operands: tuple[Column, ...]
    value: Any
    number: int

    @property
    def literal(self) -> bool:
        return self.op == "literal"

    @property
    def null(self) -> bool:
        return self.op == "literal" and self.value is None

    def says(self, value: object) -> bool:
        """Whether this is the literal of a value."""
        return self.op == "literal" and self.value is value


def walk(roots: Iterable[Column]) -> Iterator[Column]:
    """Every column that the roots are made of, each once, operands first."""
    found: dict[int, Column] = {}
    stack = list(roots)
    while stack:
        column = stack.pop()
        if column.number not in found:
            found[column.number] = column
            stack.extend(column.operands)
    yield from (found[number] for number in sorted(found))


def walk_down(roots: Iterable[Column], known: Container[int]) -> Iterator[Column]:
    """The roots and what they are made of, down to the columns that are known (by number), each once."""
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        column = stack.pop()
        if column.number not in seen:
            seen.add(column.number)
            yield column
            if column.number not in known:
                stack.extend(column.operands)


class Builder:
    """Makes columns. Two that say the same are the same object."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Column] = {}
        self._known: dict[int, Column] = {}
        self.true, self.false, self.unknown = (self.literal(value, "truth") for value in (True, False, None))

    def make(self, op: str, type: str, operands: tuple[Column, ...] = (), value: Any = None, frame: str = "") -> Column:
        key = (op, type, frame, value.__class__, value, *(each.number for each in operands))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Column(op, type, frame, operands, value, len(self._made))
        return found

    def _over(self, op: str, type: str, operands: Iterable[Column], value: Any = None) -> Column:
        """An operation within one frame; patients' values are spread where occurrences take part."""
        held = tuple(operands)
        frames = {each.frame for each in held} - {PATIENTS}
        if len(frames) > 1:
            raise NotColumnar("occurrences of one event beside those of another")
        frame = next(iter(frames), PATIENTS)
        return self.make(op, type, tuple(self.spread(each, frame) for each in held), value, frame)

    def spread(self, column: Column, frame: str) -> Column:
        """A patient's value beside each occurrence of an event."""
        if column.frame == frame or column.literal:
            return column
        return self.make("spread", column.type, (column,), None, frame)

    # ---- leaves

    def source(self, name: str, type: str, frame: str = PATIENTS) -> Column:
        return self.make("source", type, (), name, frame)

    def literal(self, value: Any, type: str) -> Column:
        return self.make("literal", type, (), value)

    def number(self, value: int | float) -> Column:
        return self.literal(float(value), "number")

    # ---- truth

    def negation(self, a: Column) -> Column:
        if a.literal:
            return self.literal(None if a.value is None else not a.value, "truth")
        return a.operands[0] if a.op == "not" else self._over("not", "truth", (a,))

    def conjunction(self, parts: Iterable[Column]) -> Column:
        return self._joined("and", parts, self.true, self.false)

    def disjunction(self, parts: Iterable[Column]) -> Column:
        return self._joined("or", parts, self.false, self.true)

    def _joined(self, op: str, parts: Iterable[Column], neutral: Column, settling: Column) -> Column:
        held: dict[int, Column] = {}
        for part in parts:
            for each in part.operands if part.op == op else (part,):
                if each is settling:
                    return settling
                if each is not neutral:
                    held[each.number] = each
        if not held:
            return neutral
        several = tuple(held[number] for number in sorted(held))
        return several[0] if len(several) == 1 else self._over(op, "truth", several)

    def known(self, a: Column) -> Column:
        if a.number not in self._known:
            waiting, strict = [a], {}
            while waiting:  # operands first, so that long chains do not go deep
                column = waiting.pop()
                if column.number not in self._known and column.number not in strict:
                    strict[column.number] = column
                    waiting += column.operands if column.op in STRICT else ()
            for number in sorted(strict):
                self._known[number] = self._told(strict[number])
        return self._known[a.number]

    def _told(self, a: Column) -> Column:
        if a.literal:
            return self.literal(a.value is not None, "truth")
        if a.op in ("known", "any", "count", "tally"):
            return self.true
        if a.op in STRICT:
            return self.conjunction(self._known[each.number] for each in a.operands)
        return self._over("known", "truth", (a,))

    def surely(self, a: Column) -> Column:
        """True where a condition is known to be true, else false."""
        return self.coalesce(a, self.false)

    def possibly(self, a: Column) -> Column:
        """False where a condition is known to be false, else true."""
        return self.coalesce(a, self.true)

    def three(self, true: Column, false: Column) -> Column:
        """The truth that is true under one condition, false under another, else unknown."""
        return self.case([(true, self.true), (false, self.false)], self.unknown)

    # ---- choice

    def case(self, rows: Iterable[tuple[Column, Column]], other: Column) -> Column:
        """The value of the first row whose condition is true."""
        held: list[Column] = []
        for condition, value in rows:
            if condition.null or condition.says(False):
                continue
            if condition.says(True):
                other = value
                break
            held += [condition, value]
        while held and held[-1] is other:
            del held[-2:]
        if not held:
            return other
        return self._over("case", other.type, (*held, other))

    def coalesce(self, *values: Column) -> Column:
        """The first value that is known."""
        held: list[Column] = []
        for value in values:
            if value.null:
                continue
            if value.op == "coalesce":
                held += value.operands
            else:
                held.append(value)
            if self.known(held[-1]).says(True):
                break
        if not held:
            return values[-1]
        return held[0] if len(held) == 1 else self._over("coalesce", held[0].type, held)

    # ---- comparison

    def _test(self, op: str, a: Column, b: Column) -> Column:
        if a.null or b.null:
            return self.unknown
        if a.literal and b.literal:
            held = {"lt": a.value < b.value, "le": a.value <= b.value, "eq": a.value == b.value}[op]
            return self.literal(held, "truth")
        if op == "eq" and b.number < a.number:
            a, b = b, a
        return self._over(op, "truth", (a, b))

    def less(self, a: Column, b: Column) -> Column:
        return self._test("lt", a, b)

    def at_most(self, a: Column, b: Column) -> Column:
        return self._test("le", a, b)

    def equal(self, a: Column, b: Column) -> Column:
        return self._test("eq", a, b)

    def among(self, a: Column, values: Iterable[str]) -> Column:
        """Whether a text is one of some; unknown where it is unknown."""
        held = tuple(sorted(set(values)))
        if a.literal:
            return self.literal(None if a.value is None else a.value in held, "truth")
        return self._over("among", "truth", (a,), held)

    # ---- numbers

    def plus(self, a: Column, b: Column) -> Column:
        if a.null or b.null:
            return self.literal(None, "number")
        if a.literal and b.literal:
            return self.number(a.value + b.value)
        if b.says(0.0):
            return a
        return self._over("add", "number", (a, b))

    def minus(self, a: Column, b: Column) -> Column:
        return self.plus(a, self.times(b, self.number(-1)))

    def times(self, a: Column, b: Column) -> Column:
        if a.null or b.null:
            return self.literal(None, "number")
        if a.literal and b.literal:
            return self.number(a.value * b.value)
        for each, other in ((a, b), (b, a)):
            if each.literal and each.value == 1.0:
                return other
        return self._over("mul", "number", (a, b))

    def whole_quotient(self, a: Column, b: Column) -> Column:
        """The largest whole number not above a / b, for whole a and b whose product stays well below 2^53."""
        if a.null or b.null:
            return self.literal(None, "number")
        if a.literal and b.literal:
            return self.number(int(a.value // b.value))
        if b.literal and b.value == 1.0:
            return a
        return self._over("quotient", "number", (a, b))

    def size(self, a: Column) -> Column:
        """The number without its sign."""
        if a.literal:
            return self.number(abs(a.value)) if a.value is not None else a
        return a if a.op in ("abs", "count") else self._over("abs", "number", (a,))

    def scaled(self, a: Column, digits: int) -> Column:
        """A decimal number times 10^digits, rounded to a whole one."""
        return self._over("scaled", "number", (a,), digits)

    def fits(self, a: Column, digits: int) -> Column:
        """Whether a number is exactly its scaled whole number over 10^digits."""
        return self._over("fits", "truth", (a, self.scaled(a, digits)), digits)

    def tally(self, truths: Iterable[Column]) -> Column:
        """How many of several conditions are true."""
        held = [each for each in truths if not (each.null or each.says(False))]
        sure = sum(each.says(True) for each in held)
        open_ = tuple(each for each in held if not each.says(True))
        return self.plus(self._over("tally", "number", open_), self.number(sure)) if open_ else self.number(sure)

    # ---- calendar

    def months_later(self, day: Column, months: int) -> Column:
        """The same day some months later (or earlier), the last day of the month where there is none."""
        if not months or day.null:
            return day
        if day.literal:
            whole, second = (day.value, 0) if day.type == "day" else divmod(day.value, SECONDS_A_DAY)
            found = shifted(whole, months)
            return self.literal(found if day.type == "day" else found * SECONDS_A_DAY + second, day.type)
        return self._over("months", day.type, (day,), months)

    def days_later(self, day: Column, days: int) -> Column:
        if not days or day.null:
            return day
        if day.literal:
            return self.literal(day.value + days, "day")
        if day.op == "days":
            return self.days_later(day.operands[0], day.value + days)
        return self._over("days", "day", (day,), days)

    def moved(self, day: Column, days: Column) -> Column:
        """A day moved by a calculated number of days (or a moment by seconds)."""
        if days.literal and days.value is not None:
            whole = int(days.value)
            return self.days_later(day, whole) if day.type == "day" else self.seconds_later(day, whole)
        if day.null or days.null:
            return self.literal(None, day.type)
        return self._over("moved", day.type, (day, days))

    def seconds_later(self, moment: Column, seconds: int) -> Column:
        if not seconds or moment.null:
            return moment
        if moment.literal:
            return self.literal(moment.value + seconds, "moment")
        return self._over("seconds", "moment", (moment,), seconds)

    def elapsed(self, unit: str, start: Column, end: Column) -> Column:
        """Completed years, months or days from one day to another."""
        if start.null or end.null:
            return self.literal(None, "number")
        if start.literal and end.literal:
            count = {"years": completed_years, "months": completed_months}.get(unit, lambda first, last: last - first)
            return self.number(count(start.value, end.value))
        return self._over("elapsed", "number", (start, end), unit)

    def day_of(self, moment: Column) -> Column:
        if moment.literal:
            return self.literal(None if moment.null else moment.value // SECONDS_A_DAY, "day")
        return self._over("day_of", "day", (moment,))

    def first_moment(self, day: Column) -> Column:
        if day.literal:
            return self.literal(None if day.null else day.value * SECONDS_A_DAY, "moment")
        return self._over("midnight", "moment", (day,))

    # ---- sets

    def has(self, options: Column, option: str) -> Column:
        if options.null:
            return self.unknown
        return self._over("has", "truth", (options,), option)

    def how_many(self, options: Column) -> Column:
        """How many different options a set has."""
        if options.null:
            return self.literal(None, "number")
        return self._over("how many", "number", (options,))

    def strays(self, options: Column, names: Iterable[str]) -> Column:
        """Whether a set holds anything that is none of some options. (For databases: elsewhere sets are tidy.)"""
        return self._over("strays", "truth", (options,), tuple(names))

    # ---- from occurrences to patients

    def gathered(self, op: str, column: Column, frame: str) -> Column:
        """`any`, `count`, `max`, `min` or `sum` over the occurrences of each patient."""
        type = {"any": "truth", "count": "number"}.get(op, column.type)
        if column.null or column.says(False):
            return {"any": self.false, "count": self.number(0)}.get(op, self.literal(None, type))
        return self.make(op, type, (self.spread(column, frame),), frame, PATIENTS)
