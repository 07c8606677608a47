"""Values that a record may be given so that a condition comes out one way or another: borders, options, dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import islice, product
from typing import Any

from ..evaluation.reference import Reference
from ..protocol import expressions as x
from ..protocol.model import Item, Protocol
from ..protocol.terms import constant_value, items_behind, walk
from ..values.calendar import SECONDS_A_DAY, shifted
from .coverage import border_of
from .subjects import scoped, step_of

Record = dict[str, Any]
FIRST_DAY = date(2026, 3, 2)  # a date of screening, where nothing says another
USUAL_LIMITS = {"ULN": Fraction(40), "LLN": Fraction(10)}
MOST_SELECTIONS = 24


def usual_limit(item: Item, limit: str) -> Fraction:
    """A limit of normal for a patient who is made up: a common one, or one inside the range of the item."""
    span = item.span
    if span is None or (span.low < USUAL_LIMITS["LLN"] and USUAL_LIMITS["ULN"] < span.high):
        return USUAL_LIMITS[limit]
    part = Fraction(3, 4) if limit == "ULN" else Fraction(1, 4)
    return Fraction(round((span.low + (span.high - span.low) * part) * 10), 10)


def plain(value: Fraction) -> str | None:
    """A number as a record holds it; None where it has no end in decimals."""
    scaled = value * 10**9
    if scaled.denominator != 1:
        return None
    whole, part = divmod(abs(int(scaled)), 10**9)
    digits = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + digits


def quantity(item: Item, value: Fraction) -> Any | None:
    """A number in the item's unit, as a record holds it; None where the item cannot have it."""
    if item.span and not item.span.low <= value <= item.span.high:
        return None
    if item.kind == "count" and value.denominator != 1:
        return None
    digits = plain(value)
    if digits is None or (value < 0 and not (item.span and item.span.low < 0)):
        return None
    if item.unit is None or item.unit.plain:
        return int(value) if value.denominator == 1 else float(digits)
    return f"{digits} {item.unit.text}"


def nodes_behind(expression: x.Expression, protocol: Protocol) -> list[x.Expression]:
    """An expression and all below it, through definitions and what stands in for items that are not recorded."""
    found: list[x.Expression] = []
    seen: set[str] = set()
    stack = [expression]
    while stack:
        for node in walk(stack.pop()):
            found.append(node)
            match node:
                case x.DefinedValue(name=name) if name not in seen:
                    stack.append(protocol.definitions[name].expression)
                    seen.add(name)
                case x.ItemValue(item=name) | x.Selected(event=name) if name not in seen:
                    seen.add(name)
                    other = protocol.items[name].otherwise
                    stack += [other] if other is not None else []
    return found


def items_of(expression: x.Expression, protocol: Protocol) -> set[str]:
    """The items behind an expression, those too that stand in for others."""
    found: set[str] = set()
    for node in nodes_behind(expression, protocol):
        match node:
            case x.ItemValue(item=name) | x.Selected(event=name) | x.AttributeValue(event=name):
                found.add(name)
    return found


def in_order_of_change(expression: x.Expression, protocol: Protocol, record: Record) -> list[str]:
    """The items behind a condition: first those that are recorded, last those from which others only count in time."""
    nodes = nodes_behind(expression, protocol)
    windows = [node.window for node in nodes if isinstance(node, x.Selected | x.InWindow) and node.window]
    anchors = set().union(
        *(items_behind(window.anchor, protocol) for window in windows),
        *(items_behind(node.end, protocol) for node in nodes if isinstance(node, x.Elapsed)),
    )
    behind, direct = items_of(expression, protocol), items_behind(expression, protocol)
    names = [name for name in protocol.items if name in behind]
    return sorted(names, key=lambda name: (name in anchors, record.get(name) is None, name not in direct))


class Candidates:
    """The values of each item behind one condition, tried one after the other."""

    def __init__(
        self,
        protocol: Protocol,
        expression: x.Expression,
        record: Record,
        reference: Reference,
        elsewhere: Sequence[x.Expression] = (),
    ) -> None:
        """`elsewhere` are comparisons of the whole protocol: what an event holds is better told for them too."""
        self.protocol, self.record, self.reference, self.elsewhere = protocol, record, reference, elsewhere
        self.nodes = nodes_behind(expression, protocol)

    def of(self, item: Item) -> Iterator[Any]:
        """Values of an item, the most telling first; None takes it out of the record."""
        match item.kind:
            case "truth":
                yield from (True, False)
            case "one of":
                yield from self._options(item)
            case "several of":
                yield from self._sets(item)
            case "date" | "time":
                yield from self._dates(item)
            case "event":
                yield from self._events(item)
            case _:
                yield from self._numbers(item)
        yield None

    # ---- options

    def _options(self, item: Item) -> Iterator[str]:
        asked = [option for node in self.nodes if isinstance(node, x.IsOneOf) for option in node.options]
        names = item.option_names
        yield from dict.fromkeys([*(name for name in names if name in asked), *names])

    def _sets(self, item: Item) -> Iterator[list[str]]:
        names = list(item.option_names)
        asked = [node.option for node in self.nodes if isinstance(node, x.Includes)]
        for option in dict.fromkeys(asked):
            yield [option]
            yield [name for name in names if name != option][:2]
        for size in range(len(names) + 1):
            yield names[:size]

    # ---- numbers

    def _numbers(self, item: Item) -> Iterator[Any]:
        held = self.record.get(item.name)
        for limit, value in self._multiples(item):
            yield self._with_limit(item, limit, value, held)
        for value in self._values(item):
            written = quantity(item, value)
            if written is not None:
                yield written if not isinstance(held, dict) else {**held, "value": written}

    def _multiples(self, item: Item) -> Iterator[tuple[str, Fraction]]:
        for node in self.nodes:
            match node:
                case x.Compare(left=x.TimesLimit(limit=limit, subject=x.ItemValue(item=name)), right=right) if (
                    name == item.name
                ):
                    value, step = constant_value(right), step_of(right, node.left)
                    for each in (value, value - step, value + step) if value is not None else ():
                        yield limit, each

    def _with_limit(self, item: Item, limit: str, multiple: Fraction, held: Any) -> Any:
        """A value as a multiple of its limit of normal, with the limit that the record holds or a usual one."""
        key = limit.lower()
        own = held.get(key) if isinstance(held, dict) else None
        bound = _number(own) if own is not None else usual_limit(item, limit)
        unit = item.unit.text if item.unit and not item.unit.plain else ""
        if isinstance(held, dict) and isinstance(held.get("value"), str):
            unit = held["value"].partition(" ")[2] or unit
        digits = plain(multiple * bound)
        limits = {k: v for k, v in held.items() if k in ("uln", "lln")} if isinstance(held, dict) else {}
        value = f"{digits} {unit}".strip() if unit else float(digits or 0)
        for name in item.limits:  # where both are asked for, both are given
            if name.lower() not in limits and own is None:
                usual = plain(usual_limit(item, name))
                limits[name.lower()] = f"{usual} {unit}".strip() if unit else float(usual or 0)
        return {"value": value, **limits}

    def _values(self, item: Item) -> list[Fraction]:
        """The values at, just below and just above each threshold, worked back through what is calculated."""
        found: list[Fraction] = []
        for node in self.nodes:
            if not isinstance(node, x.Compare) or scoped(node.left) or scoped(node.right):
                continue
            value = constant_value(node.right)
            target = value if value is not None else self._known(node.right)
            if target is None:
                continue
            step = step_of(node.right, node.left)
            if isinstance(node.left, x.ItemValue) and node.left.item == item.name:
                found += [target, target - step, target + step]
            else:
                found += self._worked_back(item, node.left, target, step)
        span = item.span
        ends = [span.low, (span.low + span.high) / 2, span.high] if span else [Fraction(1), Fraction(0), Fraction(100)]
        return list(dict.fromkeys([*found, *(Fraction(round(end)) for end in ends)]))

    def _known(self, node: x.Expression) -> Fraction | None:
        bounds = self.reference.bounds(node)
        return Fraction(bounds.low) if bounds.exact else None

    def _worked_back(self, item: Item, node: x.Expression, target: Fraction, step: Fraction) -> list[Fraction]:
        """Values of an item for which a calculation comes to the target and just beside it: exact where it grows in
        proportion to the item or to its reciprocal."""
        tries = [(Fraction(each), self._with(item, Fraction(each), node)) for each in (1, 2, 3)]
        sure = [(at, value) for at, value in tries if value is not None]
        if len(sure) < 3:
            return []
        for turned in (False, True):
            points = [(1 / at if turned else at, value) for at, value in sure]
            (a, fa), (b, fb), (c, fc) = points
            slope = (fb - fa) / (b - a)
            if slope == 0 or fa + slope * (c - a) != fc:
                continue
            wanted = [a + (each - fa) / slope for each in (target, target - step, target + step)]
            return [1 / each if turned else each for each in wanted if not turned or each != 0]
        return []

    def _with(self, item: Item, value: Fraction, node: x.Expression) -> Fraction | None:
        from ..evaluation.facts import Measured
        from ..values.bounds import known

        facts = {name: self.reference.facts.get(name) for name in self.protocol.items}
        facts[item.name] = Measured(known(value), {})
        bounds = Reference(self.protocol, facts, self.reference.readings).bounds(node)
        return Fraction(bounds.low) if bounds.exact else None

    # ---- dates

    def _dates(self, item: Item) -> Iterator[str]:
        for day in self._days(item.name):
            yield day_words(day) if item.kind == "date" else f"{day_words(day)}T12:00"

    def _days(self, name: str) -> list[int]:
        """Days at the borders of the windows and spans of time that an item or event stands in, and far from them."""
        found: list[int] = []
        for node in self.nodes:
            window = node.window if isinstance(node, x.Selected | x.InWindow) else None
            if scoped(node):
                continue
            if window is not None:
                found += self._around_window(window)
            elif isinstance(node, x.Compare) and (span := self._span_of(node.left)) is not None:
                found += self._around_span(span, constant_value(node.right), name)
            elif isinstance(node, x.Compare) and isinstance(node.right, x.DateConstant):
                found += beside(node.right.day)
        return list(dict.fromkeys([*found, FIRST_DAY.toordinal(), FIRST_DAY.toordinal() - 3650]))

    def _span_of(self, node: x.Expression) -> x.Elapsed | None:
        """The span of time that a value is, or that stands in for it where it is not recorded."""
        other = self.protocol.items[node.item].otherwise if isinstance(node, x.ItemValue) else node
        return other if isinstance(other, x.Elapsed) else None

    def _around_window(self, window: x.Window) -> list[int]:
        anchor = self.reference.bounds(window.anchor)
        if not anchor.exact:
            return []
        scale = SECONDS_A_DAY if window.moments else 1
        at = int(anchor.low) // scale
        if window.kind == "between" and window.end is not None:
            end = self.reference.bounds(window.end)
            return [*beside(at), *(beside(int(end.low) // scale) if end.exact else [])]
        border = border_of(window, self.reference)
        edge = int(border) // scale if border is not None else at
        return [*beside(edge), (edge + at) // 2, at, at - 1, at + 1, at - 4000, at + 4000]

    def _around_span(self, span: x.Elapsed, length: Fraction | None, name: str) -> list[int]:
        """For `YEARS FROM birth_date TO screening ≥ 5`: the days of birth on which five years are just completed."""
        start, end = self.reference.bounds(span.start), self.reference.bounds(span.end)
        if length is None or length.denominator != 1:
            return []
        behind_start = any(isinstance(each, x.ItemValue) and each.item == name for each in walk(span.start))
        known = end if behind_start else start
        if not known.exact:
            return []
        sign = -1 if behind_start else 1
        found: list[int] = []
        for each in (int(length), int(length) + 1, int(length) - 1):
            months = {"years": 12, "months": 1}.get(span.unit, 0) * each
            found += beside(shifted(int(known.low), sign * months) + sign * (each if span.unit == "days" else 0))
        return found

    # ---- events

    def _events(self, item: Item) -> Iterator[Any]:
        yield []
        occurrences = islice(self._occurrences(item), MOST_SELECTIONS)
        singles = [[each] for each in occurrences]
        yield from singles
        counts = [constant_value(node.right) for node in self._compared(item)]
        for number in sorted({int(count) + more for count in counts if count for more in (0, 1, -1)}):
            if 1 < number <= 6:
                yield from ([each[0]] * number for each in singles)
        yield "yes"

    def _occurrences(self, item: Item) -> Iterator[Mapping[str, Any]]:
        """Occurrences on telling days, with telling attributes."""
        attributes = [(each.name, list(self._attribute(item, each))) for each in item.attributes]
        names = [name for name, _ in attributes]
        for values in product(*(options or [None] for _, options in attributes)):
            held = {name: value for name, value in zip(names, values, strict=True) if value is not None}
            for day in self._days(item.name):
                written: dict[str, Any] = {"date": day_words(day), **held}
                yield {**written, "until": day_words(day)} if item.course else written
                if len(names) > 1:
                    break  # with several attributes the days are tried with the first of each only

    def _compared(self, event: Item) -> list[x.Compare]:
        """The comparisons behind this condition, and those of the event that stand elsewhere."""
        counted = [node for node in self.elsewhere if isinstance(node, x.Compare) and self._about(node, event)]
        return [*(node for node in self.nodes if isinstance(node, x.Compare)), *counted]

    def _about(self, node: x.Expression, event: Item) -> bool:
        """Whether a comparison speaks of what an event holds, inside WHERE or of a picked occurrence."""
        if not isinstance(node, x.Compare | x.IsOneOf):
            return False
        subject = node.left if isinstance(node, x.Compare) else node.subject
        return event.name in items_behind(subject, self.protocol)

    def _attribute(self, event: Item, attribute: Item) -> Iterator[Any]:
        inner = [node for node in [*self.nodes, *self.elsewhere] if self._about(node, event)]
        match attribute.kind:
            case "truth":
                yield from (True, False)
            case "one of":
                asked = [option for node in inner if isinstance(node, x.IsOneOf) for option in node.options]
                yield from dict.fromkeys([*asked, *attribute.option_names])
            case "quantity" | "number" | "count":
                for node in inner:
                    value = constant_value(node.right) if isinstance(node, x.Compare) else None
                    if value is None or not isinstance(node, x.Compare):
                        continue
                    step = step_of(node.right, node.left)
                    for each in (value, value - step, value + step):
                        written = quantity(attribute, each)
                        if written is not None:
                            yield written
        yield None


def beside(day: int) -> list[int]:
    return [day, day - 1, day + 1]


def day_words(day: int) -> str:
    return date.fromordinal(max(1, min(day, date.max.toordinal()))).isoformat()


def _number(value: Any) -> Fraction:
    return Fraction(str(value).partition(" ")[0])
