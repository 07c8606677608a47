"""Warnings: what is not wrong, but probably not meant. Each function looks at one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from ..language.source import Place, Source
from . import expressions as x
from .model import Criterion, Protocol, Table
from .numbers import number_text
from .scope import Findings
from .terms import items_behind, walk

NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "twice": "2", "once": "1",
}  # fmt: skip
_ONE_UNIT = re.compile(r"\bone (?=year|month|week|day|hour)", re.IGNORECASE)
_REFERENCE = re.compile(r"[①-⑳]|\(\d{1,3}\)|\[\d{1,2}\]|\b[IE]\d+(?:\.\w+)*")
_FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:\s?×\s?10\^\d+)?")


def advise(protocol: Protocol, findings: Findings, source: Source) -> None:
    unused_declarations(protocol, findings, source)
    figures_agree(protocol, findings)
    exceptions_about_one_event(protocol, findings)


def all_conditions(protocol: Protocol) -> Iterator[x.Expression]:
    for part in protocol.parts:
        for block in part.blocks:
            yield block.formula
    for criterion in protocol.criteria():
        if criterion.condition is not None:
            yield criterion.condition
    for definition in protocol.definitions.values():
        yield definition.expression
    for item in protocol.items.values():
        if item.otherwise is not None:
            yield item.otherwise


def unused_declarations(protocol: Protocol, findings: Findings, source: Source) -> None:
    """Items and definitions of this file that no condition uses."""
    if protocol.kind == "library":
        return
    used: set[str] = set()
    for condition in all_conditions(protocol):
        for node in walk(condition):
            match node:
                case (
                    x.ItemValue(item=name)
                    | x.Selected(event=name)
                    | x.DefinedValue(name=name)
                    | x.ReadingValue(reading=name)
                ):
                    used.add(name)
    declared: list[tuple[str, Place, str]] = [(i.name, i.place, "data item") for i in protocol.items.values()]
    declared += [(d.name, d.place, "definition") for d in protocol.definitions.values()]
    declared += [(r.name, r.place, "reading") for r in protocol.readings.values()]
    for name, place, what in declared:
        if name not in used and place.source is source:
            findings.warning(
                "R901", f"the {what} `{name}` is used nowhere", place, "use it in a condition, or take it out"
            )


def figures_in(text: str) -> set[str]:
    """The numbers of a sentence, also those written as words; references such as (2) and ③ are none."""
    plain = _REFERENCE.sub(" ", _ONE_UNIT.sub("1 ", text))
    found = {_canonical(match.group()) for match in _FIGURE.finditer(plain)}
    found |= {NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", plain.lower()) if word in NUMBER_WORDS}
    return found


def _canonical(text: str) -> str:
    mantissa, _, power = re.sub(r"\s", "", text).partition("×10^")
    if len(text) > 40 or len(power) > 2:
        return text
    try:
        value = Decimal(mantissa) * 10 ** int(power or 0)
    except InvalidOperation:
        return text
    return format(value.normalize(), "f")


def figures_of(condition: x.Expression, protocol: Protocol) -> tuple[set[str], set[str]]:
    """The numbers that a condition itself holds, and those in the labels of what it names."""
    own: set[str] = set()
    labelled: set[str] = set()
    stack = [condition]
    defined: dict[str, None] = {}
    tables: dict[str, None] = {}
    while stack:
        node = stack.pop()
        match node:
            case x.Constant(value=value, unit=unit):
                own.add(_canonical(number_text(value).lstrip("≈")))
                labelled |= figures_in(unit.text.replace("/", " "))
            case x.Group(kind="at least" | "at most" | "exactly", count=count, conditions=conditions):
                own.add(str(count))
                labelled.add(str(len(conditions)))
            case x.DefinedValue(name=name):
                defined[name] = None
            case x.Lookup(table=name):
                tables[name] = None
            case x.Compare(left=x.TimesLimit(subject=subject), right=x.Constant(value=1)):
                stack.append(subject)
                continue
            case x.Compare(left=x.CountOptions() | x.CountOccurrences() | x.CountTrue() as left) if any_at_all(node):
                stack.extend(x.parts(left))
                continue
            case x.Selected(window=window) | x.InWindow(window=window) if window:
                own |= _window_figures(window)
            case x.Shifted(length=x.CalendarLength(text=text)):
                own |= figures_in(text)
        called = named(node)
        if called:
            labelled |= figures_in(_label(called, protocol))
        stack.extend(x.parts(node))
    for name in tables:
        labelled |= table_figures(protocol.tables[name])
    for name in defined:  # a definition may say its own figures; those of definitions behind it are its own matter
        definition = protocol.definitions[name].expression
        for node in walk(definition):
            match node:
                case x.Constant(value=value):
                    labelled.add(_canonical(number_text(value).lstrip("≈")))
                case x.Group(count=count, conditions=conditions):
                    labelled |= {str(count), str(len(conditions))}
                case x.Selected(window=window) | x.InWindow(window=window) if window:
                    labelled |= _window_figures(window)
    return own, labelled


def table_figures(table: Table) -> set[str]:
    """The numbers in the cells and results of a table."""
    ends = [end for row in table.rows for cell in row.cells for part in cell for end in (part.low, part.high)]
    ends += [value for row in table.rows for value in row.results if isinstance(value, Fraction)]
    return {_canonical(number_text(end).lstrip("≈")) for end in ends if end is not None}


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


def figures_agree(protocol: Protocol, findings: Findings) -> None:
    """A number in a sentence that is not in its condition, or the other way round."""
    for criterion in protocol.criteria():
        if criterion.sentence is None or criterion.condition is None:
            continue
        said = figures_in(criterion.sentence.text)
        own, labelled = figures_of(criterion.condition, protocol)
        below = set(_figures_below(criterion, protocol))
        for figure in sorted(said - own - labelled - below):
            findings.warning(
                "R902",
                f"the sentence of {criterion.id} says {figure}, which its condition does not",
                criterion.sentence.place,
                "bring sentence and condition into line",
            )
        for figure in sorted(own - said):
            place = criterion.condition.place or criterion.place
            findings.warning(
                "R902", f"the condition of {criterion.id} holds {figure}, which its sentence does not say", place,
                "bring sentence and condition into line",
            )  # fmt: skip


def _figures_below(criterion: Criterion, protocol: Protocol) -> Iterator[str]:
    for child in criterion.children:
        if child.condition is not None:
            own, labelled = figures_of(child.condition, protocol)
            yield from own | labelled
        yield from _figures_below(child, protocol)


def exceptions_about_one_event(protocol: Protocol, findings: Findings) -> None:
    """EXCEPT speaks of the patient: one harmless occurrence would clear all others."""
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if not isinstance(node, x.Except):
                continue
            shared = facts_with_many(node.condition, protocol) & facts_with_many(node.exception, protocol)
            for name in sorted(shared):
                item = protocol.items[name]
                attribute = item.attributes[0].name if item.attributes else "kind"
                help = (
                    f"write `{name} WHERE (NOT …)`, as in `{name} WHERE ({attribute} …)`"
                    if item.kind == "event"
                    else f"name the options that count: `ANY({name} INCLUDES …, …)`"
                )
                findings.warning(
                    "R903",
                    f"both sides of EXCEPT are about `{name}`: one case that is excepted would clear all the others",
                    node.place or item.place,
                    help,
                )


def facts_with_many(condition: x.Expression, protocol: Protocol) -> set[str]:
    """Events and sets behind a condition, through definitions too."""
    return {name for name in items_behind(condition, protocol) if protocol.items[name].kind in ("event", "several of")}
