"""What the report of one patient says: verdict, outcomes with the facts behind them, what is missing, what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..documents.content import Content, Row
from ..evaluation.deciding import enough
from ..evaluation.explaining import Reason
from ..evaluation.fact_words import FactWords
from ..evaluation.facts import Measured
from ..evaluation.results import Evaluator, Explanation
from .showing import SIGNS, look_of

VERDICT_SIGNS = {"eligible": "✓", "ineligible": "✗", "undetermined": "?"}
VERDICT_LOOKS = {"eligible": "for", "ineligible": "against", "undetermined": "open"}


@dataclass(frozen=True)
class Verdict:
    """The verdict of a part. `look` says whether it speaks `for` eligibility, `against` it, or leaves it `open`."""

    part: str
    verdict: str
    sign: str
    look: str
    summary: str


@dataclass(frozen=True)
class Line:
    """A line of the reasons: how deep it stands, whether it holds (✓ ✗ ? –), what it says."""

    depth: int
    sign: str
    text: str


@dataclass(frozen=True)
class Judged:
    """A criterion as it comes out for the patient."""

    row: Row
    outcome: str
    sign: str
    look: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Missing:
    """A fact to look up: what is there of it already (empty: nothing), and the criteria that wait for it."""

    name: str
    label: str
    ask: str
    there: str
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    name: str
    label: str
    value: str
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The report of one patient; `judged` by the anchor of its section, `unrecorded` names what else is not there."""

    patient: str
    verdicts: tuple[Verdict, ...]
    reasons: tuple[tuple[str, str, str], ...]
    messages: tuple[str, ...]
    missing: tuple[Missing, ...]
    judged: Mapping[str, tuple[Judged, ...]]
    recorded: tuple[Recorded, ...]
    unrecorded: tuple[str, ...]

    @property
    def unfavourable(self) -> tuple[str, ...]:
        """The criteria that speak against eligibility or leave it open: those that are drawn."""
        return tuple(each.row.id for judged in self.judged.values() for each in judged if each.look != "for")


def report_of(evaluator: Evaluator, record: object, content: Content, allow_extra: bool = False) -> Report:
    """The report of one record. Raises RecordError."""
    explanation = evaluator.explain(record, allow_extra)
    result, protocol = explanation.result, evaluator.protocol
    looks = {id: look_of(outcome, id in protocol.excluding) for id, outcome in result.criteria.items()}
    recorded, unrecorded = _facts(evaluator, explanation)
    return Report(
        result.patient,
        tuple(_verdicts(explanation, content)),
        tuple((id, looks[id], text) for id, text in result.reasons),
        result.messages,
        tuple(_missing(evaluator, explanation)),
        {
            section.anchor: tuple(_judged(row, explanation, looks[row.id]) for row in section.rows)
            for part in content.parts
            for section in part.sections
        },
        recorded,
        unrecorded,
    )


def _verdicts(explanation: Explanation, content: Content) -> Iterator[Verdict]:
    for part in content.parts:
        verdict = explanation.result.verdicts[part.name]
        yield Verdict(
            part.title if part.name else "",
            verdict,
            VERDICT_SIGNS[verdict],
            VERDICT_LOOKS[verdict],
            explanation.in_the_way(part.name),
        )


def _judged(row: Row, explanation: Explanation, look: str) -> Judged:
    reason = explanation.criterion(row.id)
    assert reason is not None
    outcome = explanation.result.criteria[row.id]
    return Judged(row, outcome, SIGNS[outcome], look, tuple(_lines(reason, 0)))


def _lines(reason: Reason, depth: int) -> Iterator[Line]:
    """What stands below a criterion, children apart: they have rows of their own."""
    for each in reason.below:
        if each.criterion is None:
            yield Line(depth, each.sign, each.text)
            yield from _lines(each, depth + 1)


def _missing(evaluator: Evaluator, explanation: Explanation) -> Iterator[Missing]:
    protocol, criteria = evaluator.protocol, explanation.result.criteria
    words = FactWords(evaluator.words, explanation.reference)
    for name in protocol.items:
        if name not in explanation.result.deciding_facts:
            continue
        item, held = protocol.items[name], explanation.reference.facts.get(name)
        waiting = tuple(
            id for id in evaluator.graph.criteria_using(name, evaluator.readings) if criteria[id] == "unknown"
        )
        there = words.recorded(item, held) if held is not None else ""
        if isinstance(held, Measured) and not held.times:
            there += "".join(f", {limit} not recorded" for limit in item.limits if limit not in held.limits)
        yield Missing(name, item.label.text, item.ask.text if item.ask else "", there, waiting)


def _facts(evaluator: Evaluator, explanation: Explanation) -> tuple[tuple[Recorded, ...], tuple[str, ...]]:
    """What the record holds, with what follows from it for items that it leaves out; and what is not there."""
    words = FactWords(evaluator.words, explanation.reference)
    recorded: list[Recorded] = []
    unrecorded: list[str] = []
    for name, item in evaluator.protocol.items.items():
        held = explanation.reference.facts.get(name)
        value = words.recorded(item, held) if held is not None else ""
        other = explanation.reference.item(name) if held is None and item.otherwise is not None else None
        if other is not None and enough(other):
            value = f"{words.recorded(item, other)} (not recorded; it follows from other facts)"
        if value:
            recorded.append(
                Recorded(name, item.label.text, value, tuple(evaluator.graph.criteria_using(name, evaluator.readings)))
            )
        elif name not in explanation.result.deciding_facts:
            unrecorded.append(item.label.text)
    return tuple(recorded), tuple(unrecorded)
