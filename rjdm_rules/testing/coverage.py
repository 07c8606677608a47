"""How far the examples of a protocol exercise its rules, in three values.

Each condition: whether some example makes it true, false, unknown. Each criterion: whether it alone decides a verdict,
once by being met and once by not being met (modified condition/decision coverage, as in RTCA DO-178C, with the other
criteria as they are in that example). Each threshold: whether an example stands on it, just below and just above.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from ..evaluation.reference import Reference
from ..evaluation.results import Evaluator, verdict_of
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Part
from ..values.bounds import INFINITY, Bounds
from ..values.windows import moved, moved_moment
from .subjects import Condition, Subjects, Threshold, subjects_of

BELOW, ON, ABOVE = "below", "on", "above"
SIDES = (BELOW, ON, ABOVE)
WORDS: dict[Truth, str] = {True: "true", False: "false", None: "unknown"}
TRUTHS: tuple[Truth, ...] = (True, False, None)


@dataclass
class Coverage:
    """Which examples (by name) make each condition true, false or unknown; in which each criterion alone decides, by
    being met (True) and by not being met; which stand on each threshold, just below and just above."""

    subjects: Subjects
    conditions: dict[Condition, dict[Truth, list[str]]] = field(default_factory=dict)
    outcomes: dict[str, dict[Truth, list[str]]] = field(default_factory=dict)
    alone: dict[str, dict[bool, list[str]]] = field(default_factory=dict)
    thresholds: dict[Threshold, dict[str, list[str]]] = field(default_factory=dict)
    readings: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for condition in self.subjects.conditions:
            self.conditions[condition] = {truth: [] for truth in TRUTHS}
        for criterion in self.subjects.criteria:
            self.outcomes[criterion.id] = {truth: [] for truth in TRUTHS}
            self.alone[criterion.id] = {True: [], False: []}
        for threshold in self.subjects.thresholds:
            self.thresholds[threshold] = {side: [] for side in SIDES}
        for reading in self.subjects.protocol.readings.values():
            for option in reading.options:
                self.readings[reading.name, option.name] = []

    def counted(self, truth: Truth) -> tuple[int, int]:
        """How many conditions and criteria some example makes so, of how many that can be."""
        seen = [each[truth] for each in self.outcomes.values()]
        for condition, each in self.conditions.items():
            seen += [each[truth]] if truth is not None or not condition.never_unknown else []
        return sum(map(bool, seen)), len(seen)

    def counted_alone(self) -> tuple[int, int]:
        """How many criteria decide alone by being met and by not being met, each counted by itself."""
        seen = [names for each in self.alone.values() for names in each.values()]
        return sum(map(bool, seen)), len(seen)

    def counted_thresholds(self) -> tuple[int, int]:
        seen = [names for each in self.thresholds.values() for names in each.values()]
        return sum(map(bool, seen)), len(seen)


def coverage_of(evaluator: Evaluator) -> Coverage:
    """The coverage of a protocol's examples under the readings of an evaluator. Examples under other readings count
    for those readings only."""
    found = Coverage(subjects_of(evaluator.graph, evaluator.words))
    for example in evaluator.protocol.examples:
        taken = {**{name: r.chosen for name, r in evaluator.protocol.readings.items()}, **example.readings}
        for each in taken.items():
            found.readings[each].append(example.name)
        if taken == dict(evaluator.readings):
            add(found, example.name, evaluator.reference(example.record))
    return found


def add(coverage: Coverage, name: str, reference: Reference) -> None:
    """Counts one example in."""
    subjects = coverage.subjects
    for condition, seen in coverage.conditions.items():
        seen[reference.truth(condition.expression)].append(name)
    for criterion in subjects.criteria:
        truth = reference.criterion(criterion.id)
        coverage.outcomes[criterion.id][truth].append(name)
        if truth is not None and decides(criterion.id, subjects.part_of(criterion.id), reference):
            coverage.alone[criterion.id][truth].append(name)
    for threshold, sides in coverage.thresholds.items():
        for side in sides_of(threshold, reference):
            sides[side].append(name)


def decides(criterion: str, part: Part, reference: Reference) -> bool:
    """Whether the verdict would be another one if this criterion alone were the other way."""
    truth = reference.criterion(criterion)
    if truth is None:
        return False
    other = Reference(reference.protocol, reference.facts, reference.readings, {criterion: not truth})
    return verdict_of(part, other) != verdict_of(part, reference)


def sides_of(threshold: Threshold, reference: Reference) -> Iterable[str]:
    """Where the values of a patient stand beside a threshold: on it, just below, just above; nowhere near: none."""
    for value in values_at(threshold, reference):
        difference = value - threshold.value
        if difference == 0:
            yield ON
        elif -threshold.step <= difference < 0:
            yield BELOW
        elif 0 < difference <= threshold.step:
            yield ABOVE


def values_at(threshold: Threshold, reference: Reference) -> list[Fraction]:
    """The known values that are compared; of dates, how many days (or seconds) they lie from the window's border."""
    if threshold.comparison is not None:
        return exact(reference.bounds(threshold.comparison.left))
    assert threshold.window is not None
    border = border_of(threshold.window, reference)
    if border is None:
        return []
    return [day - border for day in days_of(threshold, reference)]


def exact(bounds: Bounds) -> list[Fraction]:
    return [Fraction(bounds.low)] if bounds.exact and abs(bounds.low) != INFINITY else []


def border_of(window: x.Window, reference: Reference) -> Fraction | None:
    """The day (or second) at which a window begins or ends on its far side."""
    anchor = reference.bounds(window.anchor)
    months, units = reference.length(window.length, None)
    if not anchor.exact or not units.exact:
        return None
    sign = -1 if window.direction in ("before", "of") else 1
    by_days = window.moments and not reference.by_the_clock(window.length) if window.length else False
    return Fraction((moved_moment if by_days else moved)(anchor.low, sign, months, units.low))


def days_of(threshold: Threshold, reference: Reference) -> list[Fraction]:
    """The dates that lie beside a window: of an item, or of each occurrence that satisfies WHERE (start and end)."""
    match threshold.dated:
        case x.InWindow(date=date):
            return exact(reference.bounds(date))
        case x.Selected(event=event, where=where):
            chosen = reference.selection(x.Selected(event, where, None)) or []
            ends = [end for each, truth in chosen if truth is True for end in (each.start, each.end)]
            return [day for end in ends for day in exact(end)]
    return []


def percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % is said only of all."""
    return "100 %" if part >= whole else f"{100 * part // whole} %"
