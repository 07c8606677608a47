"""Which examples of a protocol show a criterion met, not met, unknown or not applicable, and by which facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..documents.content import Content, Row
from ..evaluation.results import Evaluator
from ..protocol.model import Example
from ..words.pieces import said_in

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


def shown_by(content: Content, evaluator: Evaluator, language: str = "en") -> Mapping[str, tuple[Shown, ...]]:
    """For each criterion an example or two of each outcome; those that speak of it come first. Examples under other
    readings than the evaluator's are left out."""
    protocol, excluding = evaluator.protocol, evaluator.protocol.excluding
    examples = [each for each in protocol.examples if {**evaluator.readings, **each.readings} == evaluator.readings]
    outcomes = {each.name: evaluator.outcomes(each.record) for each in examples}
    rows = [row for row in content.rows() if row.condition is not None]
    chosen = {row.id: list(_chosen(row, examples, outcomes)) for row in rows}
    spoken: dict[str, list[str]] = {}
    for id, found in chosen.items():
        for example in found:
            spoken.setdefault(example.name, []).append(id)
    facts = {
        each.name: evaluator.facts_of(each.record, spoken[each.name], MOST_FACTS)
        for each in examples
        if each.name in spoken
    }
    return {
        id: tuple(
            _shown(each, said_in(each.label, language), outcomes[each.name][id], facts[each.name][id], id in excluding)
            for each in found
        )
        for id, found in chosen.items()
    }


def _chosen(row: Row, examples: list[Example], outcomes: Mapping[str, Mapping[str, str]]) -> Iterator[Example]:
    """Of each outcome the examples that expect something of the criterion, then others, in the order of the file. One
    that records nothing of what the criterion asks shows nothing of it."""

    def speaks(example: Example) -> bool:
        return any(subject == row.id for subject, _ in example.expectations)

    for outcome in OUTCOMES:
        alike = [each for each in examples if outcomes[each.name][row.id] == outcome]
        if outcome == "unknown":
            alike = [each for each in alike if speaks(each) or any(name in each.record for name, _ in row.items)]
        alike.sort(key=lambda each: not speaks(each))
        yield from alike[: MOST[outcome]]


def _shown(example: Example, label: str, outcome: str, facts: list[str], excludes: bool) -> Shown:
    return Shown(example.name, label, outcome, SIGNS[outcome], look_of(outcome, excludes), tuple(facts))


def look_of(outcome: str, excludes: bool) -> str:
    """Whether an outcome speaks `for` eligibility, `against` it, or leaves it `open`."""
    if outcome in ("unknown", "not applicable"):
        return "open" if outcome == "unknown" else "for"
    return "against" if (outcome == "met") is excludes else "for"
