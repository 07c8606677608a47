"""The facts that would settle an undetermined verdict, structurally: the items behind unknown conditions."""

from __future__ import annotations

from ..graph.build import RuleGraph
from ..logic.kleene import conjunction
from ..protocol import expressions as x
from ..protocol.terms import items_behind
from ..values.bounds import Bounds
from .facts import Chosen, Measured, Occurrence
from .partial import Value
from .reference import Reference


def deciding_facts(graph: RuleGraph, leaves: list[str], reference: Reference) -> list[str]:
    """The items behind unknown conditions, in alphabetical order. An item with an `otherwise` stands for what it
    follows from; readings never appear; an item that is there but not enough (no ULN, a partial date) counts."""
    found: set[str] = set()
    for leaf in leaves:
        kind, _, name = leaf.partition(":")
        if kind == "item":
            found.add(name)
            continue
        expression = graph.expression(leaf)
        if expression is not None:
            found |= insufficient_below(expression, reference)
    return sorted(found)


def insufficient_below(node: x.Expression, reference: Reference) -> set[str]:
    """Items that keep an unknown condition from being known; all of its items where none stands out (a division by
    zero, an empty selection)."""
    found: set[str] = set()
    for part in x.parts(node):
        found |= insufficient(part, reference)
    return found or items_behind(node, reference.protocol)


def insufficient(node: x.Expression, reference: Reference) -> set[str]:
    """Items behind a value that is not exactly known."""
    match node:
        case x.ItemValue(item=name):
            return set() if enough(reference.item(name)) else {name}
        case x.DefinedValue(name=name):
            definition = reference.protocol.definitions[name].expression
            return set() if enough(reference.defined(name)) else insufficient(definition, reference)
        case x.CriterionTruth(criterion=id):
            criterion = reference.protocol.criterion(id)
            if reference.criterion(id) is not None or criterion is None or criterion.condition is None:
                return set()
            return insufficient(criterion.condition, reference)
        case x.TimesLimit(subject=subject) | x.LimitValue(subject=subject):
            return set() if enough(reference.value(node)) else items_behind(subject, reference.protocol)
        case x.Selected():
            return insufficient_selection(node, reference)
        case x.IsKnown():
            return set()
        case x.AttributeOf() | x.Aggregate() | x.Pick():
            if enough(reference.value(node)):
                return set()
            below = insufficient_parts(node, reference)
            return below or items_behind(node, reference.protocol)
    if enough(reference.value(node)):
        return set()
    return insufficient_parts(node, reference) or items_behind(node, reference.protocol)


def insufficient_parts(node: x.Expression, reference: Reference) -> set[str]:
    found: set[str] = set()
    for part in x.parts(node):
        found |= insufficient(part, reference)
    return found


def insufficient_selection(node: x.Selected, reference: Reference) -> set[str]:
    """The event, where an occurrence of its own (date, end, attribute) is not enough; and what the window and WHERE
    need besides."""
    fitting = reference.selection(node)
    if fitting is None:
        around = insufficient(node.window.anchor, reference) if node.window else set()
        return {node.event} | around
    found: set[str] = set()
    for occurrence, truth in fitting:
        if truth is not None:
            continue
        where = True if node.where is None else reference.truth(node.where, occurrence)
        if where is None:
            found |= insufficient_where(node, occurrence, reference)
        window = None if node.window is None else node.window
        if window and conjunction((reference.fits(occurrence.start, occurrence.end, window, None),)) is None:
            if not (occurrence.start.exact and occurrence.end.exact):
                found.add(node.event)
            for part in x.parts(window):
                found |= insufficient(part, reference)
    return found


def insufficient_where(node: x.Selected, occurrence: Occurrence, reference: Reference) -> set[str]:
    """WHERE is unknown: through an attribute of the occurrence, or through another fact."""
    found: set[str] = set()
    stack: list[x.Expression] = [node.where] if node.where is not None else []
    while stack:
        each = stack.pop()
        value = reference.value(each, occurrence)
        if isinstance(each, x.AttributeValue):
            if not enough(value):
                found.add(node.event)
        elif isinstance(each, x.ItemValue | x.DefinedValue | x.Selected | x.CriterionTruth):
            found |= insufficient(each, reference)
        elif not enough(value) or isinstance(each, x.TimesLimit | x.LimitValue):
            below = x.parts(each)
            if isinstance(each, x.TimesLimit | x.LimitValue) and not enough(value):
                found.add(node.event)
            stack.extend(below)
    return found or {node.event}


def enough(value: Value) -> bool:
    """Whether a value is exactly known."""
    if isinstance(value, Measured):
        return value.value.exact
    if isinstance(value, Bounds):
        return value.exact
    if isinstance(value, frozenset):
        return isinstance(value, Chosen) or len(value) == 1
    return value is not None
