"""The facts that would settle an undetermined verdict, structurally: the items behind unknown conditions."""

from __future__ import annotations

from ..graph.build import RuleGraph
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
    if graph.deep:  # what long chains rest on comes first, so that no look-up goes deep
        for node in graph.order:
            if node.startswith("definition:"):
                insufficient(x.DefinedValue(node.removeprefix("definition:")), reference, None)
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
    return insufficient_parts(node, reference, None) or items_behind(node, reference.protocol)


def insufficient(node: x.Expression, reference: Reference, occurrence: Occurrence | None) -> set[str]:
    """Items behind a value that is not exactly known; `occurrence` is the one that a WHERE speaks of."""
    match node:
        case x.ItemValue(item=name):
            return set() if enough(reference.item(name)) else {name}
        case x.DefinedValue(name=name):
            if name not in reference.insufficient:
                definition = reference.protocol.definitions[name].expression
                known = enough(reference.defined(name))
                reference.insufficient[name] = set() if known else insufficient(definition, reference, None)
            return reference.insufficient[name]
        case x.CriterionTruth(criterion=id):
            criterion = reference.protocol.criterion(id)
            if reference.criterion(id) is not None or criterion is None or criterion.condition is None:
                return set()
            return insufficient(criterion.condition, reference, None)
        case x.TimesLimit(subject=subject) | x.LimitValue(subject=subject):
            known = enough(reference.value(node, occurrence))
            return set() if known else items_behind(subject, reference.protocol)
        case x.AttributeValue(event=event):
            return set() if enough(reference.value(node, occurrence)) else {event}
        case x.Selected():
            return insufficient_selection(node, reference, occurrence)
        case x.IsKnown():
            return set()
        case (
            x.Pick(occurrences=x.Selected(event=event))
            | x.AttributeOf(occurrence=x.Pick(occurrences=x.Selected(event=event)))
            | x.Aggregate(occurrences=x.Selected(event=event))
        ):
            if enough(reference.value(node, occurrence)):
                return set()
            return insufficient_parts(node, reference, occurrence) or {event}
    if enough(reference.value(node, occurrence)):
        return set()
    return insufficient_parts(node, reference, occurrence) or items_behind(node, reference.protocol)


def insufficient_parts(node: x.Expression | x.Window, reference: Reference, occurrence: Occurrence | None) -> set[str]:
    found: set[str] = set()
    for part in x.parts(node):
        found |= insufficient(part, reference, occurrence)
    return found


def insufficient_selection(node: x.Selected, reference: Reference, outer: Occurrence | None) -> set[str]:
    """The event, where an occurrence of its own (date, end, attribute) is not enough; and what the window and WHERE
    need besides."""
    fitting = reference.selection(node, outer)
    if fitting is None:
        around = insufficient(node.window.anchor, reference, outer) if node.window else set()
        return {node.event} | around
    found: set[str] = set()
    for occurrence, truth in fitting:
        if truth is not None:
            continue
        if node.where is not None and reference.truth(node.where, occurrence) is None:
            found |= insufficient(node.where, reference, occurrence) or {node.event}
        if node.window and reference.fits(occurrence.start, occurrence.end, node.window, outer) is None:
            if not (occurrence.start.exact and occurrence.end.exact):
                found.add(node.event)
            found |= insufficient_parts(node.window, reference, outer)
    return found


def enough(value: Value) -> bool:
    """Whether a value is exactly known."""
    if isinstance(value, Measured):
        return value.value.exact
    if isinstance(value, Bounds):
        return value.exact
    if isinstance(value, frozenset):
        return isinstance(value, Chosen) or len(value) == 1
    return value is not None
