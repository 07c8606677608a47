"""A condition as it is shown: readings settled, what cannot matter left out, NOT moved inwards to what is negated.

The meaning stays the same in three-valued logic (De Morgan's laws hold in Kleene's), so that words, explanations and
diagrams may say "either has no fever or …" where the file says NOT (… AND …).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..logic.kleene import Truth, at_least, at_most, conjunction, disjunction, exactly, implied, negation
from . import expressions as x


def combined(node: x.Expression, truths: Sequence[Truth]) -> Truth:
    """The truth of a condition made of other conditions (one of x.LOGICAL), from theirs in order."""
    match node:
        case x.Not():
            return negation(truths[0])
        case x.Group(kind=kind, count=count):
            return _GROUPS[kind](count, truths)
        case x.Except():
            return conjunction((truths[0], negation(truths[1])))
        case x.WaivedIf():
            return disjunction(truths)
        case x.IfThen():
            return implied(truths[0], truths[1])
    raise TypeError(f"{type(node).__name__} is not made of conditions")


_GROUPS: dict[str, Callable[[int, Sequence[Truth]], Truth]] = {
    "all": lambda n, truths: conjunction(truths),
    "any": lambda n, truths: disjunction(truths),
    "none": lambda n, truths: negation(disjunction(truths)),
    "at least": at_least,
    "at most": at_most,
    "exactly": exactly,
}


def settled(node: x.Expression, readings: Mapping[str, str], negated: bool = False) -> x.Expression:
    """The same condition (`negated`: its opposite) as it is shown. A condition that comes out the same whatever the
    patient's data becomes `Always`."""
    match node:
        case x.Always(value=value):
            return _always(value is not negated, node)
        case x.IsOneOf(subject=x.ReadingValue(reading=reading), options=options):
            return _always((readings[reading] in options) is not negated, node)
        case x.Not(condition=condition):
            return settled(condition, readings, not negated)
        case x.Group() if node.style != "between":
            return _group(node, readings, negated)
        case x.Except(condition=condition, exception=exception):
            if negated:
                return _made("any", 0, (settled(condition, readings, True), settled(exception, readings)), node)
            held, other = settled(condition, readings), settled(exception, readings)
            if isinstance(held, x.Always) or isinstance(other, x.Always):
                return _made("all", 0, (held, settled(exception, readings, True)), node)
            return replace(node, condition=held, exception=other)
        case x.WaivedIf(condition=condition, waiver=waiver):
            held, other = settled(condition, readings), settled(waiver, readings)
            if negated or isinstance(held, x.Always) or isinstance(other, x.Always):
                return _made("none" if negated else "any", 0, (held, other), node)
            return replace(node, condition=held, waiver=other)
        case x.IfThen(condition=condition, consequence=consequence):
            if negated:
                return _made("all", 0, (settled(condition, readings), settled(consequence, readings, True)), node)
            return replace(node, condition=settled(condition, readings), consequence=settled(consequence, readings))
    return x.Not(node, place=node.place) if negated else node


def _group(node: x.Group, readings: Mapping[str, str], negated: bool) -> x.Expression:
    kind, count = node.kind, node.count
    if negated and kind == "all":
        return _made("any", 0, [settled(each, readings, True) for each in node.conditions], node)
    conditions = [settled(each, readings) for each in node.conditions]
    if negated and kind == "exactly":
        made = _made(kind, count, conditions, node)
        counts = isinstance(made, x.Group) and made.kind == kind
        return x.Not(made, place=node.place) if counts else settled(made, readings, True)
    if negated:
        kind, count = {
            "any": ("none", 0),
            "none": ("any", 0),
            "at least": ("at most", count - 1),
            "at most": ("at least", count + 1),
        }[kind]
    return _made(kind, count, conditions, node)


def _always(value: bool, node: x.Expression) -> x.Always:
    return x.Always(value, place=node.place)


def _made(kind: str, count: int, conditions: Sequence[x.Expression], node: x.Expression) -> x.Expression:
    """A group of its plainest kind, without the conditions that are certain."""
    certain = [each.value if isinstance(each, x.Always) else None for each in conditions]
    truth = combined(x.Group(kind, count, tuple(conditions)), certain)
    if truth is not None:
        return _always(truth, node)
    left = tuple(each for each in conditions if not isinstance(each, x.Always))
    if kind not in ("all", "any", "none"):
        count -= certain.count(True)
        if count == 0:
            kind = "none"
        elif count == len(left) and kind != "at most":
            kind = "all"
        elif count == 1 and kind == "at least":
            kind = "any"
    if len(left) > 1:
        made = x.Group(kind, count, left, node.style if isinstance(node, x.Group) else "list", place=node.place)
        return node if made == node else made
    return settled(left[0], {}, True) if kind == "none" else left[0]
