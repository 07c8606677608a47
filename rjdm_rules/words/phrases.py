"""Conditions in words, made from the logic so that they cannot drift from it.

The wording stands in `render/words.en.j2`, one macro for each kind of condition; here is only how phrases nest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..assets import asset
from ..protocol import expressions as x
from ..protocol import types as t
from ..protocol.model import Criterion, Item, Protocol
from ..protocol.numbers import number_text
from ..protocol.settling import settled
from ..values.calendar import day_text

LONGEST_INLINE = 90


@dataclass(frozen=True)
class Phrase:
    """A phrase: a text, or a head with parts below it (as in a list)."""

    text: str
    parts: tuple[Phrase, ...] = ()
    node: x.Expression | None = field(default=None, compare=False)

    def inline(self) -> str:
        """The phrase on one line."""
        if not self.parts:
            return self.text
        return f"{self.text} " + "; ".join(
            part.inline() if not part.parts else f"({part.inline()})" for part in self.parts
        )


class Words:
    """Words for the expressions of one protocol under one choice of readings."""

    def __init__(self, protocol: Protocol, readings: Mapping[str, str] | None = None, language: str = "en") -> None:
        self.protocol = protocol
        self.language = language
        self._said: dict[tuple[str, int, bool], tuple[object, Any]] = {}  # keeps the node, so that its id stays its own
        self.readings = readings or {reading.name: reading.chosen for reading in protocol.readings.values()}

    @cached_property
    def say(self) -> Any:
        """The macros of the language."""
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        environment = Environment(
            loader=FileSystemLoader(asset("render")), undefined=StrictUndefined, autoescape=False, trim_blocks=True
        )
        return environment.get_template(f"words.{self.language}.j2").module

    # ---- conditions

    def condition(self, node: x.Expression) -> Phrase:
        """A condition as a phrase, readings settled."""
        return self.phrase(settled(node, self.readings), False)

    def text(self, node: x.Expression) -> str:
        return self.condition(node).inline()

    def _once(self, what: str, node: object, negated: bool, say: Callable[[], Any]) -> Any:
        """Words are made once for each node."""
        key = (what, id(node), negated)
        if key not in self._said:
            self._said[key] = (node, say())
        return self._said[key][1]

    def phrase(self, node: x.Expression, negated: bool) -> Phrase:
        found: Phrase = self._once("phrase", node, negated, lambda: self._phrase(node, negated))
        return found

    def _phrase(self, node: x.Expression, negated: bool) -> Phrase:
        match node:
            case x.Not(condition=inner):
                return self.phrase(inner, not negated)
            case x.Group():
                return self._group(node, negated)
            case x.Except() | x.WaivedIf() | x.IfThen():
                return self._bound(node, negated)
        return Phrase(self.leaf(node, negated), node=node)

    def _group(self, node: x.Group, negated: bool) -> Phrase:
        if node.style == "between":
            return Phrase(self._between(node, negated), node=node)
        node = flattened(node)
        n = len(node.conditions)
        kind = node.kind
        if negated and kind in ("any", "none"):
            kind, negated = {"any": "none", "none": "any"}[kind], False
        short = self._short_group(node, kind, negated)
        if short:
            return Phrase(short, node=node)
        say = self.say
        head = {
            "all": lambda: say.not_all_head(n) if negated else say.all_head(n),
            "any": lambda: say.any_head(n),
            "none": lambda: say.none_head(n),
        }.get(kind, lambda: (say.not_count_head if negated else say.count_head)(kind, node.count, n))()
        return Phrase(str(head), tuple(self.phrase(each, False) for each in node.conditions), node)

    def _short_group(self, node: x.Group, kind: str, negated: bool) -> str | None:
        """`a and b`, `a or b`, where the parts are short and plain."""
        if kind not in ("all", "any") or negated or len(node.conditions) > 5:
            return None
        parts = [self.phrase(each, False) for each in node.conditions]
        plain = all(not part.parts and not isinstance(part.node, x.Group | x.Except | x.WaivedIf) for part in parts)
        if not plain:
            return None
        text = str((self.say.conjoined if kind == "all" else self.say.disjoined)([part.text for part in parts]))
        return text if len(text) <= LONGEST_INLINE and "," not in "".join(part.text for part in parts) else None

    def _between(self, node: x.Group, negated: bool) -> str:
        low, high = node.conditions
        assert isinstance(low, x.Compare) and isinstance(high, x.Compare)
        subject, first = self._sides(low)
        _, last = self._sides(high)
        return str(self.say.between(subject, first, last, negated))

    def _bound(self, node: x.Except | x.WaivedIf | x.IfThen, negated: bool) -> Phrase:
        say = self.say
        if negated:
            return Phrase(str(say.negation("")).strip(), (self._bound(node, False),), node)
        first, second = (self.phrase(each, False) for each in x.parts(node))
        if isinstance(node, x.IfThen):
            if not first.parts and not second.parts:
                return Phrase(str(say.if_then(first.text, second.text)), node=node)
            head = str(say.if_head(first.inline()))
            return Phrase(head, (second,), node)
        single, head = (
            (say.exception, say.exception_head) if isinstance(node, x.Except) else (say.waived, say.waived_head)
        )
        if not first.parts and not second.parts:
            return Phrase(str(single(first.text, second.text)), node=node)
        if not first.parts:
            return Phrase(first.text + str(head()), (second,), node)
        return Phrase(first.text, (*first.parts, Phrase(str(head()).lstrip(",; "), (second,))), node)

    # ---- leaves

    def leaf(self, node: x.Expression, negated: bool = False) -> str:
        """A condition about facts, as one phrase."""
        say = self.say
        match node:
            case x.Always(value=value):
                return str(say.always(value is not negated))
            case x.ItemValue(item=name):
                return str(say.fact(self.label(name), negated))
            case x.DefinedValue(name=name):
                return str(say.fact(self.protocol.definitions[name].label.text, negated))
            case x.CriterionTruth(criterion=id):
                marker = str(say.criterion(self.marker(id)))
                return str(say.negation(marker)) if negated else marker
            case x.Compare():
                return self._compare(node, negated)
            case x.IsOneOf(subject=subject, options=options):
                words = [self.option_words(subject, option) for option in options]
                return str(say.is_option(self.value(subject), words, negated))
            case x.Includes(subject=subject, option=option):
                return str(say.includes(self.value(subject), self.option_words(subject, option), negated))
            case x.IsKnown(subject=subject):
                return str(say.known(self.value(subject), negated))
            case x.Occurs(occurrences=occurrences):
                return str(say.occurs(self.value(occurrences), negated))
            case x.InWindow(date=date, window=window):
                return str(say.in_window(self.value(date), self.window(window), negated))
        text = self.phrase(node, False).inline() if isinstance(node, x.CONDITIONS) else self.value(node)
        return str(say.negation(text)) if negated else text

    def _sides(self, node: x.Compare) -> tuple[str, str]:
        """Both sides of a comparison in words; a multiple of ULN reads `AST` against `3 × ULN`."""
        if isinstance(node.left, x.TimesLimit):
            return self.value(node.left.subject), str(self.say.times_limit(self.value(node.right), node.left.limit))
        return self.value(node.left), self.value(node.right)

    def _compare(self, node: x.Compare, negated: bool) -> str:
        left, right = self._sides(node)
        say = self.say
        match node.left:
            case x.CountOptions(subject=subject):
                return str(say.counted(node.operator, right, self.value(subject), negated))
            case x.CountOccurrences(occurrences=occurrences):
                return str(say.counted(node.operator, right, f"× {self.value(occurrences)}", negated))
            case x.Elapsed():
                return str(say.elapsed_compared(node.operator, left, right, negated))
        if isinstance(node.left, x.AttributeValue) and not self.is_date(node.left):
            return str(say.attribute_compared(node.operator, left, right, negated))
        if self.is_date(node.left):
            return str(say.on_date(node.operator, left, right, negated))
        return str(say.compared(node.operator, left, right, negated))

    def is_date(self, node: x.Expression) -> bool:
        match node:
            case x.DateConstant() | x.Shifted() | x.DayOf() | x.MomentsOf():
                return True
            case x.ItemValue(item=name):
                return self.protocol.items[name].kind in ("date", "time")
            case x.DefinedValue(name=name):
                return isinstance(self.protocol.definitions[name].type, t.Date | t.Time)
            case x.AttributeOf(attribute=attribute) | x.AttributeValue(attribute=attribute):
                return attribute in ("date", "until")
        return False

    # ---- values

    def value(self, node: x.Expression) -> str:
        """A value in words, as `serum creatinine` or `3 × ULN`."""
        found: str = self._once("value", node, False, lambda: self._value(node))
        return found

    def _value(self, node: x.Expression) -> str:
        say = self.say
        match node:
            case x.ItemValue(item=name):
                return self.label(name)
            case x.DefinedValue(name=name):
                return self.protocol.definitions[name].label.text
            case x.ReadingValue(reading=name):
                return self.protocol.readings[name].label.text
            case x.Constant(value=value, unit=unit):
                return quantity_text(value, unit.text)
            case x.DateConstant(day=day):
                return day_text(day)
            case x.OptionConstant(option=option):
                return str(say.option(option.replace("_", " ")))
            case x.Converted(value=inner) | x.DayOf(time=inner) | x.MomentsOf(date=inner):
                return self.value(inner)
            case x.Arithmetic(operator=operator, left=left, right=right):
                return f"{self._operand(left, operator)} {operator} {self._operand(right, operator)}"
            case x.Extreme(kind=kind, values=values):
                return str(say.extreme(kind, [self.value(each) for each in values]))
            case x.FirstKnown(values=values):
                return str(say.first_known([self.value(each) for each in values]))
            case x.Lookup():
                return self._lookup(node)
            case x.CountTrue(conditions=conditions):
                return str(say.count_true([self.phrase(each, False).inline() for each in conditions]))
            case x.CountOptions(subject=subject):
                return str(say.count_of(self.value(subject)))
            case x.CountOccurrences(occurrences=occurrences):
                return str(say.count_of(self.value(occurrences)))
        return self._time_value(node)

    def _time_value(self, node: x.Expression) -> str:
        say = self.say
        match node:
            case x.LimitValue(limit=limit, subject=subject):
                return str(say.limit_of(limit, self.value(subject)))
            case x.TimesLimit(limit=limit, subject=subject):
                return str(say.multiple_of(limit, self.value(subject)))
            case x.Elapsed(unit=unit, start=start, end=end):
                return str(say.elapsed(unit, self.value(start), self.value(end)))
            case x.Shifted(date=date, sign=sign, length=length):
                return str(say.shifted(self.value(date), sign, self.length(length)))
            case x.Selected(event=event, where=where, window=window):
                condition = self.phrase(where, False).inline() if where is not None else ""
                return str(say.occurrences(self.label(event), condition, self.window(window) if window else ""))
            case x.Pick(kind=kind, occurrences=occurrences):
                return str(say.pick(kind, self.value(occurrences)))
            case x.AttributeOf(attribute=attribute, occurrence=occurrence):
                return str(say.attribute_of(self._attribute_label(occurrence, attribute), self.value(occurrence)))
            case x.Aggregate(kind=kind, attribute=attribute, occurrences=occurrences):
                return str(say.aggregate(kind, self._attribute_label(occurrences, attribute), self.value(occurrences)))
            case x.AttributeValue(event=event, attribute=attribute):
                return str(say.attribute(self.attribute_label(event, attribute)))
        return self.phrase(node, False).inline()

    def _operand(self, node: x.Expression, operator: str) -> str:
        text = self.value(node)
        loose = isinstance(node, x.Arithmetic) and (operator in "×/" or node.operator in "+−")
        return f"({text})" if loose else text

    def _lookup(self, node: x.Lookup) -> str:
        table = self.protocol.tables[node.table]
        column = node.column if len(table.outputs) > 1 else ""
        return str(self.say.lookup(table.label.text, column, [self.value(each) for each in node.arguments]))

    def window(self, window: x.Window) -> str:
        found: str = self._once("window", window, False, lambda: self._window(window))
        return found

    def _window(self, window: x.Window) -> str:
        if window.kind == "between":
            assert window.end is not None
            return str(self.say.span(self.value(window.anchor), self.value(window.end)))
        length = self.length(window.length) if window.length else ""
        return str(self.say.window(window.kind, window.direction, length, self.value(window.anchor)))

    def length(self, length: x.Length) -> str:
        return length.text if isinstance(length, x.CalendarLength) else self.value(length.days)

    def label(self, item: str) -> str:
        return self.protocol.items[item].label.text

    def attribute_label(self, event: str, attribute: str) -> str:
        declared = self.protocol.items[event].attribute(attribute)
        return declared.label.text if declared else attribute

    def _attribute_label(self, node: x.Expression, attribute: str) -> str:
        selected = node.occurrences if isinstance(node, x.Pick) else node
        return self.attribute_label(selected.event, attribute) if isinstance(selected, x.Selected) else attribute

    def option_words(self, subject: x.Expression, option: str) -> str:
        item = self._declaring(subject)
        found = next((each.words for each in item.options if each.name == option), None) if item else None
        return found or option.replace("_", " ")

    def _declaring(self, subject: x.Expression) -> Item | None:
        match subject:
            case x.ItemValue(item=name):
                return self.protocol.items[name]
            case x.AttributeValue(event=event, attribute=attribute):
                return self.protocol.items[event].attribute(attribute)
        return None

    def times_limit(self, node: x.Compare) -> str:
        """`3 × ULN`, or `ULN`, for the right side of a comparison with a limit."""
        assert isinstance(node.left, x.TimesLimit)
        limit = node.left.limit
        found: str = self._once(
            "limit", node, False, lambda: str(self.say.times_limit(self.value(node.right), limit)).removeprefix("the ")
        )
        return found

    def marker(self, id: str) -> str:
        """How a criterion is called in running text: `(2)`, `①`, or the name of a `-` item."""
        criterion = self.protocol.criterion(id)
        return criterion_marker(criterion) if criterion else id


def flattened(node: x.Group) -> x.Group:
    """ALL within ALL, and ANY within ANY, as one list."""
    if node.kind not in ("all", "any"):
        return node
    found: list[x.Expression] = []
    for each in node.conditions:
        if isinstance(each, x.Group) and each.kind == node.kind and each.style != "between":
            found.extend(flattened(each).conditions)
        else:
            found.append(each)
    return node if len(found) == len(node.conditions) else replace(node, conditions=tuple(found))


def criterion_marker(criterion: Criterion) -> str:
    """The marker as printed, `(2)` or `③`; a `-` item goes by its name."""
    marker = criterion.marker
    if marker in "-−":
        return (criterion.name or "").replace("_", " ")
    bare = marker.strip("().[]")
    if marker.startswith("[") and 1 <= int(bare) <= 20:  # the plain spelling of a circled number
        return chr(ord("①") + int(bare) - 1)
    return marker if "①" <= marker[0] <= "⑳" else f"({bare})"


def quantity_text(value: Fraction, unit: str) -> str:
    """`55 %`, `1 month`, `3 months`: a number with its unit as people write it."""
    if unit == "1":
        unit = ""
    if value == 1 and unit in ("years", "months", "weeks", "days", "hours", "minutes", "points"):
        unit = unit[:-1]
    return f"{number_text(value)} {unit}".strip()
