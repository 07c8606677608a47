"""Why: the tree of reasons behind an outcome, with the facts that decided."""

from __future__ import annotations

from dataclasses import dataclass

from ..logic.kleene import Truth, negation
from ..protocol import expressions as x
from ..protocol.model import Block, Criterion, Part, Protocol
from ..protocol.settling import settled
from ..words.phrases import Phrase, Words
from ..words.pieces import criterion_title
from .fact_words import FactWords
from .reference import Reference

SIGNS = {True: "✓", False: "✗", None: "?"}
NOT_APPLICABLE = "–"
MOST_EXPANDED = 40
OUTCOMES: dict[Truth, str] = {True: "met", False: "not met", None: "unknown"}


@dataclass(frozen=True)
class Reason:
    """One line of an explanation and what stands below it. `sign` is ✓ (holds), ✗ (does not), ? (not known) or –
    (not applicable)."""

    sign: str
    text: str
    below: tuple[Reason, ...] = ()
    criterion: str | None = None
    outcome: str | None = None

    def lines(self, depth: int = 0) -> list[str]:
        found = [f"{'  ' * depth}{self.sign} {self.text}"]
        for reason in self.below:
            found += reason.lines(depth + 1)
        return found

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = {"sign": self.sign, "text": self.text}
        if self.criterion:
            found["criterion"] = self.criterion
        if self.outcome:
            found["outcome"] = self.outcome
        if self.below:
            found["below"] = [reason.as_json() for reason in self.below]
        return found


def outcome_of(criterion: Criterion, reference: Reference) -> str:
    truth = reference.criterion(criterion.id)
    condition = criterion.condition
    if condition is None:
        return "not applicable"
    if isinstance(condition, x.IfThen) and reference.truth(condition.condition) is False:
        return "not applicable"
    return OUTCOMES[truth]


class Explainer:
    def __init__(self, protocol: Protocol, words: Words, reference: Reference) -> None:
        self.protocol, self.words, self.reference = protocol, words, reference
        self.facts = FactWords(words, reference)
        self.expanded: set[str] = set()  # a definition shows what it is made of once in a criterion

    def part(self, part: Part) -> list[Reason]:
        """The blocks of a part with all their criteria."""
        return [self.block(block) for block in part.blocks]

    def block(self, block: Block) -> Reason:
        truth = self.reference.truth(block.formula)
        name = "Inclusion" if block.kind == "inclusion" else "Exclusion"
        said = {
            ("inclusion", True): "satisfied",
            ("inclusion", False): "not satisfied",
            ("exclusion", True): "excludes the patient",
            ("exclusion", False): "does not exclude",
        }.get((block.kind, bool(truth)) if truth is not None else ("", True), "not known")
        below = tuple(self.criterion(criterion) for criterion in block.criteria)
        formula = ""
        if block.formula_written:
            formula = f" – {self.words.text(block.formula)}"
        return Reason(SIGNS[truth], f"{name}: {said}{formula}", below)

    def criterion(self, criterion: Criterion) -> Reason:
        title = criterion_title(criterion)
        self.expanded.clear()
        if criterion.condition is None:
            return Reason(" ", f"{title} (a remark without effect)", criterion=criterion.id)
        truth = self.reference.criterion(criterion.id)
        outcome = outcome_of(criterion, self.reference)
        sign = NOT_APPLICABLE if outcome == "not applicable" else SIGNS[truth]
        condition = settled(criterion.condition, self.words.readings)
        if criterion.children:
            formula = (self._formula(condition, criterion.id),) if criterion.formula_written else ()
            below: tuple[Reason, ...] = (*formula, *(self.criterion(child) for child in criterion.children))
        else:
            below = (self.condition(condition),)
        return Reason(sign, f"{title}: {outcome}", below, criterion.id, outcome)

    def _formula(self, condition: x.Expression, id: str) -> Reason:
        said = self.words.phrase(condition).inline()
        word = "excludes if" if id in self.protocol.excluding else "required"
        return Reason(SIGNS[self.reference.truth(condition)], f"{word}: {said}")

    # ---- conditions

    def condition(self, node: x.Expression) -> Reason:
        truth = self.reference.truth(node)
        sign = SIGNS[truth]
        match node:
            case x.Not(condition=inner):
                return self._negation(node, inner, truth)
            case x.Group() if node.style != "between":
                head = self._head(node)
                return Reason(sign, head, tuple(self.condition(each) for each in node.conditions))
            case x.Compare(left=x.CountTrue(conditions=conditions)):
                parts = (settled(each, self.words.readings) for each in conditions)
                return Reason(sign, self.words.phrase(node).text, tuple(self.condition(each) for each in parts))
            case x.Except(condition=condition, exception=exception):
                other = self.condition(exception)
                said = {
                    True: "the exception applies",
                    False: "the exception does not apply",
                    None: "whether the exception applies is not known",
                }[self.reference.truth(exception)]
                below = (self.condition(condition), Reason(other.sign, f"exception: {other.text}", other.below))
                return Reason(sign, f"{said}:", below)
            case x.WaivedIf(condition=condition, waiver=waiver):
                return self._waived(condition, waiver, sign)
            case x.IfThen(condition=condition, consequence=consequence):
                return self._if_then(condition, consequence, truth)
            case x.DefinedValue(name=name):
                definition = self.protocol.definitions[name]
                if name in self.expanded or len(self.expanded) > MOST_EXPANDED:
                    return Reason(sign, definition.label.text)
                self.expanded.add(name)
                behind = self.condition(settled(definition.expression, self.words.readings))
                return Reason(sign, definition.label.text, (behind,))
            case x.CriterionTruth(criterion=id):
                return Reason(sign, f"{self.words.marker(id)} {outcome_words(truth)}")
        return Reason(sign, self.facts.leaf(node, truth))

    def _head(self, node: x.Group) -> str:
        phrase: Phrase = self.words.phrase(node)
        if phrase.parts:
            return phrase.text
        n, say = len(node.conditions), self.words.say
        return str(say.all_head(n) if node.kind == "all" else say.any_head(n))

    def _negation(self, node: x.Not, inner: x.Expression, truth: Truth) -> Reason:
        below = self.condition(inner)
        if below.below:
            return Reason(SIGNS[truth], "not:", (below,))
        return Reason(SIGNS[truth], self.facts.opposite(inner, negation(truth)))

    def _waived(self, condition: x.Expression, waiver: x.Expression, sign: str) -> Reason:
        held, other = self.condition(condition), self.condition(waiver)
        if self.reference.truth(condition) is True and not held.below:
            return Reason(sign, held.text)
        said = {True: "waived", False: "not waived", None: "whether it is waived is not known"}[
            self.reference.truth(waiver)
        ]
        if not held.below and not other.below:
            return Reason(sign, f"{held.text}; {said} ({other.text})")
        return Reason(sign, f"{said}:", (held, Reason(other.sign, f"waiver: {other.text}", other.below)))

    def _if_then(self, condition: x.Expression, consequence: x.Expression, truth: Truth) -> Reason:
        applies = self.condition(condition)
        asked = self.reference.truth(condition)
        if asked is False:
            return Reason(NOT_APPLICABLE, "does not apply:", (applies,))
        said = "applies:" if asked else "whether it applies is not known:"
        return Reason(SIGNS[truth], said, (applies, self.condition(consequence)))


def outcome_words(truth: Truth) -> str:
    return OUTCOMES[truth]
