"""Running the examples of a protocol: what was expected, what the rules give, and why where they differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..evaluation.explaining import Reason
from ..evaluation.results import Evaluator, Explanation, Result
from ..graph.build import RuleGraph
from ..language.source import Place
from ..protocol.model import Example, Protocol


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold. `why` are the reasons at the place where it went another way."""

    what: str
    expected: str
    got: str
    place: Place
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Run:
    """One example with what the rules give for it."""

    example: Example
    result: Result
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


class Evaluators:
    """An evaluator for each choice of readings that examples make, made once."""

    def __init__(self, graph: RuleGraph) -> None:
        self.graph = graph
        self._made: dict[tuple[tuple[str, str], ...], Evaluator] = {}

    def under(self, example: Example) -> Evaluator:
        key = tuple(sorted(example.readings.items()))
        if key not in self._made:
            self._made[key] = Evaluator(self.graph, dict(example.readings))
        return self._made[key]


def run_examples(graph: RuleGraph) -> list[Run]:
    """All examples of a protocol, in the order of the file. Their values were checked when the file was loaded."""
    evaluators = Evaluators(graph)
    return [run_example(example, evaluators.under(example)) for example in graph.protocol.examples]


def run_example(example: Example, evaluator: Evaluator) -> Run:
    result = evaluator.evaluate(example.record)
    failures = list(_differences(example, result))
    if not failures:
        return Run(example, result, ())
    explanation = evaluator.explain(example.record)
    return Run(example, result, tuple(_with_reasons(each, explanation, evaluator.protocol) for each in failures))


def _differences(example: Example, result: Result) -> Iterable[Failure]:
    for subject, expected in example.expectations:
        place = example.expected_at.get(subject or "", example.place)
        got = result.verdicts.get(subject) or result.criteria.get(subject or "") or "undetermined"
        if got != expected:
            yield Failure(subject or "verdict", expected, got, place)
    if example.deciding is not None and example.deciding != tuple(sorted(result.deciding_facts)):
        got = ", ".join(result.deciding_facts) or "none"
        place = example.expected_at["deciding"]
        yield Failure("deciding facts", ", ".join(example.deciding), got, place)
    if example.reasons is not None:
        yield from _different_reasons(example, example.reasons, result)


def _different_reasons(example: Example, expected: tuple[tuple[str, str], ...], result: Result) -> Iterable[Failure]:
    place = example.expected_at["reasons"]
    given = dict(result.reasons)
    wanted = [criterion for criterion, _ in expected]
    if set(wanted) != set(given):
        yield Failure("reasons", ", ".join(wanted), ", ".join(given) or "none", place)
    for criterion, words in expected:
        if words and criterion in given and words.lower() not in given[criterion].lower():
            yield Failure(f"reason {criterion}", f"“{words}” in it", given[criterion], place)


def _with_reasons(failure: Failure, explanation: Explanation, protocol: Protocol) -> Failure:
    """The failure with the branch of the explanation that made the outcome what it is."""
    found = explanation.criterion(failure.what)
    roots = [found] if found else _deciding_blocks(failure, explanation, protocol)
    why = tuple(deciding_branch(root) for root in roots)
    return Failure(failure.what, failure.expected, failure.got, failure.place, why)


def _deciding_blocks(failure: Failure, explanation: Explanation, protocol: Protocol) -> list[Reason]:
    """The inclusion and exclusion that made the verdict: those that fail or exclude, or else are not known; all of
    them for an eligible patient."""
    found: dict[str, list[Reason]] = {"against": [], "unknown": [], "for": []}
    for part in protocol.parts:
        if failure.what in explanation.trees and part.name != failure.what:
            continue
        for block, tree in zip(part.blocks, explanation.trees[part.name], strict=True):
            against = "✗" if block.kind == "inclusion" else "✓"
            found["unknown" if tree.sign == "?" else "against" if tree.sign == against else "for"].append(tree)
    return found["against"] or found["unknown"] or found["for"]


def deciding_branch(reason: Reason) -> Reason:
    """A reason with those below it that have its sign, since they made it so; all of them where none has."""
    alike = tuple(each for each in reason.below if each.sign == reason.sign)
    below = tuple(deciding_branch(each) for each in alike or reason.below)
    return Reason(reason.sign, reason.text, below, reason.criterion, reason.outcome)
