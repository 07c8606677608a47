"""The figures that sentences and conditions hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from ..language.in_words import DATE_IN_WORDS, NUMBER_WORDS, date_of
from ..values.calendar import day_text
from . import expressions as x
from .model import Protocol, Table
from .numbers import number_text
from .terms import walk

COUNTED = {**NUMBER_WORDS, "twice": "2", "once": "1"}
del COUNTED["one"]  # `one of the following` counts nothing
_ONE_UNIT = re.compile(r"\b(?:one|last|past|previous) (?=(?:year|month|week|day|hour)\b)", re.IGNORECASE)
_REFERENCE = re.compile(r"[①-⑳]|\(\d{1,3}\)|\[\d{1,2}\]|\b[IE]\d+(?:\.\w+)*")
_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}(?:-\d{2})?(?!\d)")
_FIGURE = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s?×\s?10\^\d+)?")
_IN_NAME = re.compile(r"\b[A-Za-z]*[A-Z]{2}[A-Za-z]*[-‐‑](\d+)\b")


def figures_in(text: str) -> set[str]:
    """The numbers of a sentence, also those written as words; references such as (2) and ③ are none."""
    text = DATE_IN_WORDS.sub(lambda match: date_of(match) or match.group(), text)
    dates = set(_DATE.findall(text))
    plain = _DATE.sub(" ", _REFERENCE.sub(" ", _ONE_UNIT.sub("1 ", text)))
    found = dates | {canonical_figure(match.group()) for match in _FIGURE.finditer(plain)}
    found |= {COUNTED[word] for word in re.findall(r"[a-z]+", plain.lower()) if word in COUNTED}
    return found


def figures_in_names(text: str) -> set[str]:
    """The numbers of names such as GLP-1 and COVID-19, which a condition need not hold."""
    return {canonical_figure(figure) for figure in _IN_NAME.findall(text)}


def canonical_figure(text: str) -> str:
    mantissa, _, power = re.sub(r"[\s,]", "", text).partition("×10^")
    if len(text) > 40 or len(power) > 2:
        return text
    try:
        value = Decimal(mantissa) * 10 ** int(power or 0)
    except InvalidOperation:
        return text
    return format(value.normalize(), "f")


class Figures:
    """The numbers in the conditions of a protocol, those of labels, definitions and tables looked up once."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._behind: dict[tuple[str, str], frozenset[str]] = {}

    def of(self, condition: x.Expression) -> tuple[set[str], set[str]]:
        """The numbers that a condition itself holds, and those in the labels of what it names."""
        own: set[str] = set()
        labelled: set[str] = set()
        stack = [condition]
        while stack:
            node = stack.pop()
            match node:
                case x.Constant(value=value, unit=unit):
                    own.add(canonical_figure(number_text(abs(value)).lstrip("≈")))
                    labelled |= figures_in(unit.text.replace("/", " "))
                case x.DateConstant(day=day):
                    date = day_text(day)
                    own.add(date)
                    labelled |= {date[:4], date[:7]}
                case x.Group(kind="at least" | "at most" | "exactly", count=count, conditions=conditions):
                    own.add(str(count))
                    labelled.add(str(len(conditions)))
                case x.DefinedValue(name=name):
                    labelled |= self._defined(name)
                case x.Lookup(table=name):
                    labelled |= self._once("table", name, lambda name=name: table_figures(self.protocol.tables[name]))  # type: ignore[misc]
                case x.Compare(left=x.ItemValue(item=name)) if self.protocol.items[name].span:
                    span = self.protocol.items[name].span
                    assert span is not None  # "0 or 1" of a scale from 0 upwards
                    labelled |= {canonical_figure(number_text(end).lstrip("≈")) for end in (span.low, span.high)}
                case x.Compare(left=x.TimesLimit(subject=subject), right=x.Constant(value=1)):
                    stack.append(subject)
                    continue
                case x.Compare(left=x.CountOptions() | x.CountOccurrences() | x.CountTrue() as left) if any_at_all(
                    node
                ):
                    stack.extend(x.parts(left))
                    continue
                case x.Selected(window=window) | x.InWindow(window=window) if window:
                    own |= _window_figures(window)
                case x.Shifted(length=x.CalendarLength(text=text)):
                    own |= figures_in(text)
            called = named(node)
            if called:
                labelled |= self._once("label", called, lambda name=called: figures_in(_label(name, self.protocol)))  # type: ignore[misc]
            stack.extend(x.parts(node))
        return own, labelled

    def _once(self, kind: str, name: str, make: Callable[[], set[str]]) -> frozenset[str]:
        if (kind, name) not in self._behind:
            self._behind[kind, name] = frozenset(make())
        return self._behind[kind, name]

    def _defined(self, name: str) -> frozenset[str]:
        """A definition may say its own figures; those of definitions behind it are its own matter."""

        def make() -> set[str]:
            found: set[str] = set()
            for node in walk(self.protocol.definitions[name].expression):
                match node:
                    case x.Constant(value=value):
                        found.add(canonical_figure(number_text(abs(value)).lstrip("≈")))
                    case x.Group(count=count, conditions=conditions):
                        found |= {str(count), str(len(conditions))}
                    case x.Lookup(table=table):
                        found |= table_figures(self.protocol.tables[table])
                    case x.Selected(window=window) | x.InWindow(window=window) if window:
                        found |= _window_figures(window)
            return found

        return self._once("definition", name, make)


def table_figures(table: Table) -> set[str]:
    """The numbers in the cells and results of a table."""
    ends = [end for row in table.rows for cell in row.cells for part in cell for end in (part.low, part.high)]
    ends += [value for row in table.rows for value in row.results if isinstance(value, Fraction)]
    return {canonical_figure(number_text(end).lstrip("≈")) for end in ends if end is not None}


def any_at_all(node: x.Compare) -> bool:
    """Whether a count is only asked to be at least one, which no sentence says in figures."""
    if not isinstance(node.right, x.Constant):
        return False
    return (node.operator, node.right.value) in (("≥", Fraction(1)), (">", Fraction(0)))


def named(node: x.Expression) -> str | None:
    match node:
        case x.ItemValue(item=name) | x.Selected(event=name) | x.DefinedValue(name=name) | x.ReadingValue(reading=name):
            return name
    return None


def _label(name: str, protocol: Protocol) -> str:
    for family in (protocol.items, protocol.definitions, protocol.readings):
        if name in family:
            return family[name].label.text
    return ""


def _window_figures(window: x.Window) -> set[str]:
    return figures_in(window.length.text) if isinstance(window.length, x.CalendarLength) else set()
