"""What if the rules were a little different: a threshold or a window moved, a criterion dropped, a reading switched.

A what-if is a changed protocol. Both are run on the same patients; who changes, and by which criterion, is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import polars as pl

from ..evaluation.results import Evaluator
from ..graph.build import build_graph
from ..language.diagnostics import did_you_mean
from ..protocol import expressions as x
from ..protocol.model import Block, Criterion, Part, Protocol
from ..protocol.terms import all_conditions, items_behind, walk
from .comparing import compared_in, conditions
from .evaluating import verdict_column
from .matching import PopulationError
from .polars_engine import OUTCOMES, VERDICTS

TURNED = {"≥": ("≥", ">"), ">": ("≥", ">"), "≤": ("≤", "<"), "<": ("≤", "<"), "=": ("=",), "≠": ("≠",)}
COMMA = re.compile(r",(?![^(]*\))")  # not within parentheses
INSIDE, OUTSIDE = ("within", "less than"), ("at least", "more than")
TURNED_WINDOWS = {**dict.fromkeys(INSIDE, INSIDE), **dict.fromkeys(OUTSIDE, OUTSIDE)}
Change = Callable[[x.Expression], x.Expression]


@dataclass(frozen=True)
class WhatIf:
    """`thresholds` are comparisons and windows as in rules (`lvef ≥ 50 %`), `dropped` ids of criteria, `readings` other
    options."""

    thresholds: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [*self.thresholds, *(f"without {id}" for id in self.dropped)]
        return ", ".join([*parts, *(f"{name} = {option}" for name, option in self.readings.items())])


def read_what_if(text: str, protocol: Protocol) -> WhatIf:
    """A what-if as it is written: changes separated by commas, each a comparison (`lvef ≥ 50 %`), a window
    (`stroke WITHIN 3 months BEFORE screening`), `without I5`, or a reading (`liver_exception = transaminases_only`)."""
    thresholds, dropped, readings = [], [], {}
    for part in (each.strip() for each in COMMA.split(text)):
        name, sign, option = (each.strip() for each in part.partition("="))
        if part.lower().startswith("without "):
            dropped.append(part[len("without ") :].strip())
        elif sign and name in protocol.readings:
            readings[name] = option
        elif part:
            thresholds.append(part)
    if not (thresholds or dropped or readings):
        raise PopulationError("write what is to change, such as `lvef ≥ 50 %`")
    return WhatIf(tuple(thresholds), tuple(dropped), readings)


def changed(evaluator: Evaluator, what_if: WhatIf) -> Evaluator:
    """The evaluator of the changed rules. Raises PopulationError where a change does not fit, and UnknownReading."""
    protocol = evaluator.protocol
    for text in what_if.thresholds:
        protocol = _with_condition(protocol, text, f"what if {text}")
    for id in what_if.dropped:
        protocol = _without(protocol, id)
    return Evaluator(build_graph(protocol), {**evaluator.readings, **what_if.readings})


# ---- a threshold moved


def comparisons_like(protocol: Protocol, wanted: x.Compare) -> list[x.Compare]:
    """The comparisons of the rules that another stands in for: of the same thing, in the same direction."""
    same = (each for each in _comparisons(protocol) if each.left == wanted.left)
    return [each for each in same if each.operator in TURNED[wanted.operator]]


def with_comparison(protocol: Protocol, wanted: x.Compare, text: str) -> Protocol:
    """The rules with a comparison in place of theirs. Raises PopulationError, which begins with `text`, where they have
    none like it."""
    fitting = {id(each) for each in comparisons_like(protocol, wanted)}
    if not fitting:
        names = items_behind(wanted.left, protocol)
        same = (each for each in _comparisons(protocol) if names & items_behind(each.left, protocol))
        there = ", ".join(sorted({" ".join(each.place.text.split()) for each in same if each.place}))
        help = f"the rules have {there}" if there else "the rules compare it nowhere"
        raise PopulationError(f"{text}: there is no such comparison to change; {help}")

    def change(node: x.Expression) -> x.Expression:
        if id(node) in fitting and isinstance(node, x.Compare):
            return replace(node, operator=wanted.operator, right=wanted.right)
        return node

    return _rebuilt(protocol, change)


def _comparisons(protocol: Protocol) -> list[x.Compare]:
    """Every comparison of the rules, each object once."""
    found = {id(node): node for condition in all_conditions(protocol) for node in walk(condition)}
    return [node for node in found.values() if isinstance(node, x.Compare)]


# ---- a window moved


def _with_condition(protocol: Protocol, text: str, what: str) -> Protocol:
    """The rules with a comparison or a window in place of theirs."""
    (condition,) = conditions(protocol, [text], what)
    wanted = compared_in(condition)
    match wanted:
        case x.Compare():
            return with_comparison(protocol, wanted, what)
        case x.Occurs(occurrences=x.Selected(window=x.Window()) as held):
            return _with_window(protocol, held, what)
        case x.InWindow():
            return _with_window(protocol, wanted, what)
    example = "`lvef ≥ 50 %`, or a window, such as `stroke WITHIN 3 months BEFORE screening`"
    raise PopulationError(f"{what}: write a comparison, such as {example}")


def _with_window(protocol: Protocol, wanted: x.Selected | x.InWindow, what: str) -> Protocol:
    """The rules with a window of another length in place of theirs, of the same event or date."""
    window = wanted.window
    assert window is not None
    same = [each for each in _windows(protocol) if _subject(each) == _subject(wanted)]
    fitting = {id(each) for each in same if _like(each, wanted)}
    if not fitting:
        there = ", ".join(sorted({" ".join(each.place.text.split()) for each in same if each.place}))
        help = f"the rules have {there}" if there else "the rules have none of it"
        raise PopulationError(f"{what}: there is no such window to change; {help}")

    def change(node: x.Expression) -> x.Expression:
        if id(node) in fitting and isinstance(node, x.Selected | x.InWindow) and node.window:
            return replace(node, window=replace(node.window, kind=window.kind, length=window.length))
        return node

    return _rebuilt(protocol, change)


def _windows(protocol: Protocol) -> list[x.Selected | x.InWindow]:
    """Every event or date in a window, each object once."""
    found = {id(node): node for condition in all_conditions(protocol) for node in walk(condition)}
    return [node for node in found.values() if isinstance(node, x.Selected | x.InWindow) and node.window]


def _subject(node: x.Selected | x.InWindow) -> object:
    return node.event if isinstance(node, x.Selected) else node.date


def _like(node: x.Selected | x.InWindow, wanted: x.Selected | x.InWindow) -> bool:
    """Whether a window is of the same kind, on the same side of the same day, of occurrences that are the same where
    the wanted one says which."""
    a, b = node.window, wanted.window
    assert a is not None and b is not None
    if isinstance(wanted, x.Selected) and wanted.where is not None and wanted.where != getattr(node, "where", None):
        return False
    same_kind = a.kind in TURNED_WINDOWS.get(b.kind, ())
    return same_kind and (a.direction, a.anchor, a.moments) == (b.direction, b.anchor, b.moments)


# ---- a criterion dropped


def _without(protocol: Protocol, id: str) -> Protocol:
    if protocol.criterion(id) is None:
        known = [each.id for each in protocol.criteria()]
        raise PopulationError(
            f"there is no criterion {id}; {did_you_mean(id, known) or 'the criteria are ' + ', '.join(known)}"
        )
    settled = x.Always(id not in protocol.excluding)

    def change(node: x.Expression) -> x.Expression:
        return settled if isinstance(node, x.CriterionTruth) and node.criterion == id else node

    return _rebuilt(protocol, change)


# ---- a protocol with other expressions


def _rebuilt(protocol: Protocol, change: Change) -> Protocol:
    """The protocol with each expression changed, from the leaves up."""
    made: dict[int, tuple[Any, Any]] = {}

    def rebuild(node: Any) -> Any:
        if isinstance(node, tuple):
            new = tuple(map(rebuild, node))
            return node if all(a is b for a, b in zip(new, node, strict=True)) else new
        if not isinstance(node, (*x.OPERANDS, x.Window, x.CalendarLength, x.ComputedLength)):
            return node
        if id(node) not in made:
            made[id(node)] = (node, _changed(node, rebuild, change))
        return made[id(node)][1]

    return replace(
        protocol,
        parts=tuple(_part(part, rebuild) for part in protocol.parts),
        definitions={n: replace(each, expression=rebuild(each.expression)) for n, each in protocol.definitions.items()},
        items={n: replace(each, otherwise=rebuild(each.otherwise)) for n, each in protocol.items.items()},
    )


def _changed(node: Any, rebuild: Callable[[Any], Any], change: Change) -> Any:
    """What a node becomes: what `change` makes of it, or itself with changed operands."""
    after = change(node)
    if after is not node:
        return after
    held = {each.name: getattr(node, each.name) for each in fields(node) if each.name != "place"}
    new = {name: rebuild(value) for name, value in held.items()}
    return node if all(new[name] is held[name] for name in held) else replace(node, **new)


def _part(part: Part, rebuild: Callable[[Any], Any]) -> Part:
    def block(held: Block | None) -> Block | None:
        if held is None:
            return None
        criteria = tuple(_criterion(each, rebuild) for each in held.criteria)
        return replace(held, formula=rebuild(held.formula), criteria=criteria)

    return replace(part, inclusion=block(part.inclusion), exclusion=block(part.exclusion))


def _criterion(criterion: Criterion, rebuild: Callable[[Any], Any]) -> Criterion:
    children = tuple(_criterion(each, rebuild) for each in criterion.children)
    return replace(criterion, condition=rebuild(criterion.condition), children=children)


# ---- who changes


@dataclass
class Changes:
    """How many patients go from which verdict to which (of the first part that differs, for protocols with parts), and
    of those who change, at how many the outcome of each criterion at the top is another."""

    what_if: WhatIf
    top: Sequence[str]
    parts: Sequence[str | None]
    excluding: frozenset[str] = frozenset()
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    criteria: Counter[str] = field(default_factory=Counter)

    def open_words(self, id: str) -> list[int]:
        """The outcomes with which a criterion is not satisfied."""
        return [OUTCOMES.index(word) for word in ("unknown", "met" if id in self.excluding else "not met")]

    def add(self, before: pl.DataFrame, after: pl.DataFrame) -> None:
        moved = np.zeros(before.height, dtype=bool)
        for part in self.parts:
            name = verdict_column(part)
            a, b = (each[name].to_physical().to_numpy() for each in (before, after))
            pairs = np.bincount(a.astype(np.int64) * len(VERDICTS) + b, minlength=len(VERDICTS) ** 2)
            for place, count in enumerate(pairs):
                if count:
                    self.verdicts[VERDICTS[place // len(VERDICTS)], VERDICTS[place % len(VERDICTS)]] += int(count)
            moved |= a != b
        for id in self.top:
            a, b = (each[id].to_physical().to_numpy() for each in (before, after))
            dropped = np.isin(a, self.open_words(id))
            other = moved & (dropped if id in self.what_if.dropped else a != b)
            self.criteria[id] += int(np.count_nonzero(other))

    def state(self) -> list[Any]:
        """All counts, as JSON holds them."""
        return [[[*pair, count] for pair, count in self.verdicts.items()], dict(self.criteria)]

    def restore(self, state: Sequence[Any]) -> None:
        self.verdicts = Counter({(before, after): count for before, after, count in state[0]})
        self.criteria = Counter(state[1])

    def as_json(self) -> dict[str, Any]:
        changes = [
            {"from": before, "to": after, "patients": count}
            for (before, after), count in sorted(self.verdicts.items())
            if before != after
        ]
        by = {id: count for id, count in self.criteria.items() if count}
        after = {word: sum(n for (_, b), n in self.verdicts.items() if b == word) for word in VERDICTS}
        return {"what_if": str(self.what_if), "verdicts": after, "changes": changes, "by_criterion": by}
