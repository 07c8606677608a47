"""Formulas over criteria for many patients at once: what the verdict would be with some criteria taken as satisfied.

A truth is two rows of bits, eight patients a byte: which are true, and which are false; the rest are unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ..protocol import expressions as x
from ..protocol.model import Part, Protocol
from ..protocol.terms import walk
from .polars_engine import OUTCOMES

Bits = np.ndarray[Any, Any]
MET, NOT_MET, NOT_APPLICABLE = OUTCOMES.index("met"), OUTCOMES.index("not met"), OUTCOMES.index("not applicable")


@dataclass(frozen=True, slots=True)
class Truths:
    true: Bits
    false: Bits

    def negated(self) -> Truths:
        return Truths(self.false, self.true)


def truths_of(outcomes: pl.Series) -> Truths:
    """The truth of a criterion from its outcomes; one that does not apply counts as satisfied."""
    codes = outcomes.to_physical().to_numpy()
    return Truths(np.packbits((codes == MET) | (codes == NOT_APPLICABLE)), np.packbits(codes == NOT_MET))


def every(parts: Sequence[Truths]) -> Truths:
    true, false = parts[0].true, parts[0].false
    for each in parts[1:]:
        true, false = true & each.true, false | each.false
    return Truths(true, false)


def some(parts: Sequence[Truths]) -> Truths:
    return every([each.negated() for each in parts]).negated()


def at_least(n: int, parts: Sequence[Truths]) -> Truths:
    """True when n are true, false when fewer than n can be."""
    true = sum(np.unpackbits(each.true) for each in parts)
    false = sum(np.unpackbits(each.false) for each in parts)
    return Truths(np.packbits(true >= n), np.packbits(false > len(parts) - n))


def over_criteria(node: x.Expression) -> bool:
    """Whether a formula is made of criteria only."""
    return all(isinstance(each, (*x.LOGICAL, x.CriterionTruth, x.Always)) for each in walk(node))


def independent(protocol: Protocol) -> bool:
    """Whether all formulas are made of criteria only, and no criterion speaks of another outside its own children."""
    formulas = [block.formula for part in protocol.parts for block in part.blocks]
    own = {each.id: {below.id for below in each.walk()} for each in protocol.criteria()}
    for criterion in protocol.criteria():
        for node in walk(criterion.condition) if criterion.condition is not None else ():
            if isinstance(node, x.CriterionTruth) and node.criterion not in own[criterion.id]:
                return False
            if isinstance(node, x.DefinedValue) and _names_criteria(protocol, node.name):
                return False
    return all(map(over_criteria, formulas))


def _names_criteria(protocol: Protocol, name: str) -> bool:
    seen, stack = {name}, [name]
    while stack:
        for node in walk(protocol.definitions[stack.pop()].expression):
            if isinstance(node, x.CriterionTruth):
                return True
            if isinstance(node, x.DefinedValue) and node.name not in seen:
                seen.add(node.name)
                stack.append(node.name)
    return False


def truth(node: x.Expression, of: Callable[[str], Truths], like: Truths) -> Truths:
    """The truth of a formula; `of` gives that of each criterion, `like` tells how many patients there are."""
    match node:
        case x.CriterionTruth(criterion=id):
            return of(id)
        case x.Always(value=value):
            return always(value, like)
        case x.Not(condition=condition):
            return truth(condition, of, like).negated()
        case x.Except(condition=condition, exception=exception):
            return every([truth(condition, of, like), truth(exception, of, like).negated()])
        case x.WaivedIf(condition=condition, waiver=waiver):
            return some([truth(condition, of, like), truth(waiver, of, like)])
        case x.IfThen(condition=condition, consequence=consequence):
            return some([truth(condition, of, like).negated(), truth(consequence, of, like)])
        case x.Group(kind=kind, count=count, conditions=conditions):
            parts = [truth(each, of, like) for each in conditions]
            return _group(kind, count, parts)
    raise TypeError(type(node).__name__)


def _group(kind: str, count: int, parts: Sequence[Truths]) -> Truths:
    match kind:
        case "all":
            return every(parts)
        case "any":
            return some(parts)
        case "none":
            return some(parts).negated()
        case "at least":
            return at_least(count, parts)
        case "at most":
            return at_least(count + 1, parts).negated()
    return every([at_least(count, parts), at_least(count + 1, parts).negated()])


def always(value: bool, like: Truths) -> Truths:
    full = np.full_like(like.true, 255)
    return Truths(full, ~full) if value else Truths(~full, full)


def eligible(part: Part, truths: Mapping[str, Truths], satisfied: frozenset[str]) -> Truths:
    """Whether patients are eligible for a part, with some criteria taken as satisfied."""
    like = next(iter(truths.values()))
    found = []
    for block in part.blocks:
        fine = block.kind == "inclusion"

        def of(id: str, fine: bool = fine) -> Truths:
            return always(fine, like) if id in satisfied else truths[id]

        held = truth(block.formula, of, like)
        found.append(held if fine else held.negated())
    return every(found)


def counted(bits: Bits, patients: int) -> int:
    """How many bits are set, of those that stand for patients."""
    spare = 8 * len(bits) - patients
    last = int(np.bitwise_count(bits[-1:] & np.uint8((1 << spare) - 1)).sum()) if spare else 0
    return int(np.bitwise_count(bits).sum()) - last
