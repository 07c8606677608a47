"""Warnings: what is not wrong, but probably not meant. Each function looks at one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..language.source import Place, Source
from . import expressions as x
from .figures import Figures, figures_in
from .model import Criterion, Protocol
from .numbers import number_text
from .scope import Findings
from .terms import walk

IMPLIED = frozenset(("0",))  # "no hospital stay" says it without a figure


def advise(protocol: Protocol, findings: Findings, source: Source) -> None:
    unused_declarations(protocol, findings, source)
    figures_agree(protocol, findings)
    exceptions_about_one_event(protocol, findings)
    lookups_outside(protocol, findings)


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


def figures_agree(protocol: Protocol, findings: Findings) -> None:
    """Numbers in a sentence that are not in its condition, or the other way round."""
    figures = Figures(protocol)
    for part in protocol.parts:
        for block in part.blocks:
            for criterion in block.criteria:
                _figures_agree(criterion, figures, findings)


def _figures_agree(criterion: Criterion, figures: Figures, findings: Findings) -> set[str]:
    """The figures of a criterion's condition and of those below it."""
    below: set[str] = set()
    for child in criterion.children:
        below |= _figures_agree(child, figures, findings)
    if criterion.condition is None:
        return below
    own, labelled = figures.of(criterion.condition)
    if criterion.sentence is not None:
        said = figures_in(criterion.sentence.text)
        help = "bring sentence and condition into line"
        extra = sorted(said - own - labelled - below)
        one = {"1"} if re.search(r"\bone\b", criterion.sentence.text, re.IGNORECASE) else set()
        missing = sorted(each for each in own - said - IMPLIED - one if not _in_part(each, said))
        if extra:
            message = f"the sentence of {criterion.id} says {_listed(extra)}, which its condition does not"
            findings.warning("R902", message, criterion.sentence.place, help)
        if missing:
            message = f"the condition of {criterion.id} holds {_listed(missing)}, which its sentence does not say"
            findings.warning("R902", message, criterion.condition.place or criterion.place, help)
    return below | own | labelled


def _in_part(figure: str, said: set[str]) -> bool:
    """Whether a date is said by its year or month."""
    return "-" in figure and not said.isdisjoint((figure[:4], figure[:7]))


def _listed(figures: list[str]) -> str:
    return figures[0] if len(figures) == 1 else ", ".join(figures[:-1]) + " and " + figures[-1]


def exceptions_about_one_event(protocol: Protocol, findings: Findings) -> None:
    """EXCEPT speaks of the patient: one harmless occurrence would clear all others."""
    many: dict[str, set[str]] = {}  # by definition
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if not isinstance(node, x.Except):
                continue
            shared = facts_with_many(node.condition, protocol, many) & facts_with_many(node.exception, protocol, many)
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


def facts_with_many(condition: x.Expression, protocol: Protocol, known: dict[str, set[str]]) -> set[str]:
    """Events and sets behind a condition, through definitions too; `known` keeps those of each definition."""

    def behind(node: x.Expression) -> tuple[set[str], set[str]]:
        found: set[str] = set()
        definitions: set[str] = set()
        for each in walk(node):
            match each:
                case x.ItemValue(item=name) | x.Selected(event=name) | x.AttributeValue(event=name):
                    found |= {name} if protocol.items[name].kind in ("event", "several of") else set()
                case x.DefinedValue(name=name):
                    definitions.add(name)
        return found, definitions

    found, needed = behind(condition)
    stack = [(name, False) for name in needed]
    while stack:
        name, ready = stack.pop()
        if name in known and not ready:
            continue
        own, below = behind(protocol.definitions[name].expression)
        if ready:
            known[name] = own.union(*(known[each] for each in below))
        else:
            stack.append((name, True))
            stack.extend((each, False) for each in below if each not in known)
    return found.union(*(known[name] for name in needed))


def lookups_outside(protocol: Protocol, findings: Findings) -> None:
    """A lookup by a number that may lie where the table has no rows: there it is unknown."""
    seen: set[tuple[str, str]] = set()
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if not isinstance(node, x.Lookup):
                continue
            for argument, column in zip(node.arguments, protocol.tables[node.table].inputs, strict=True):
                item = protocol.items[argument.item] if isinstance(argument, x.ItemValue) else None
                if item is None or item.unit is None or column.span is None or (item.name, node.table) in seen:
                    continue
                span = item.span
                if span and column.span.low <= span.low and span.high <= column.span.high:
                    continue
                seen.add((item.name, node.table))
                low, high = number_text(column.span.low), number_text(column.span.high)
                findings.warning(
                    "R904",
                    f"`{item.name}` may lie outside {low}..{high}, where `{node.table}` has no rows and gives unknown",
                    argument.place or item.place,
                    f"give `{item.name}` the range {low}..{high}, or widen the column",
                )
