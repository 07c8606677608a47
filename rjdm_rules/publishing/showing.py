"""Which examples of a protocol show a criterion met, not met, unknown or not applicable, and by which facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..documents.content import Content
from ..evaluation.explaining import Reason
from ..evaluation.results import Evaluator, Explanation
from ..protocol.model import Example

MOST_FACTS = 4
MOST = {"met": 1, "not met": 2, "unknown": 1, "not applicable": 1}  # examples of an outcome
OUTCOMES = ("met", "not met", "unknown", "not applicable")
SIGNS = {"met": "✓", "not met": "✗", "unknown": "?", "not applicable": "–"}


@dataclass(frozen=True)
class Shown:
    """An example beside a criterion. `look` says whether the outcome speaks `for` eligibility, `against` it, or leaves
    it `open`."""

    name: str
    label: str
    outcome: str
    sign: str
    look: str
    facts: tuple[str, ...]


def shown_by(content: Content, evaluator: Evaluator) -> Mapping[str, tuple[Shown, ...]]:
    """For each criterion an example or two of each outcome; those that speak of it come first. Examples under other
    readings than the evaluator's are left out."""
    protocol = evaluator.protocol
    examples = [each for each in protocol.examples if {**evaluator.readings, **each.readings} == evaluator.readings]
    outcomes = {each.name: evaluator.evaluate(each.record).criteria for each in examples}
    explanations: dict[str, Explanation] = {}
    found: dict[str, tuple[Shown, ...]] = {}
    for row in content.rows():
        chosen = [
            (example, outcome)
            for outcome in OUTCOMES
            for example in _chosen(row.id, [e for e in examples if outcomes[e.name][row.id] == outcome], MOST[outcome])
        ]
        for example, _ in chosen:
            if example.name not in explanations:
                explanations[example.name] = evaluator.explain(example.record)
        found[row.id] = tuple(
            _shown(row.id, example, outcome, explanations[example.name], row.id in protocol.excluding)
            for example, outcome in chosen
        )
    return found


def _chosen(id: str, examples: list[Example], most: int) -> list[Example]:
    """Those that expect something of the criterion, then the others, in the order of the file."""
    spoken = [each for each in examples if any(subject == id for subject, _ in each.expectations)]
    return [*spoken, *(each for each in examples if each not in spoken)][:most]


def _shown(id: str, example: Example, outcome: str, explanation: Explanation, excludes: bool) -> Shown:
    reason = explanation.criterion(id)
    facts = tuple(_leaves(reason, SIGNS[outcome]))[:MOST_FACTS] if reason else ()
    look = "open" if outcome == "unknown" else "against" if (outcome == "met") is excludes else "for"
    look = "for" if outcome == "not applicable" else look
    return Shown(example.name, example.label.text, outcome, SIGNS[outcome], look, facts)


def _leaves(reason: Reason, sign: str) -> Iterator[str]:
    """The facts that carry the outcome: of the lines below a line, those that have its sign."""
    if not reason.below:
        yield reason.text
        return
    below = [each for each in reason.below if each.criterion] or list(reason.below)  # a formula says nothing of facts
    alike = [each for each in below if each.sign == reason.sign] or below
    for each in alike:
        yield from _leaves(each, sign)
