"""Examples that a protocol lacks: patients made by solving for what no example shows yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..evaluation.reference import Reference
from ..evaluation.results import Evaluator, verdict_of
from ..language.spelling import wrapped
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Item, Part, Protocol
from ..protocol.terms import items_behind
from .candidates import Record
from .coverage import ABOVE, BELOW, ON, TRUTHS, WORDS, Coverage, add, coverage_of, decides, sides_of
from .solving import MOST_WAYS, Accepts, Solver, Wish
from .subjects import Condition, Threshold, ways_to

TRUTH_WORDS: dict[Truth, str] = {True: "holds", False: "does not hold", None: "is not known"}
SIDE_WORDS = {ON: "on", BELOW: "just below", ABOVE: "just above"}
TIME_WORDS = {ON: "on the border of", BELOW: "a day before the border of", ABOVE: "a day behind the border of"}


@dataclass(frozen=True)
class Suggestion:
    """A patient, as an example to paste: like another example (None: by itself), with what is given anew. `group` says
    what kind of gap it fills."""

    group: str
    name: str
    label: str
    like: str | None
    changes: Mapping[str, Any]
    record: Mapping[str, Any]
    verdicts: Mapping[str | None, str]
    outcomes: Mapping[str, str]


@dataclass(frozen=True)
class Missed:
    """Something that no patient was found for; perhaps there is none."""

    what: str


class Suggester:
    """Solves for everything that the examples of a protocol do not show, in the order: an eligible patient, criteria
    that decide alone, conditions, thresholds. Each patient found is counted in at once, so that none is made twice."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.protocol: Protocol = evaluator.protocol
        self.coverage: Coverage = coverage_of(evaluator)
        self.solver = Solver(evaluator.graph, evaluator.readings)
        self.names = {example.name for example in self.protocol.examples}
        self.missed: list[Missed] = []
        self.group = "A patient to begin with"
        self.like: str | None = None
        self.record: Record = {}
        self._base_made: tuple[str, Record] | None = None

    def run(self) -> Iterator[Suggestion]:
        base = self._base()
        if base is None:
            yield from self._first()
            base = self._base_made
        if base is None:
            self.missed.append(Missed("a patient who is eligible"))
        else:
            self.like, self.record = base
        for group, make in (
            ("Criteria that decide alone", self._alone),
            ("Conditions true, false and unknown", self._conditions),
            ("Thresholds: on them, just below and just above", self._thresholds),
        ):
            self.group = group
            yield from make()

    # ---- a patient to begin with

    def _base(self) -> tuple[str, Record] | None:
        """The first example that is eligible (in every part)."""
        for example in self.protocol.examples:
            if {**example.readings} and {**self.evaluator.readings, **example.readings} != self.evaluator.readings:
                continue
            reference = self.evaluator.reference(example.record)
            if all(verdict_of(part, reference) == "eligible" for part in self.protocol.parts):
                return example.name, {k: v for k, v in example.record.items() if k != "id"}
        return None

    def _first(self) -> Iterator[Suggestion]:
        wishes: list[Wish] = [
            (block.formula, block.kind == "inclusion") for part in self.protocol.parts for block in part.blocks
        ]
        found = self.solver.solve(wishes, {}, lambda reference: True)
        if found is not None:
            suggestion = self._made(found, "eligible_patient", "A patient who may take part")
            self._base_made = (suggestion.name, found)
            yield suggestion

    # ---- what is missing

    def _alone(self) -> Iterator[Suggestion]:
        """Each criterion once met and once not, so that it alone decides."""
        for criterion in self.coverage.subjects.criteria:
            for truth in (False, True):
                if self.coverage.alone[criterion.id][truth]:
                    continue
                word = "decides by being met" if truth else "decides by not being met"
                label = f"{criterion.id} alone {word}"
                found = self._pivotal(criterion.id, truth)
                if found is None:
                    self.missed.append(Missed(label))
                else:
                    yield self._made(found, f"{criterion.id}_{'met' if truth else 'not_met'}", label)

    def _pivotal(self, criterion: str, truth: bool) -> Record | None:
        part = self.coverage.subjects.part_of(criterion)

        def accepts(reference: Reference) -> bool:
            return reference.criterion(criterion) is truth and decides(criterion, part, reference)

        return self._deciding(x.CriterionTruth(criterion), truth, (part,), accepts)

    def _deciding(
        self, target: x.Expression, truth: Truth, parts: Sequence[Part], accepts: Accepts | None = None
    ) -> Record | None:
        """A patient for whom a condition comes out so, and the verdict hangs on it."""
        wish: Wish = (target, truth)
        for needs in islice(ways_to(target, parts, self.coverage.subjects), MOST_WAYS):
            found = self.solver.solve([*needs, wish], self.record, accepts or (lambda reference: True))
            if found is not None:
                return found
        return None

    def _conditions(self) -> Iterator[Suggestion]:
        """Each condition true, false and unknown: where it can be so that the verdict hangs on it."""
        for condition, seen in self.coverage.conditions.items():
            for truth in TRUTHS:
                if not seen[truth] and not (truth is None and condition.never_unknown):
                    label = f"{condition.criteria[0]}: “{condition.words}” {TRUTH_WORDS[truth]}"
                    name = f"{self._stem(condition)}_{WORDS[truth]}"
                    yield from self._either(condition.expression, truth, name, label)
        for criterion in self.coverage.subjects.criteria:
            for truth in TRUTHS:
                if not self.coverage.outcomes[criterion.id][truth]:
                    label = f"{criterion.id} {TRUTH_WORDS[truth]}"
                    name = f"{criterion.id}_{WORDS[truth]}"
                    yield from self._either(x.CriterionTruth(criterion.id), truth, name, label)

    def _either(self, target: x.Expression, truth: Truth, name: str, label: str) -> Iterator[Suggestion]:
        found = self._deciding(target, truth, self.protocol.parts)
        if found is None:
            found = self.solver.solve([(target, truth)], self.record, lambda reference: True)
        if found is None:
            self.missed.append(Missed(label))
        else:
            yield self._made(found, name, label)

    def _thresholds(self) -> Iterator[Suggestion]:
        for threshold, sides in self.coverage.thresholds.items():
            for side in (ON, BELOW, ABOVE):
                if sides[side]:
                    continue
                words = (TIME_WORDS if threshold.window else SIDE_WORDS)[side]
                label = f"{threshold.condition.criteria[0]}: {words} “{threshold.words}”"
                found = self._beside(threshold, side)
                if found is None:
                    self.missed.append(Missed(label))
                else:
                    yield self._made(found, f"{self._stem(threshold.condition)}_{side}", label)

    def _beside(self, threshold: Threshold, side: str) -> Record | None:
        """First a patient in whom the condition matters for the verdict, so that the threshold is not hidden by others;
        else one in whom it stands there all the same."""
        node = threshold.comparison or threshold.condition.expression

        def there(reference: Reference) -> bool:
            return side in set(sides_of(threshold, reference))

        for needs in islice(
            ways_to(threshold.condition.expression, self.protocol.parts, self.coverage.subjects), MOST_WAYS
        ):
            start = self.solver.solve(needs, self.record, lambda reference: True)
            found = self._standing(node, start, needs, there) if start is not None else None
            if found is not None:
                return found
        return self._standing(node, self.record, (), there)

    def _standing(
        self, node: x.Expression, record: Record, needs: Sequence[tuple[x.Expression, bool]], there: Accepts
    ) -> Record | None:
        self.solver.tries = 0
        kept = self.solver.leaf(
            node, record, lambda reference: there(reference) and all(reference.truth(each) is t for each, t in needs)
        )
        return next(kept, None)

    # ---- how it is written

    def _made(self, record: Record, name: str, label: str) -> Suggestion:
        """The suggestion, counted in."""
        name = self._free(re.sub(r"\W+", "_", name).strip("_"))
        result = self.evaluator.evaluate({"id": name, **record})
        add(self.coverage, name, self.evaluator.reference({"id": name, **record}))
        changes = {key: value for key, value in record.items() if self.record.get(key) != value}
        changes |= {key: None for key in self.record if key not in record}
        ordered = {key: changes[key] for key in self.protocol.items if key in changes}
        return Suggestion(self.group, name, label, self.like, ordered, record, result.verdicts, result.criteria)

    def _free(self, name: str) -> str:
        """A name that no example has."""
        found, number = name, 1
        while found in self.names:
            number += 1
            found = f"{name}_{number}"
        self.names.add(found)
        return found

    def _stem(self, condition: Condition) -> str:
        behind = items_behind(condition.expression, self.protocol)
        items = [item for item in self.protocol.items.values() if item.name in behind]
        items.sort(key=lambda item: item.kind == "date")  # the day of screening is behind many conditions
        return "_".join([condition.criteria[0], *(item.name for item in items[:1])])


def suggestion_text(suggestion: Suggestion, protocol: Protocol) -> str:
    """The example as it stands in a rules file."""
    like = f" like {suggestion.like}" if suggestion.like else ""
    label = suggestion.label.replace("\\", "\\\\").replace('"', '\\"')
    head = f"example {suggestion.name} "
    first, *more = wrapped(label, len(head), len(head), len(like))
    lines = [head + first, *(" " * len(head) + piece for piece in more)]
    lines[-1] += like
    if suggestion.changes:
        lines.append("  given")
        for name, value in suggestion.changes.items():
            lines.append(f"      {name} = {given_text(value, protocol.items[name])}")
    for part, verdict in suggestion.verdicts.items():
        lines.append(f"  expect {f'{part} ' if part else ''}{verdict}")
    changed = re.match(r"((?:\w+\.)?[IE]\d+(?:\.\w+)*)", suggestion.label)
    if changed and changed.group(1) in suggestion.outcomes:
        lines.append(f"  expect {changed.group(1)} {suggestion.outcomes[changed.group(1)]}")
    return "\n".join(lines) + "\n"


def given_text(value: Any, item: Item) -> str:
    """A value of a record as an example writes it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(given_text(each, item) for each in value) or "none"
    if not isinstance(value, dict):
        return _scalar(value)
    main = "date" if item.kind == "event" else "value"
    until = f" until {value['until']}" if "until" in value else ""
    fields = [(key, held) for key, held in value.items() if key not in (main, "until", "unit") and held is not None]
    written = ", ".join(f"{key.upper() if key in ('uln', 'lln') else key} {_scalar(held)}" for key, held in fields)
    unit = f" {value['unit']}" if "unit" in value else ""
    return f"{_scalar(value.get(main))}{unit}{until}" + (f" ({written})" if written else "")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("-", "−", 1) if isinstance(value, int | float) and value < 0 else str(value)
