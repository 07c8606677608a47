"""What the examples of a protocol are held against: its conditions, criteria and thresholds.

Conditions are taken as they are shown, with readings settled and NOT moved to what it negates: what cannot matter
under the readings chosen is not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..graph.build import RuleGraph
from ..language.source import Place
from ..protocol import expressions as x
from ..protocol import types as t
from ..protocol.model import Criterion, Part, Protocol
from ..protocol.settling import settled
from ..protocol.terms import DAYS, constant_value, walk
from ..words.phrases import Words


@dataclass(frozen=True)
class Condition:
    """A condition about facts, with the criteria that it belongs to (or the definition)."""

    expression: x.Expression
    criteria: tuple[str, ...]
    words: str
    place: Place | None

    @property
    def never_unknown(self) -> bool:
        return isinstance(self.expression, x.IsKnown)


@dataclass(frozen=True)
class Threshold:
    """A value at which a condition changes: of a number, with the `step` that counts as just beside it; or of a date
    and a window (`window` set), beside which a day (an hour) counts."""

    condition: Condition
    comparison: x.Compare | None
    value: Fraction
    step: Fraction
    window: x.Window | None = None
    dated: x.Expression | None = None
    words: str = ""


@dataclass(frozen=True)
class Subjects:
    protocol: Protocol
    readings: Mapping[str, str]
    conditions: tuple[Condition, ...]
    criteria: tuple[Criterion, ...]
    thresholds: tuple[Threshold, ...]

    def part_of(self, criterion: str) -> Part:
        for part in self.protocol.parts:
            for block in part.blocks:
                if any(each.id == criterion for top in block.criteria for each in top.walk()):
                    return part
        raise KeyError(criterion)


def subjects_of(graph: RuleGraph, words: Words) -> Subjects:
    protocol, readings = graph.protocol, words.readings
    criteria = tuple(each for each in protocol.criteria() if each.condition is not None)
    found: dict[x.Expression, list[str]] = {}
    for owner, expression in _owned(protocol, criteria):
        for leaf in leaves(settled(expression, readings)):
            owners = found.setdefault(leaf, [])
            if owner not in owners:
                owners.append(owner)
    conditions = tuple(Condition(leaf, tuple(owners), words.text(leaf), leaf.place) for leaf, owners in found.items())
    thresholds = tuple(each for condition in conditions for each in thresholds_of(condition, protocol, words))
    return Subjects(protocol, readings, conditions, criteria, thresholds)


def _owned(protocol: Protocol, criteria: tuple[Criterion, ...]) -> Iterator[tuple[str, x.Expression]]:
    """Criteria with their conditions, and the definitions of conditions that they rest on."""
    used: set[str] = set()
    stack = [criterion.condition for criterion in criteria if criterion.condition is not None]
    for criterion in criteria:
        assert criterion.condition is not None
        yield criterion.id, criterion.condition
    while stack:
        for node in walk(stack.pop()):
            if isinstance(node, x.DefinedValue) and node.name not in used:
                used.add(node.name)
                definition = protocol.definitions[node.name]
                stack.append(definition.expression)
                if isinstance(definition.type, t.Truth):
                    yield definition.name, definition.expression


def leaves(node: x.Expression) -> Iterator[x.Expression]:
    """The conditions about facts that a condition is made of; references to criteria and definitions are followed by
    those who own them."""
    match node:
        case x.Always() | x.CriterionTruth() | x.DefinedValue():
            return
        case x.Group(style="between"):
            yield node
        case x.Not() | x.Group() | x.Except() | x.WaivedIf() | x.IfThen():
            for each in x.parts(node):
                yield from leaves(each)
        case x.Compare(left=x.CountTrue(conditions=conditions)):
            yield node
            for each in conditions:
                yield from leaves(each)
        case _:
            yield node


# ---- thresholds ----------------------------------------------------------------------------------------------------


def thresholds_of(condition: Condition, protocol: Protocol, words: Words) -> Iterator[Threshold]:
    for node in walk(condition.expression):
        match node:
            case x.Compare(left=left, right=right):
                value = constant_value(right)
                if value is not None and not isinstance(left, x.Constant) and not scoped(left):
                    yield Threshold(condition, node, value, step_of(right, left), words=words.text(node))
            case x.Selected(window=window) if window is not None and window.length is not None and not scoped(node):
                yield _window(condition, node, window, words)
            case x.InWindow(window=window) if window.length is not None and not scoped(node):
                yield _window(condition, node, window, words)


def _window(condition: Condition, dated: x.Expression, window: x.Window, words: Words) -> Threshold:
    """The far border of a window; beside a time, an hour counts."""
    step = Fraction(3600 if window.moments else 1)
    return Threshold(condition, None, Fraction(0), step, window, dated, words.text(condition.expression))


def scoped(node: x.Expression) -> bool:
    """Whether a value belongs to the occurrence at hand in WHERE, of which there may be many."""
    stack: list[x.Expression] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, x.AttributeValue):
            return True
        inner = x.parts(each.window) if isinstance(each, x.Selected) and each.window else x.parts(each)
        stack += [] if isinstance(each, x.Selected) and not each.window else inner
    return False


DECIMAL = (x.ItemValue, x.DefinedValue, x.AttributeValue, x.AttributeOf, x.Aggregate, x.Arithmetic)


def step_of(constant: x.Expression, value: x.Expression) -> Fraction:
    """What counts as just beside a threshold: one unit of the last digit that is written, in the unit compared; but no
    more than a twentieth of the threshold for what is measured in a unit (not for counts, scores and times)."""
    if isinstance(value, x.CountOptions | x.CountOccurrences | x.CountTrue):
        return Fraction(1)
    written = next((node for node in walk(constant) if isinstance(node, x.Constant)), None)
    text = written.place.text if written is not None and written.place is not None else ""
    number = re.match(r"[−-]?(\d+)(?:\.(\d+))?(?: ?[×*] ?10\^([−-]?\d+))?", text)
    if written is None or number is None:
        return Fraction(1, 10)  # a bare ULN: a tenth of it
    step = Fraction(10) ** (int((number.group(3) or "0").replace("−", "-")) - len(number.group(2) or ""))
    scale = constant_value(constant)
    factor = abs(scale / written.value) if scale and written.value else Fraction(1)
    measured = isinstance(value, x.TimesLimit) or (written.unit.text not in ("", "1") and isinstance(value, DECIMAL))
    measured = measured and written.unit.dimension != DAYS.dimension
    while measured and written.value and step * 20 > abs(written.value) and step.denominator < 1000:
        step /= 10
    return step * factor


# ---- what must hold for a condition to decide ------------------------------------------------------------------------

Needs = list[tuple[x.Expression, bool]]


def ways_to(target: x.Expression, parts: Sequence[Part], subjects: Subjects) -> Iterator[Needs]:
    """For each way from a verdict to a condition or criterion: what else must hold, or not hold, for it to decide."""
    for part in parts:
        for block in part.blocks:
            other: Needs = [(each.formula, each.kind == "inclusion") for each in part.blocks if each is not block]
            for way in _ways(settled(block.formula, subjects.readings), target, subjects):
                yield [*other, *way]


def _ways(node: x.Expression, target: x.Expression, subjects: Subjects) -> Iterator[Needs]:
    if node == target:
        yield []
        return
    protocol = subjects.protocol
    match node:
        case x.CriterionTruth(criterion=id):
            referred = protocol.criterion(id)
            below = not isinstance(target, x.CriterionTruth) or target.criterion.startswith(f"{id}.")
            if referred is not None and referred.condition is not None and below:
                yield from _ways(settled(referred.condition, subjects.readings), target, subjects)
        case x.DefinedValue(name=name) if isinstance(protocol.definitions[name].type, t.Truth):
            yield from _ways(settled(protocol.definitions[name].expression, subjects.readings), target, subjects)
        case x.Not(condition=inner):
            yield from _ways(inner, target, subjects)
        case x.Group(kind=kind, count=count, conditions=conditions, style=style) if style != "between":
            yield from _through(kind, count, conditions, target, subjects)
        case x.Compare(operator="≥", left=x.CountTrue(conditions=conditions), right=x.Constant(value=value)):
            yield from _through("at least", int(value), conditions, target, subjects)
        case x.Except(condition=one, exception=other):
            yield from _beside(one, (other, False), target, subjects)
            yield from _beside(other, (one, True), target, subjects)
        case x.WaivedIf(condition=one, waiver=other):
            yield from _beside(one, (other, False), target, subjects)
            yield from _beside(other, (one, False), target, subjects)
        case x.IfThen(condition=one, consequence=other):
            yield from _beside(one, (other, False), target, subjects)
            yield from _beside(other, (one, True), target, subjects)


def _beside(
    node: x.Expression, need: tuple[x.Expression, bool], target: x.Expression, subjects: Subjects
) -> Iterator[Needs]:
    for way in _ways(node, target, subjects):
        yield [need, *way]


def _through(
    kind: str, count: int, conditions: Sequence[x.Expression], target: x.Expression, subjects: Subjects
) -> Iterator[Needs]:
    for number, each in enumerate(conditions):
        others = [other for n, other in enumerate(conditions) if n != number]
        for way in _ways(each, target, subjects):
            yield [*_others(kind, count, others), *way]


def _others(kind: str, count: int, others: list[x.Expression]) -> Needs:
    """What the other conditions of a group must be for one of them to decide it."""
    if kind == "all":
        return [(each, True) for each in others]
    holding = {"at least": count - 1, "at most": count, "exactly": count - 1}.get(kind, 0)
    return [(each, number < holding) for number, each in enumerate(others)]
