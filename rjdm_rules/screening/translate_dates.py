"""Dates and windows of the rules as columns: bounds of days, and what they say of a window for every day they may be.

The meaning is that of `values.windows`; here each edge of a window is a column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ..protocol import expressions as x
from ..values.calendar import LAST_DAY, SECONDS_A_DAY
from .columns import Column
from .ratios import Ratio
from .translate_values import ValueTranslation
from .translation import ONGOING, Days, NotColumnar

Shift = Callable[[Column], Column]
_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Edges:
    """The two ends of a window as what they make of its anchor, and the inverse of the upper one: the least anchor
    whose upper end is not before a day. None is an open side. `never`: nothing can fit; `hollow`: there may
    be no day between the two."""

    low: Shift | None
    high: Shift | None
    inverse: Shift | None = None
    never: bool = False
    hollow: bool = False


class DateTranslation(ValueTranslation):
    """One short method for each kind of date, then windows."""

    def days(self, node: x.Expression) -> Days:
        return self.once("days", node, self._days)

    def _days(self, node: x.Expression) -> Days:
        match node:
            case x.ItemValue():
                return self._date_item(node)
            case x.DefinedValue(name=name):
                return self.days(self.protocol.definitions[name].expression)
            case x.DateConstant(day=day):
                held = self.b.literal(day, "day")
                return Days(held, held)
            case x.Extreme(kind=kind, values=values):
                return self._extreme_day(kind, [self.days(each) for each in values])
            case x.FirstKnown(values=values):
                return self._first_known_day(values)
            case x.DayOf(time=time):
                return self._moved(self.days(time), self.b.day_of, self.b.day_of)
            case x.MomentsOf(date=date):
                last = SECONDS_A_DAY - 1
                first = self.b.first_moment
                return self._moved(self.days(date), first, lambda day: self.b.seconds_later(first(day), last), True)
            case x.Shifted():
                return self._shifted(node)
            case x.AttributeOf():
                return self.picked_days(node)
            case x.AttributeValue(event=event, attribute=attribute):
                return self.attribute_days(event, attribute)
        raise NotColumnar(type(node).__name__)

    def picked_days(self, node: x.AttributeOf) -> Days:
        raise NotImplementedError

    def attribute_days(self, event: str, attribute: str) -> Days:
        """A date of an occurrence: its start, its end (never before the start), or another attribute."""
        held = self.shape.items.get(event)
        shape = held.attributes.get(attribute) if held else None
        if attribute == "until":
            return self.end_of(event)
        return self.dates(attribute, shape, "day", event)

    def end_of(self, event: str) -> Days:
        """The last day of a course; without one, that of an event is its only day. An unrecorded end is not before the
        start."""
        start = self.attribute_days(event, "date")
        if not self.protocol.items[event].course:
            return start
        held = self.shape.items.get(event)
        end = self.dates("until", held.attributes.get("until") if held else None, "day", event)
        return Days(self._later(end.low, start.low), end.high, endless=not end.high.null)

    def runs(self, days: Days) -> Column:
        """Whether a day may be the end of a course that still runs."""
        if not days.endless:
            return self.b.false
        ends = dict.fromkeys((days.low, days.high))
        last = self.b.literal(ONGOING, days.high.type)
        return self.b.surely(self.b.disjunction(self.b.equal(each, last) for each in ends))

    def open(self, days: Days) -> Column:
        """Whether a day is unknown, or known to one side only."""
        return self.b.negation(self.b.conjunction((self.b.known(days.low), self.b.known(days.high))))

    def known_days(self, days: Days) -> Column:
        """Whether something is known of a day. (An end that one tells and another leaves open is in doubt.)"""
        told = self.b.known(days.high)
        if days.exact or not days.endless:
            return told
        apart = self.b.negation(self.b.surely(self.b.equal(days.low, days.high)))
        return self.doubted(told, self.b.conjunction((self.runs(days), apart)))

    def _doubted_days(self, days: Days, condition: Column) -> Days:
        low = self.doubted(days.low, condition)
        return Days(low, low if days.exact else self.doubted(days.high, condition), days.endless)

    def _later(self, a: Column, b: Column) -> Column:
        """The later of two days; a null one gives way."""
        if a is b or b.null:
            return a
        if a.null:
            return b
        return self.b.case([(self.b.less(a, b), b)], self.b.coalesce(a, b))

    def _moved(self, days: Days, low: Shift, high: Shift, apart: bool = False) -> Days:
        first = low(days.low)
        found = Days(first, first if days.exact and not apart else high(days.high))
        return self._doubted_days(found, self.runs(days))

    def _date_item(self, node: x.ItemValue) -> Days:
        item, shape = self.protocol.items[node.item], self.shape.items.get(node.item)
        held = self.dates(item.name, shape, "moment" if item.kind == "time" else "day")
        if item.otherwise is None:
            return held
        other = self.days(item.otherwise)
        if shape is None:
            return other
        recorded = self.b.known(held.high)
        low = self.b.case([(recorded, held.low)], other.low)
        exact = held.exact and other.exact
        return Days(low, low if exact else self.b.case([(recorded, held.high)], other.high), other.endless)

    def _extreme_day(self, kind: str, values: list[Days]) -> Days:
        some_run = self.b.disjunction(self.runs(each) for each in values)
        some_open = self.b.disjunction(self.open(each) for each in values)
        found = self._extreme_bounds(kind, values)
        return self._doubted_days(found, self.b.conjunction((some_run, some_open)))

    def _extreme_bounds(self, kind: str, values: list[Days]) -> Days:
        endless = any(each.endless for each in values)
        low = self._pick(kind, [each.low for each in values], kind == "max")
        if all(each.exact for each in values):
            low = self._pick(kind, [each.low for each in values], False)
            return Days(low, low, endless)
        high = self._pick(kind, [each.high for each in values], kind == "min")
        b = self.b
        some = b.conjunction(b.disjunction((b.known(each.low), b.known(each.high))) for each in values)
        nothing = b.literal(None, low.type)
        return Days(b.case([(some, low)], nothing), b.case([(some, high)], nothing), endless)

    def _pick(self, kind: str, values: list[Column], gives_way: bool) -> Column:
        """The latest (earliest) of several days; an open one gives way, or leaves the result open."""
        found = values[0]
        for each in values[1:]:
            first = self.b.less(each, found) if kind == "max" else self.b.less(found, each)
            if gives_way:
                found = self.b.case([(first, found)], self.b.coalesce(each, found))
                continue
            none = self.b.negation(self.b.conjunction((self.b.known(found), self.b.known(each))))
            found = self.b.case([(none, self.b.literal(None, each.type)), (first, found)], each)
        return found

    def _first_known_day(self, nodes: tuple[x.Expression, ...]) -> Days:
        values = [self.days(each) for each in nodes]
        tests = [self.known(each) for each in nodes[:-1]]
        low = self.b.case(zip(tests, (each.low for each in values), strict=False), values[-1].low)
        endless = any(each.endless for each in values)
        if all(each.exact for each in values):
            return Days(low, low, endless)
        high = self.b.case(zip(tests, (each.high for each in values), strict=False), values[-1].high)
        return Days(low, high, endless)

    # ---- moving dates

    def _shifted(self, node: x.Shifted) -> Days:
        days = self.days(node.date)
        if isinstance(node.length, x.CalendarLength):
            step = self._calendar_step(node.length, node.sign, node.moment)
            return self._moved(days, step, step)
        low, high = self.duration(node.length.duration)
        a_day = SECONDS_A_DAY if node.moment and not node.length.clock else 1  # moments move by days, or by seconds
        units = [self.r.floor(self.r.scaled(each, Fraction(a_day))) for each in (low, high)]
        least, most = (units[0], units[1]) if node.sign > 0 else (units[1], units[0])
        found = Days(self._signed(days.low, least, node.sign), self._signed(days.high, most, node.sign))
        return self._doubted_days(self._in_calendar(found, self.r.known(high), node.moment), self.runs(days))

    def _signed(self, day: Column, by: Column, sign: int) -> Column:
        return self.b.moved(day, by if sign > 0 else self.b.times(by, self.b.number(-1)))

    def _in_calendar(self, days: Days, known: Column, moment: bool) -> Days:
        """The bounds, where the length is known and both ends are days that the calendar has; else unknown."""
        last = LAST_DAY * (SECONDS_A_DAY if moment else 1)
        type = "moment" if moment else "day"
        first, end = self.b.literal(1, type), self.b.literal(last, type)
        inside = [self.b.at_most(first, days.low), self.b.at_most(days.high, end)]
        fine = self.b.surely(self.b.conjunction([known, *inside]))
        nothing = self.b.literal(None, type)
        return Days(self.b.case([(fine, days.low)], nothing), self.b.case([(fine, days.high)], nothing))

    def _calendar_step(self, length: x.CalendarLength, sign: int, moment: bool) -> Shift:
        months, days, seconds = (sign * each for each in (length.months, length.days, length.seconds))
        if moment:
            return lambda at: self.b.seconds_later(self.b.months_later(at, months), days * SECONDS_A_DAY + seconds)
        return lambda day: self.b.days_later(self.b.months_later(day, months), days)

    def duration(self, node: x.Expression) -> tuple[Ratio, Ratio]:
        """The bounds of a calculated length, the lower one never below zero; the upper one is unknown where it is open.
        Of the longer or the shorter of several an end is known with one of them (see `evaluation.reference`)."""
        low, high = self._duration(node)
        nothing = self.r.constant(_ZERO)
        negative = self.b.surely(self.r.less(low, nothing))
        low = self.r.case([(negative, nothing), (self.r.known(low), low)], nothing)
        return low, self.r.case([(negative, self.r.unknown)], high)

    def _duration(self, node: x.Expression) -> tuple[Ratio, Ratio]:
        match node:
            case x.Converted(value=x.Extreme() as inner, factor=factor, offset=0):
                low, high = self._duration(inner)
                return self.r.scaled(low, factor), self.r.scaled(high, factor)
            case x.Extreme(kind=kind, values=values) if kind == "max" or all(map(self._never_negative, values)):
                return self.extreme_bounds(kind, [self._duration(each) for each in values])
        found = self.number(node)
        if not self._never_negative(node):
            return found.low, found.high
        nothing = self.r.constant(_ZERO)
        return self.r.case([(self.r.known(found.low), found.low)], nothing), found.high

    def _never_negative(self, node: x.Expression) -> bool:
        return self.nothing._never_negative(node)

    # ---- windows

    def in_window(self, start: Days, end: Days, window: x.Window) -> Column:
        """Whether a stretch of days meets a window, for each day that any of them may be."""
        anchor, running = self.days(window.anchor), self.runs(end)
        if window.kind == "between":
            assert window.end is not None
            last = self.days(window.end)
            doubts = [self.runs(anchor), self.runs(last)]
            open_ = [self.open(start), self.open(anchor)]
            found = self._between(start, end, anchor, last)
        else:
            doubts = [self.runs(anchor)]
            one_sided = self.b.disjunction((self.b.known(anchor.low), self.b.known(anchor.high)))
            open_ = [self.open(start), self.b.conjunction((self.open(anchor), one_sided))]
            length = window.length
            if length is None or isinstance(length, x.CalendarLength):
                found = self._overlap(start, end, anchor, self._edges(window, length))
            else:
                low, high = self.duration(length.duration)
                open_.append(self.b.negation(self.r.known(high)))
                found = self._of_length(start, end, anchor, window, (low, high))
        doubts.append(self.b.conjunction((running, self.b.disjunction(open_))))
        return self.doubted(found, self.b.disjunction(doubts))

    def _of_length(self, start: Days, end: Days, anchor: Days, window: x.Window, length: tuple[Ratio, Ratio]) -> Column:
        """The same for a window of a calculated length."""
        low, high = length
        shortest = self._overlap(start, end, anchor, self._edges(window, low))
        longest = self._overlap(start, end, anchor, self._edges(window, high))
        endless = self._overlap(start, end, anchor, self._endless(window))
        longest = self.b.case([(self.r.known(high), longest)], endless)
        both = self.b.conjunction((shortest, longest))
        neither = self.b.conjunction((self.b.negation(shortest), self.b.negation(longest)))
        return self.b.three(self.b.surely(both), self.b.surely(neither))

    def _between(self, start: Days, end: Days, low: Days, high: Days) -> Column:
        b = self.b
        ends, starts = self._end_low(start, end), self._start_high(start, end)
        if start.exact and end.exact and start.low is end.low and low.exact and high.exact:
            order = () if low is high else (b.at_most(low.low, high.low),)
            return b.conjunction((b.at_most(starts, high.low), b.at_most(low.low, ends), *order))
        order = () if low is high else (b.at_most(low.high, high.low),)
        sure = b.conjunction((b.at_most(starts, high.low), b.at_most(low.high, ends), *order))
        order = () if low is high else (b.possibly(b.at_most(low.low, high.high)),)
        may = b.conjunction(
            (b.possibly(b.at_most(start.low, high.high)), b.possibly(b.at_most(low.low, end.high)), *order)
        )
        return b.three(sure, b.negation(may))

    def _end_low(self, start: Days, end: Days) -> Column:
        return end.low if end is start or (start.exact and end.low is start.low) else self._later(end.low, start.low)

    def _start_high(self, start: Days, end: Days) -> Column:
        """The earlier of the latest start and the latest end; a null one is endless and gives way."""
        a, b = start.high, end.high
        if a is b:
            return a
        if a.null or b.null:
            return b if a.null else a
        return self.b.case([(self.b.less(b, a), b)], self.b.coalesce(a, b))

    def _overlap(self, start: Days, end: Days, anchor: Days, edges: Edges) -> Column:
        b = self.b
        unknown = b.negation(b.disjunction((b.known(anchor.low), b.known(anchor.high))))
        low, high = edges.low, edges.high
        if edges.never:
            return b.case([(unknown, b.unknown)], b.false)
        sure, may = [], []
        if high is not None:
            sure.append(b.at_most(self._start_high(start, end), high(anchor.low)))
        if low is not None:
            sure.append(b.at_most(low(anchor.high), self._end_low(start, end)))
        if anchor.exact:
            may += [b.at_most(start.low, high(anchor.low))] if high is not None else []
            may += [b.at_most(low(anchor.low), end.high)] if low is not None else []
        else:
            least = anchor.low
            if high is not None:
                assert edges.inverse is not None
                least = self._later(anchor.low, edges.inverse(start.low))
                may.append(b.at_most(least, anchor.high))
            may += [b.at_most(low(least), end.high)] if low is not None else []
        if sure and anchor.exact and start.exact and end.exact and start.low is end.low and not edges.hollow:
            return b.conjunction(sure)  # one day beside one day: inside or not, and unknown where either is
        empty = b.false
        if low is not None and high is not None:
            empty = b.surely(b.less(high(anchor.low), low(anchor.low)))
        possible = b.conjunction(b.possibly(each) for each in may)
        return b.case(
            [(unknown, b.unknown), (empty, b.false), (b.conjunction(sure), b.true), (b.negation(possible), b.false)],
            b.unknown,
        )

    def _edges(self, window: x.Window, length: x.CalendarLength | Ratio | None) -> Edges:
        """The ends of a window of a kind (within, at least, less than, more than, side) and direction."""
        sign = -1 if window.direction == "before" else 1

        def same(day: Column) -> Column:
            return day

        def step(sign: int, up: bool, beyond: int) -> tuple[Shift, Shift]:
            return self._step(length, sign, up, beyond, window.moments)

        match window.kind:
            case "within":
                back, forth = step(-1, False, 0), step(1, False, 0)
                low = same if window.direction == "after" else back[0]
                return Edges(low, same, same) if window.direction == "before" else Edges(low, *forth)
            case "at least":
                far = step(sign, True, 0)
            case "less than":
                near = step(sign, True, -sign)
                hollow = not isinstance(length, x.CalendarLength) or length.days < 1 > length.months + length.seconds
                return Edges(near[0], same, same, hollow=hollow) if sign < 0 else Edges(same, *near, hollow=hollow)
            case _:  # more than; side is more than nothing
                far = step(sign, False, sign)
        return Edges(None, *far) if sign < 0 else Edges(far[0], None)

    def _endless(self, window: x.Window) -> Edges:
        """The same for a length that may be of any size."""

        def same(day: Column) -> Column:
            return day

        if window.kind in ("at least", "more than"):
            return Edges(None, None, never=True)
        before, after = Edges(None, same, same), Edges(same, None)
        return {"before": before, "after": after}.get(window.direction, Edges(None, None))

    def _step(
        self, length: x.CalendarLength | Ratio | None, sign: int, up: bool, beyond: int, moments: bool
    ) -> tuple[Shift, Shift]:
        """What moves an anchor by a length and a little beyond, and the least anchor that comes to a day or later."""
        further = self.b.seconds_later if moments else self.b.days_later
        if isinstance(length, Ratio):
            by = self.r.ceiling(length) if up else self.r.floor(length)
            return (
                lambda day: further(self._signed(day, by, sign), beyond),
                lambda day: self._signed(further(day, -beyond), by, -sign),
            )
        months = sign * length.months if length else 0
        units = sign * (length.days or length.seconds) if length else 0

        def back(day: Column) -> Column:
            wanted = further(day, -units - beyond)
            if not months:
                return wanted
            found = self.b.months_later(wanted, -months)
            short = self.b.less(self.b.months_later(found, months), wanted)
            return self.b.case([(short, further(found, 1))], found)

        return lambda day: further(self.b.months_later(day, months), units + beyond), back
