"""An expression under a choice of readings: conditions on readings are settled, and what cannot matter is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from . import expressions as x


def settled(node: x.Expression, readings: Mapping[str, str]) -> x.Expression:
    """The same condition with each reading taken as chosen. Kinds that hold no readings come back as they are."""
    match node:
        case x.IsOneOf(subject=x.ReadingValue(reading=reading), options=options):
            return x.Always(readings[reading] in options, place=node.place)
        case x.Not(condition=condition):
            inner = settled(condition, readings)
            return (
                x.Always(not inner.value, place=node.place)
                if isinstance(inner, x.Always)
                else replace(node, condition=inner)
            )
        case x.Group():
            return _group(node, readings)
        case x.Except(condition=condition, exception=exception):
            held, other = settled(condition, readings), settled(exception, readings)
            if isinstance(other, x.Always):
                return x.Always(False, place=node.place) if other.value else held
            return (
                held
                if isinstance(held, x.Always) and not held.value
                else replace(node, condition=held, exception=other)
            )
        case x.WaivedIf(condition=condition, waiver=waiver):
            held, other = settled(condition, readings), settled(waiver, readings)
            if isinstance(other, x.Always):
                return other if other.value else held
            return held if isinstance(held, x.Always) and held.value else replace(node, condition=held, waiver=other)
        case x.IfThen(condition=condition, consequence=consequence):
            return replace(node, condition=settled(condition, readings), consequence=settled(consequence, readings))
    return node


def _group(node: x.Group, readings: Mapping[str, str]) -> x.Expression:
    conditions = [settled(each, readings) for each in node.conditions]
    if conditions == list(node.conditions):
        return node
    if node.kind not in ("all", "any"):
        return replace(node, conditions=tuple(conditions))
    deciding = node.kind == "any"
    if any(isinstance(each, x.Always) and each.value is deciding for each in conditions):
        return x.Always(deciding, place=node.place)
    left = tuple(each for each in conditions if not isinstance(each, x.Always))
    if not left:
        return x.Always(not deciding, place=node.place)
    return left[0] if len(left) == 1 else replace(node, conditions=left)
