"""Values in words: facts, dates, windows, calculations."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..language.syntax import Text
from ..protocol import expressions as x
from ..protocol import types as t
from ..protocol.model import Criterion, Option, Protocol, TableColumn
from ..protocol.numbers import number_text
from ..protocol.terms import all_conditions, walk
from ..theme import BUNDLED, Macros, Theme
from ..values.calendar import day_text
from .pieces import criterion_marker, criterion_title, quantity_text, said_in, unit_words

_AFTER_CHINESE = re.compile(r"([\u4e00-\u9fff])([A-Za-z0-9≥≤<>])")
_BEFORE_CHINESE = re.compile(r"([A-Za-z0-9%²³])([\u4e00-\u9fff])")


class ValueWords(ABC):
    """Words for values. Those of the conditions that stand inside them come from the class above."""

    def __init__(
        self,
        protocol: Protocol,
        readings: Mapping[str, str] | None = None,
        language: str = "en",
        theme: Theme = BUNDLED,
    ) -> None:
        self.protocol = protocol
        self.language = language
        self.theme = theme
        self._said: dict[tuple[str, int], tuple[object, Any]] = {}  # keeps the node, so that its id stays its own
        self.readings = readings or {reading.name: reading.chosen for reading in protocol.readings.values()}

    @cached_property
    def say(self) -> Any:
        """The macros of the language. Raises ThemeError for a house's file that cannot be used."""
        name = f"words.{self.language}.j2"
        if self.theme.folder is not None:
            return Macros(self.theme, name)
        return self.theme.environment(escaped=False).get_template(name).module

    @property
    def terms(self) -> Mapping[str, Any]:
        """The fixed words of documents and diagrams."""
        return self.theme.terms(self.language)

    def said(self, text: Text) -> str:
        """A text of the file in the language of these words, where it has one."""
        return said_in(text, self.language)

    def spaced(self, text: str) -> str:
        """In Chinese, a space between Chinese signs and Latin letters or figures."""
        if self.language != "zh":
            return text
        return _AFTER_CHINESE.sub(r"\1 \2", _BEFORE_CHINESE.sub(r"\1 \2", text))

    def option(self, option: Option) -> str:
        return self.said(option.label) if option.label else option.name.replace("_", " ")

    def option_named(self, name: str, column: TableColumn | None = None) -> str:
        """An option that stands in a table: the label that its column declares, or that the items give it which the
        column is asked with or answers for, where they agree; else a fixed word, else the name itself."""
        declared = (column.declared, self._options_of_columns.get(id(column), ())) if column else ()
        named = [[self.said(each.label) for each in some if each.name == name and each.label] for some in declared]
        labels = next((set(each) for each in named if each), set())
        return labels.pop() if len(labels) == 1 else self.option_name(name)

    @cached_property
    def _options_of_columns(self) -> dict[int, tuple[Option, ...]]:
        found: dict[int, tuple[Option, ...]] = {}
        for condition in all_conditions(self.protocol):
            for node in walk(condition):
                if isinstance(node, x.Lookup):
                    columns = self.protocol.tables[node.table].inputs
                    for column, argument in zip(columns, node.arguments, strict=True):
                        found[id(column)] = found.get(id(column), ()) + self._declared(argument)
        for item in self.protocol.items.values():
            if isinstance(item.otherwise, x.Lookup):
                column = self._result_column(item.otherwise)
                found[id(column)] = found.get(id(column), ()) + item.options
        return found

    def _result_column(self, node: x.Lookup) -> TableColumn:
        outputs = self.protocol.tables[node.table].outputs
        return next((each for each in outputs if each.name == node.column), outputs[0])

    def option_name(self, name: str) -> str:
        """An option that has no label."""
        return str(self.terms["options"].get(name, name.replace("_", " ")))

    def title(self, criterion: Criterion) -> str:
        """Marker and sentence of a criterion."""
        return criterion_title(criterion, self.language)

    def quantity(self, value: Fraction, unit: str) -> str:
        """A number with its unit as people of this language write it."""
        return str(self.say.quantity(quantity_text(value, unit), number_text(value), unit_words(unit)))

    def unit(self, unit: str) -> str:
        return str(self.say.unit(unit_words(unit)))

    def _once(self, what: str, node: object, say: Callable[[], Any]) -> Any:
        """Words are made once for each node."""
        key = (what, id(node))
        if key not in self._said:
            self._said[key] = (node, say())
        return self._said[key][1]

    @abstractmethod
    def text(self, node: x.Expression) -> str:
        """A condition on one line."""

    @abstractmethod
    def where(self, node: x.Expression) -> str:
        """What WHERE asks of an occurrence: `with grade at least 3`, `where kind is viral`."""

    def selection(self, where: x.Expression | None, window: str) -> str:
        """What is asked of an occurrence: `(where kind is viral) within 3 months before the screening date`."""
        return str(self.say.selection(self.where(where) if where is not None else "", window))

    def number(self, node: x.Expression) -> str | int:
        """What a count is compared with: a whole number, or words."""
        if isinstance(node, x.Constant):
            return int(node.value) if node.value.denominator == 1 else number_text(node.value)
        return self.value(node)

    def asked_date(self, node: x.Compare) -> str:
        """`on or after the date of screening`."""
        return str(self.say.asked_date(node.operator, self.the(node.right)))

    def is_measured(self, occurrences: x.Expression) -> bool:
        """Whether occurrences are those of a repeated measurement."""
        return isinstance(occurrences, x.Selected) and self.protocol.items[occurrences.event].repeated

    def the(self, node: x.Expression) -> str:
        """A date with its article; a day of the calendar has none."""
        return str(self.say.the(self.value(node), isinstance(node, x.DateConstant)))

    def anchor(self, node: x.Expression) -> str:
        """A date that a window counts from: `screening` for the date of screening."""
        named = isinstance(node, x.DateConstant)
        return self.value(node) if named else str(self.say.anchor(self.value(node)))

    def is_date(self, node: x.Expression) -> bool:
        match node:
            case x.DateConstant() | x.Shifted() | x.DayOf() | x.MomentsOf():
                return True
            case x.ItemValue(item=name):
                return self.protocol.items[name].kind in ("date", "time")
            case x.DefinedValue(name=name):
                return isinstance(self.protocol.definitions[name].type, t.Date | t.Time)
            case (
                x.AttributeValue(event=event, attribute=attribute)
                | x.AttributeOf(attribute=attribute, occurrence=x.Pick(occurrences=x.Selected(event=event)))
                | x.Aggregate(attribute=attribute, occurrences=x.Selected(event=event))
            ):
                declared = self.protocol.items[event].attribute(attribute)
                return attribute in ("date", "until") or (declared is not None and declared.kind == "date")
            case x.Extreme(values=values) | x.FirstKnown(values=values):
                return self.is_date(values[0])
        return False

    def is_moment(self, node: x.Expression) -> bool:
        """Whether a date has a time of day."""
        match node:
            case x.MomentsOf():
                return True
            case x.ItemValue(item=name):
                return self.protocol.items[name].kind == "time"
            case x.DefinedValue(name=name):
                return isinstance(self.protocol.definitions[name].type, t.Time)
            case x.Shifted(date=date):
                return self.is_moment(date)
            case x.Extreme(values=values) | x.FirstKnown(values=values):
                return self.is_moment(values[0])
        return False

    # ---- values

    def value(self, node: x.Expression) -> str:
        """A value in words, as `serum creatinine` or `3 × ULN`."""
        found: str = self._once("value", node, lambda: self.spaced(self._value(node)))
        return found

    def _value(self, node: x.Expression) -> str:
        say = self.say
        match node:
            case x.ItemValue(item=name):
                return self.label(name)
            case x.DefinedValue(name=name):
                return self.said(self.protocol.definitions[name].label)
            case x.ReadingValue(reading=name):
                return self.said(self.protocol.readings[name].label)
            case x.Constant(value=value, unit=unit):
                return self.quantity(value, unit.text)
            case x.DateConstant(day=day):
                return day_text(day)
            case x.NoOptions() | x.NoOccurrences():
                return str(say.nothing())
            case x.Always(value=value):
                return str(say.yes_no(value))
            case x.OptionConstant(option=option):
                return str(say.option(option.replace("_", " ")))
            case x.Converted(value=inner) | x.DayOf(time=inner) | x.MomentsOf(date=inner):
                return self.value(inner)
            case x.Arithmetic(operator=operator, left=left, right=right):
                return f"{self._operand(left, operator)} {operator} {self._operand(right, operator)}"
            case x.Extreme(kind=kind, values=values):
                return str(say.extreme(kind, self._each(values), False))
            case x.FirstKnown(values=values):
                return str(say.first_known(self._each(values)))
            case x.Lookup():
                return self._lookup(node)
            case x.CountTrue(conditions=conditions):
                return str(say.count_true([self.text(each) for each in conditions]))
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
                return str(say.elapsed(unit, self.the(start), self.the(end)))
            case x.Shifted(date=date, sign=sign, length=length):
                return str(say.shifted(self.value(date), sign, self.length(length)))
            case x.Selected(event=event, where=where, window=window):
                asked = self.selection(where, self.window(window) if window else "")
                return str(self.say.selected(self.label(event), asked))
            case x.Pick(kind=kind, occurrences=occurrences):
                return str(say.pick(kind, self.value(occurrences)))
            case x.AttributeOf(attribute=attribute, occurrence=occurrence):
                return str(say.attribute_of(self._own_attribute(occurrence, attribute), self.value(occurrence)))
            case x.Aggregate(kind=kind, attribute=attribute, occurrences=occurrences):
                return str(say.aggregate(kind, self._own_attribute(occurrences, attribute), self.value(occurrences)))
            case x.AttributeValue(event=event, attribute=attribute):
                return str(say.attribute(self.attribute_label(event, attribute)))
        return self.text(node)

    def _operand(self, node: x.Expression, operator: str) -> str:
        text = self.value(node)
        loose = isinstance(node, x.Arithmetic) and (operator in "×/" or node.operator in "+−")
        wordy = isinstance(
            node, x.Extreme | x.FirstKnown | x.CountTrue | x.CountOptions | x.CountOccurrences | x.Elapsed
        )
        return f"({text})" if loose or wordy else text

    def _each(self, values: tuple[x.Expression, ...]) -> list[str]:
        """Values of a list, sums in parentheses."""
        return [
            self._operand(each, "×") if isinstance(each, x.Arithmetic) and each.operator in "+−" else self.value(each)
            for each in values
        ]

    def _lookup(self, node: x.Lookup) -> str:
        table = self.protocol.tables[node.table]
        column = node.column if len(table.outputs) > 1 else ""
        return str(self.say.lookup(self.said(table.label), column, [self.value(each) for each in node.arguments]))

    def window(self, window: x.Window) -> str:
        found: str = self._once("window", window, lambda: self.spaced(self._window(window)))
        return found

    def _window(self, window: x.Window) -> str:
        if window.kind == "between":
            assert window.end is not None
            return str(self.say.span(self.anchor(window.anchor), self.anchor(window.end)))
        length = self.length(window.length) if window.length else ""
        return str(self.say.window(window.kind, window.direction, length, self.anchor(window.anchor)))

    def length(self, length: x.Length) -> str:
        if isinstance(length, x.CalendarLength):
            number, _, unit = length.text.partition(" ")
            return str(self.say.quantity(length.text, number, unit_words(unit)))
        duration = length.duration.value if isinstance(length.duration, x.Converted) else length.duration
        if isinstance(duration, x.Extreme):
            return str(self.say.extreme(duration.kind, self._each(duration.values), True))
        return self.value(duration)

    def label(self, item: str) -> str:
        return self.said(self.protocol.items[item].label)

    def attribute_label(self, event: str, attribute: str) -> str:
        declared = self.protocol.items[event].attribute(attribute)
        return self.said(declared.label) if declared else str(self.say.attribute(attribute))

    def _own_attribute(self, node: x.Expression, attribute: str) -> str:
        """How an attribute is called beside its occurrence; empty for the value of a measurement, which goes by it."""
        selected = node.occurrences if isinstance(node, x.Pick) else node
        if not isinstance(selected, x.Selected):
            return attribute
        if attribute == "value" and self.protocol.items[selected.event].repeated:
            return ""
        return self.attribute_label(selected.event, attribute)

    def option_words(self, subject: x.Expression, option: str) -> str:
        found: dict[str, str] = self._once(
            "options", subject, lambda: {each.name: self.option(each) for each in self._declared(subject)}
        )
        return found.get(option) or option.replace("_", " ")

    def _declared(self, subject: x.Expression) -> tuple[Option, ...]:
        """The options of a value as they are declared, with their labels."""
        match subject:
            case x.ItemValue(item=name):
                return self.protocol.items[name].options
            case (
                x.AttributeValue(event=event, attribute=attribute)
                | x.AttributeOf(attribute=attribute, occurrence=x.Pick(occurrences=x.Selected(event=event)))
            ):
                declared = self.protocol.items[event].attribute(attribute)
                return declared.options if declared else ()
            case x.DefinedValue(name=name):
                return self._declared(self.protocol.definitions[name].expression)
            case x.FirstKnown(values=values):
                return tuple(option for each in values for option in self._declared(each))
            case x.Lookup():
                return self._result_column(subject).declared
        return ()

    def marker(self, id: str) -> str:
        """How a criterion is called in running text: `(2)`, `①`, or the name of a `-` item."""
        criterion = self.protocol.criterion(id)
        return criterion_marker(criterion) if criterion else id
