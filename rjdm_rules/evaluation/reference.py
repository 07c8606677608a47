"""The reference evaluator: one short function for each kind of expression, slow enough to be believed.

Every faster way of running is tested against it. A value is a truth (True, False, None), `Bounds` for a number or a
date, a frozenset of the options that it may be (None: unknown), or a tuple of occurrences (None: unknown).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..graph.build import RuleGraph
from ..logic.kleene import Truth, conjunction, counted, disjunction
from ..protocol import expressions as x
from ..protocol.model import Protocol
from ..protocol.settling import combined
from ..values import bounds as b
from ..values.bounds import INFINITY, UNKNOWN, Bounds, known
from ..values.calendar import SECONDS_A_DAY
from ..values.windows import between, fits, in_calendar, moved, moved_moment
from .facts import Chosen, Facts, Measured, Occurrence
from .lookups import looked_up
from .partial import (
    DIVISION_BY_ZERO,
    TOO_LONG,
    Value,
    agreed,
    beyond,
    elapsed,
    is_known,
    mean_bounds,
    out_of_range,
    outside,
    unknown_of,
)


@dataclass
class Reference:
    """Evaluates expressions for one patient. `readings` holds the option taken of each reading.

    `settled` fixes the truth of some criteria, for the question what would be if they were met.
    """

    protocol: Protocol
    facts: Facts
    readings: Mapping[str, str]
    settled: Mapping[str, Truth] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    _memo: dict[int, tuple[x.Expression, Value]] = field(default_factory=dict)  # by identity, which keeping it secures
    _named: dict[str, Value] = field(default_factory=dict)
    insufficient: dict[str, set[str]] = field(default_factory=dict)  # by definition: the items that keep it unknown

    def run(self, graph: RuleGraph) -> Reference:
        """Settles all named nodes in the graph's order, so that no evaluation goes deep."""
        for node in graph.order:
            self.settle(node)
        return self

    def settle(self, node: str) -> None:
        """Evaluates one named node of the rule graph."""
        kind, _, name = node.partition(":")
        if kind == "item":
            self.item(name)
        elif kind == "definition":
            self.defined(name)
        elif kind == "criterion":
            self.criterion(name)

    def truth(self, node: x.Expression, occurrence: Occurrence | None = None) -> Truth:
        value: Truth = self.value(node, occurrence)
        return value

    def bounds(self, node: x.Expression, occurrence: Occurrence | None = None) -> Bounds:
        value = self.value(node, occurrence)
        return value.value if isinstance(value, Measured) else value

    def value(self, node: x.Expression, occurrence: Occurrence | None = None) -> Value:
        if occurrence is not None:
            return RULES[type(node)](self, node, occurrence)
        found = self._memo.get(id(node))
        if found is None:
            found = self._memo[id(node)] = (node, RULES[type(node)](self, node, None))
        return found[1]

    # ---- named things

    def item(self, name: str) -> Value:
        if name not in self._named:
            self._named[name] = self._item(name)
        return self._named[name]

    def _item(self, name: str) -> Value:
        item = self.protocol.items[name]
        held = self.facts.get(name)
        if isinstance(held, Measured) and held.recorded:
            return held
        if held is not None and not isinstance(held, Measured):
            return held
        if item.otherwise is not None:
            other = self.value(item.otherwise)
            if item.span and isinstance(other, Bounds) and outside(other, item.span):
                self.messages.append(out_of_range(item))
                other = UNKNOWN
            limits = held.limits if isinstance(held, Measured) else {}
            return Measured(other, limits) if item.unit is not None and isinstance(other, Bounds) else other
        if held is not None:
            return held
        return unknown_of(item.kind)

    def defined(self, name: str) -> Value:
        key = f"definition:{name}"
        if key not in self._named:
            self._named[key] = self.value(self.protocol.definitions[name].expression)
        return self._named[key]

    def criterion(self, id: str) -> Truth:
        if id in self.settled:
            return self.settled[id]
        key = f"criterion:{id}"
        if key not in self._named:
            criterion = self.protocol.criterion(id)
            condition = criterion.condition if criterion else None
            self._named[key] = True if condition is None else self.truth(condition)
        truth: Truth = self._named[key]
        return truth

    # ---- conditions

    def _always(self, node: x.Always, occurrence: Occurrence | None) -> Truth:
        return node.value

    def _logical(self, node: x.Expression, occurrence: Occurrence | None) -> Truth:
        return combined(node, [self.truth(each, occurrence) for each in x.parts(node)])

    def _compare(self, node: x.Compare, occurrence: Occurrence | None) -> Truth:
        return b.compared(node.operator, self.bounds(node.left, occurrence), self.bounds(node.right, occurrence))

    def _isoneof(self, node: x.IsOneOf, occurrence: Occurrence | None) -> Truth:
        possible = self.value(node.subject, occurrence)
        if possible is None:
            return None
        wanted = frozenset(node.options)
        return True if possible <= wanted else None if possible & wanted else False

    def _includes(self, node: x.Includes, occurrence: Occurrence | None) -> Truth:
        held = self.value(node.subject, occurrence)
        return None if held is None else node.option in held

    def _isknown(self, node: x.IsKnown, occurrence: Occurrence | None) -> Truth:
        return is_known(self.value(node.subject, occurrence))

    def _occurs(self, node: x.Occurs, occurrence: Occurrence | None) -> Truth:
        fitting = self.selection(node.occurrences, occurrence)
        return None if fitting is None else disjunction(truth for _, truth in fitting)

    def _inwindow(self, node: x.InWindow, occurrence: Occurrence | None) -> Truth:
        date = self.bounds(node.date, occurrence)
        return None if date.unknown else self.fits(date, date, node.window, occurrence)

    def _criteriontruth(self, node: x.CriterionTruth, occurrence: Occurrence | None) -> Truth:
        return self.criterion(node.criterion)

    # ---- occurrences

    def selection(self, node: x.Expression, outer: Occurrence | None = None) -> list[tuple[Occurrence, Truth]] | None:
        """Each occurrence with whether it satisfies WHERE and window; None where the record holds nothing."""
        if not isinstance(node, x.Selected):
            raise TypeError(f"no occurrences: {type(node).__name__}")
        occurrences = self.item(node.event)
        if isinstance(node.where, x.Always) and not node.where.value:
            return []
        if occurrences is None:
            return None
        found = []
        for each in occurrences:
            where = True if node.where is None else self.truth(node.where, each)
            inside_window = True if node.window is None else self.fits(each.start, each.end, node.window, outer)
            found.append((each, conjunction((each.happened, where, inside_window))))
        return found

    def fits(self, start: Bounds, end: Bounds, window: x.Window, occurrence: Occurrence | None) -> Truth:
        anchor = self.bounds(window.anchor, occurrence)
        if window.kind == "between":
            assert window.end is not None
            return between(start, end, anchor, self.bounds(window.end, occurrence))
        months, units = self.length(window.length, occurrence)
        return fits(start, end, anchor, window.kind, window.direction, months, units)

    def length(self, length: x.Length | None, occurrence: Occurrence | None) -> tuple[int, Bounds]:
        """Months and further units of a length. A computed length that is or may be negative is unknown; of the longer
        or the shorter of several an end is known with one of them."""
        match length:
            case None:
                return 0, known(0)
            case x.CalendarLength(months=months, days=days, seconds=seconds):
                return months, known(days or seconds)
        duration = self._duration(length.duration, occurrence)
        if duration.low < 0:
            if not duration.unknown:
                self.messages.append("a computed length of time is negative and counts as unknown")
            return 0, Bounds(0, INFINITY)
        return 0, duration

    def _duration(self, node: x.Expression, occurrence: Occurrence | None) -> Bounds:
        """The bounds of a calculated length. `MAX(28 days, 5 × half_life)` is at least 28 days whatever the half-life;
        of `MIN` the like holds where nothing in it can be negative."""
        match node:
            case x.Converted(value=x.Extreme() as inner, factor=factor, offset=0):
                return self._duration(inner, occurrence).moved(lambda end: end * factor)
            case x.Extreme(kind=kind, values=values) if kind == "max" or all(map(self._never_negative, values)):
                parts = [self._duration(each, occurrence) for each in values]
                pick = max if kind == "max" else min
                return Bounds(pick(each.low for each in parts), pick(each.high for each in parts))
        found = self.bounds(node, occurrence)
        return Bounds(0, INFINITY) if found.unknown and self._never_negative(node) else found

    def _never_negative(self, node: x.Expression) -> bool:
        """Whether a value cannot be negative, whatever is recorded: by the ranges of its items."""
        match node:
            case x.Constant(value=value):
                return value >= 0
            case x.ItemValue(item=name):
                span = self.protocol.items[name].span
                return span is not None and span.low >= 0
            case x.Converted(value=value, factor=factor, offset=offset):
                return factor > 0 and offset == 0 and self._never_negative(value)
            case x.Arithmetic(operator="×" | "/" | "+", left=left, right=right):
                return self._never_negative(left) and self._never_negative(right)
            case x.Extreme(values=values):
                return all(map(self._never_negative, values))
        return False

    def _selected(self, node: x.Selected, occurrence: Occurrence | None) -> Value:
        """The occurrences themselves (for IS KNOWN, and for an event that `otherwise` settles)."""
        fitting = self.selection(node, occurrence)
        if fitting is None:
            return None
        return tuple(replace(each, happened=truth) for each, truth in fitting if truth is not False)

    def _nooptions(self, node: x.NoOptions, occurrence: Occurrence | None) -> Value:
        return Chosen()

    def _nooccurrences(self, node: x.NoOccurrences, occurrence: Occurrence | None) -> Value:
        return ()

    def _pick(self, node: x.Pick, occurrence: Occurrence | None) -> Value:
        """The occurrences that may be the latest (earliest), or None where there may be none at all."""
        fitting = self.selection(node.occurrences, occurrence)
        certain = [each for each, truth in fitting or () if truth is True]
        if not certain:
            return None
        possible = [each for each, truth in fitting or () if truth is not False]
        if node.kind == "latest":
            bar = max(each.start.low for each in certain)
            return tuple(each for each in possible if each.start.high >= bar)
        bar = min(each.start.high for each in certain)
        return tuple(each for each in possible if each.start.low <= bar)

    def _attributeof(self, node: x.AttributeOf, occurrence: Occurrence | None) -> Value:
        pick = node.occurrence
        assert isinstance(pick, x.Pick) and isinstance(pick.occurrences, x.Selected)
        candidates = self.value(pick, occurrence)
        event = pick.occurrences.event
        if candidates is None:
            return self._unknown_attribute(event, node.attribute)
        if node.attribute == "date":
            return self._picked_date(pick, candidates, occurrence)
        values = [self.attribute(event, node.attribute, each) for each in candidates]
        if node.attribute == "until":
            return Bounds(min(each.low for each in values), max(each.high for each in values))
        return agreed(values, self._unknown_attribute(event, node.attribute))

    def _picked_date(self, pick: x.Pick, candidates: Sequence[Occurrence], occurrence: Occurrence | None) -> Bounds:
        certain = [each for each, truth in self.selection(pick.occurrences, occurrence) or () if truth is True]
        if pick.kind == "latest":
            return Bounds(max(each.start.low for each in certain), max(each.start.high for each in candidates))
        return Bounds(min(each.start.low for each in candidates), min(each.start.high for each in certain))

    def attribute(self, event: str, name: str, occurrence: Occurrence) -> Value:
        if name == "date":
            return occurrence.start
        if name == "until":
            return Bounds(max(occurrence.start.low, occurrence.end.low), occurrence.end.high)
        held = occurrence.attributes.get(name)
        return self._unknown_attribute(event, name) if held is None else held

    def _unknown_attribute(self, event: str, name: str) -> Value:
        if name in ("date", "until"):
            return UNKNOWN
        declared = self.protocol.items[event].attribute(name)
        return unknown_of(declared.kind if declared else "")

    def _attributevalue(self, node: x.AttributeValue, occurrence: Occurrence | None) -> Value:
        assert occurrence is not None
        return self.attribute(node.event, node.attribute, occurrence)

    def _aggregate(self, node: x.Aggregate, occurrence: Occurrence | None) -> Bounds:
        """MAX, MIN, MEAN over occurrences. Unknown when none certainly fits or a value is missing; bounds where it
        depends on which ones fit."""
        assert isinstance(node.occurrences, x.Selected)
        fitting = self.selection(node.occurrences, occurrence)
        chosen = [(each, truth) for each, truth in fitting or () if truth is not False]
        certain: list[Bounds] = []
        possible: list[Bounds] = []
        for each, truth in chosen:
            value = self.attribute(node.occurrences.event, node.attribute, each)
            bounds = value.value if isinstance(value, Measured) else value
            if bounds.unknown:
                return UNKNOWN
            (certain if truth else possible).append(bounds)
        if not certain:
            return UNKNOWN
        if node.kind == "mean":
            return mean_bounds(certain, possible)
        pick = max if node.kind == "max" else min
        sure = Bounds(pick(each.low for each in certain), pick(each.high for each in certain))
        return Bounds(
            sure.low if node.kind == "max" else min([sure.low, *(each.low for each in possible)]),
            sure.high if node.kind == "min" else max([sure.high, *(each.high for each in possible)]),
        )

    # ---- values

    def _itemvalue(self, node: x.ItemValue, occurrence: Occurrence | None) -> Value:
        return self.item(node.item)

    def _readingvalue(self, node: x.ReadingValue, occurrence: Occurrence | None) -> Value:
        return frozenset((self.readings[node.reading],))

    def _definedvalue(self, node: x.DefinedValue, occurrence: Occurrence | None) -> Value:
        return self.defined(node.name)

    def _constant(self, node: x.Constant, occurrence: Occurrence | None) -> Bounds:
        return known(node.value)

    def _dateconstant(self, node: x.DateConstant, occurrence: Occurrence | None) -> Bounds:
        return known(node.day)

    def _optionconstant(self, node: x.OptionConstant, occurrence: Occurrence | None) -> Value:
        return frozenset((node.option,))

    def _converted(self, node: x.Converted, occurrence: Occurrence | None) -> Bounds:
        return self.bounds(node.value, occurrence).moved(lambda end: end * node.factor + node.offset)

    def _arithmetic(self, node: x.Arithmetic, occurrence: Occurrence | None) -> Bounds:
        left, right = self.bounds(node.left, occurrence), self.bounds(node.right, occurrence)
        if node.operator == "/" and right.exact and right.low == 0:
            self.messages.append(DIVISION_BY_ZERO)
        operation = {"+": b.sum_of, "−": b.difference_of, "×": b.product_of, "/": b.quotient_of}[node.operator]
        found = operation(left, right)
        if any(beyond(end) for end in (found.low, found.high)):
            self.messages.append(TOO_LONG)
            return UNKNOWN
        return found

    def _extreme(self, node: x.Extreme, occurrence: Occurrence | None) -> Bounds:
        values = [self.bounds(each, occurrence) for each in node.values]
        if any(each.unknown for each in values):
            return UNKNOWN
        pick = max if node.kind == "max" else min
        return Bounds(pick(each.low for each in values), pick(each.high for each in values))

    def _firstknown(self, node: x.FirstKnown, occurrence: Occurrence | None) -> Value:
        values = [self.value(each, occurrence) for each in node.values]
        return next((each for each in values if is_known(each)), values[-1])

    def _lookup(self, node: x.Lookup, occurrence: Occurrence | None) -> Value:
        table = self.protocol.tables[node.table]
        arguments = [self.value(each, occurrence) for each in node.arguments]
        return looked_up(table, table.result_index(node.column), arguments)

    def _counttrue(self, node: x.CountTrue, occurrence: Occurrence | None) -> Bounds:
        certain, possible = counted([self.truth(each, occurrence) for each in node.conditions])
        return Bounds(certain, possible)

    def _countoptions(self, node: x.CountOptions, occurrence: Occurrence | None) -> Bounds:
        held = self.value(node.subject, occurrence)
        return UNKNOWN if held is None else known(len(held))

    def _countoccurrences(self, node: x.CountOccurrences, occurrence: Occurrence | None) -> Bounds:
        fitting = self.selection(node.occurrences, occurrence)
        if fitting is None:
            return UNKNOWN
        certain, possible = counted([truth for _, truth in fitting])
        more = any(each.more and truth is not False for each, truth in fitting)
        return Bounds(certain, INFINITY if more else possible)

    def _limitvalue(self, node: x.LimitValue, occurrence: Occurrence | None) -> Bounds:
        measured = self.value(node.subject, occurrence)
        limit = measured.limits.get(node.limit) if isinstance(measured, Measured) else None
        return UNKNOWN if limit is None else known(limit)

    def _timeslimit(self, node: x.TimesLimit, occurrence: Occurrence | None) -> Bounds:
        measured = self.value(node.subject, occurrence)
        return measured.multiple(node.limit) if isinstance(measured, Measured) else UNKNOWN

    def _elapsed(self, node: x.Elapsed, occurrence: Occurrence | None) -> Bounds:
        start, end = self.bounds(node.start, occurrence), self.bounds(node.end, occurrence)
        if start.unknown or end.unknown:
            return UNKNOWN
        return Bounds(
            elapsed(node.unit, start.high, end.low, -INFINITY), elapsed(node.unit, start.low, end.high, INFINITY)
        )

    def _dayof(self, node: x.DayOf, occurrence: Occurrence | None) -> Bounds:
        return self.bounds(node.time, occurrence).moved(lambda end: int(end) // SECONDS_A_DAY)

    def _momentsof(self, node: x.MomentsOf, occurrence: Occurrence | None) -> Bounds:
        day = self.bounds(node.date, occurrence)
        return Bounds(
            day.low if day.low == -INFINITY else int(day.low) * SECONDS_A_DAY,
            day.high if day.high == INFINITY else int(day.high) * SECONDS_A_DAY + SECONDS_A_DAY - 1,
        )

    def _shifted(self, node: x.Shifted, occurrence: Occurrence | None) -> Bounds:
        date = self.bounds(node.date, occurrence)
        months, units = self.length(node.length, occurrence)
        if date.unknown or units.high == INFINITY:
            return UNKNOWN
        least, most = (units.low, units.high) if node.sign > 0 else (units.high, units.low)
        by_days = node.moment and not self.by_the_clock(node.length)
        move: Callable[..., Any] = moved_moment if by_days else moved
        found = Bounds(move(date.low, node.sign, months, least), move(date.high, node.sign, months, most))
        return found if in_calendar(found, node.moment) else UNKNOWN

    @staticmethod
    def by_the_clock(length: x.Length) -> bool:
        return length.clock if isinstance(length, x.ComputedLength) else length.seconds > 0


Rule = Callable[[Reference, Any, Occurrence | None], Value]
RULES: dict[type, Rule] = {
    kind: Reference._logical if kind in x.LOGICAL else getattr(Reference, "_" + kind.__name__.lower())
    for kind in x.OPERANDS
}
