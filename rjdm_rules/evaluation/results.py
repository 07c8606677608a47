"""Evaluating one patient: the result, its reasons, and what would settle or stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from ..graph.build import RuleGraph
from ..graph.links import TruthOf
from ..logic.kleene import Truth, negation
from ..protocol.model import Part, Protocol
from ..words.phrases import Words
from .compiled import Case, CompiledRules, Prepared
from .explaining import Explainer, Reason
from .problems import patient_id
from .reasons import Reasons
from .records import read_record
from .reference import Reference


class UnknownReading(ValueError):
    """A reading or an option of one that the protocol does not have."""


@dataclass(frozen=True)
class Result:
    """What the rules say of one patient. `verdicts` has one entry for each part (None for a protocol without parts)."""

    protocol: str
    version: str
    patient: str
    verdicts: Mapping[str | None, str]
    readings: Mapping[str, str]
    criteria: Mapping[str, str]
    deciding_facts: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]
    messages: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The verdict of a protocol without parts. Raises ValueError where there are parts (see `verdicts`)."""
        if None not in self.verdicts:
            raise ValueError("this protocol has parts; see `verdicts`")
        return self.verdicts[None]

    def as_json(self) -> dict[str, object]:
        """The result in the shape that outside tools rely on."""
        verdict: dict[str, object] = (
            {"verdict": self.verdicts[None]} if None in self.verdicts else {"verdicts": dict(self.verdicts)}
        )
        return {
            "protocol": self.protocol,
            "version": self.version,
            "patient": self.patient,
            **verdict,
            "readings": dict(self.readings),
            "criteria": dict(self.criteria),
            "deciding_facts": list(self.deciding_facts),
            "reasons": [{"criterion": criterion, "text": text} for criterion, text in self.reasons],
        }


@dataclass(frozen=True)
class Standing:
    """What the rules say of one patient, without the reasons. `failing`: the criteria that make the patient ineligible
    (of a part at least)."""

    verdicts: Mapping[str | None, str]
    criteria: Mapping[str, str]
    deciding_facts: tuple[str, ...]
    failing: frozenset[str]


@dataclass
class Evaluator:
    """Evaluates patients against one protocol under one choice of readings."""

    graph: RuleGraph
    chosen: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.protocol: Protocol = self.graph.protocol
        self.readings = readings_of(self.protocol, self.chosen)
        self.compiled = CompiledRules(self.graph, self.readings)
        self.ids = [criterion.id for criterion in self.protocol.criteria()]
        self.parts = [part.name for part in self.protocol.parts]

    @cached_property
    def words(self) -> Words:
        return Words(self.protocol, self.readings)

    @cached_property
    def reasons(self) -> Reasons:
        return Reasons(self.graph, self.words)

    # ---- one patient

    def evaluate(self, record: object, position: int = 1, allow_extra: bool = False) -> Result:
        """The result for one record. Raises RecordError."""
        prepared = self.compiled.prepare(record, position, allow_extra)
        verdicts, outcomes = self.compiled.decide(prepared)
        deciding: tuple[str, ...] = ()
        reasons: tuple[tuple[str, str], ...] = ()
        case: Case = prepared[-1]
        if any(verdict != "eligible" for verdict in verdicts):
            truth = dict(zip(self.compiled.traced_nodes, self.compiled.trace(prepared), strict=True)).__getitem__
            deciding, reasons = self._why(verdicts, truth, case)
        return Result(
            self.protocol.id,
            self.protocol.version,
            patient_id(record, position),
            dict(zip(self.parts, verdicts, strict=True)),
            self.readings,
            dict(zip(self.ids, outcomes, strict=True)),
            deciding,
            reasons,
            tuple(case.messages),
        )

    def standing(self, record: object) -> Standing:
        """Verdict, outcomes, deciding facts and the criteria that fail, for one record. Raises RecordError."""
        prepared = self.compiled.prepare(record)
        verdicts, outcomes = self.compiled.decide(prepared)
        deciding: set[str] = set()
        failing: set[str] = set()
        if any(verdict != "eligible" for verdict in verdicts):
            truth = dict(zip(self.compiled.traced_nodes, self.compiled.trace(prepared), strict=True)).__getitem__
            for part, verdict in zip(self.protocol.parts, verdicts, strict=True):
                if verdict == "undetermined":
                    deciding |= self.reasons.deciding(part, truth, prepared[-1])
                elif verdict == "ineligible":
                    failing |= self.reasons.failing(part, truth)
        return Standing(
            dict(zip(self.parts, verdicts, strict=True)),
            dict(zip(self.ids, outcomes, strict=True)),
            tuple(sorted(deciding)),
            frozenset(failing),
        )

    def outcomes(self, record: object) -> dict[str, str]:
        """The outcome of every criterion, without reasons. Raises RecordError."""
        _, outcomes = self.compiled.decide(self.compiled.prepare(record))
        return dict(zip(self.ids, outcomes, strict=True))

    def _why(
        self, verdicts: tuple[str, ...], truth: TruthOf, case: Case
    ) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Deciding facts (alphabetically) and reasons over all parts."""
        deciding: set[str] = set()
        found: list[tuple[str, str]] = []
        for part, verdict in zip(self.protocol.parts, verdicts, strict=True):
            if verdict == "undetermined":
                deciding |= self.reasons.deciding(part, truth, case)
            if verdict != "eligible":
                found += self.reasons.reasons(part, truth, case)
        return tuple(sorted(deciding)), tuple(found)

    def reference(self, record: object, allow_extra: bool = False) -> Reference:
        """The reference evaluator on one record, all named things settled. Raises RecordError."""
        facts, _ = read_record(self.protocol, record, allow_extra=allow_extra)
        return Reference(self.protocol, facts, self.readings).run(self.graph)

    def node_truths(self, record: object, allow_extra: bool = False) -> dict[str, Truth]:
        """The truth of every condition of the rule graph for one record. Raises RecordError."""
        prepared = self.compiled.prepare(record, allow_extra=allow_extra)
        return dict(zip(self.compiled.traced_nodes, self.compiled.trace(prepared), strict=True))

    # ---- many patients

    def line(self, result: Result) -> str:
        """The result as one line of JSON."""
        return encoded(result.as_json())

    # ---- explanation

    def explain(self, record: object, allow_extra: bool = False) -> Explanation:
        """The whole tree of reasons for one record. Raises RecordError."""
        result = self.evaluate(record, allow_extra=allow_extra)
        reference = self.reference(record, allow_extra)
        explainer = Explainer(self.protocol, self.words, reference)
        trees = {part.name: explainer.part(part) for part in self.protocol.parts}
        alone = {part.name: tuple(self.alone(part, reference)) for part in self.protocol.parts}
        return Explanation(self.protocol, result, trees, alone, reference)

    def facts_of(self, record: object, ids: Iterable[str], most: int) -> dict[str, list[str]]:
        """For some criteria the facts that carry their outcomes, in words: at most so many each. Raises RecordError."""
        prepared = self.compiled.prepare(record)
        truth = dict(zip(self.compiled.traced_nodes, self.compiled.trace(prepared), strict=True)).__getitem__
        criteria = (self.protocol.criterion(id) for id in ids)
        return {each.id: self.reasons.facts(each, most, truth, prepared[-1]) for each in criteria if each is not None}

    def alone(self, part: Part, reference: Reference) -> list[str]:
        """Criteria without each of which, taken alone, the patient would no longer be ineligible."""
        if verdict_of(part, reference) != "ineligible":
            return []
        found = []
        for block in part.blocks:
            for criterion in block.criteria:
                if criterion.condition is None:
                    continue
                mended = Reference(
                    self.protocol, reference.facts, self.readings, {criterion.id: block.kind == "inclusion"}
                ).run(self.graph)
                if verdict_of(part, mended) != "ineligible":
                    found.append(criterion.id)
        return found


@cache
def _encoder() -> Any:
    import msgspec

    return msgspec.json.Encoder().encode


def encoded(value: object) -> str:
    """JSON on one line."""
    text: str = _encoder()(value).decode()
    return text


def verdict_of(part: Part, reference: Reference) -> str:
    """eligible, ineligible or undetermined, by the reference evaluator."""
    included = reference.truth(part.inclusion.formula) if part.inclusion else True
    excluded = reference.truth(part.exclusion.formula) if part.exclusion else False
    if included is False or excluded is True:
        return "ineligible"
    return "eligible" if included is True and negation(excluded) is True else "undetermined"


def readings_of(protocol: Protocol, chosen: Mapping[str, str]) -> dict[str, str]:
    """The option taken of each reading. Raises UnknownReading."""
    from ..language.diagnostics import did_you_mean

    for name, option in chosen.items():
        reading = protocol.readings.get(name)
        if reading is None:
            there = (
                "the readings are " + ", ".join(protocol.readings) if protocol.readings else "this protocol has none"
            )
            raise UnknownReading(f"there is no reading `{name}`; {did_you_mean(name, protocol.readings) or there}")
        options = [each.name for each in reading.options]
        if option not in options:
            help = did_you_mean(option, options) or "its options are " + ", ".join(options)
            raise UnknownReading(f"`{option}` is no option of the reading `{name}`; {help}")
    return {name: chosen.get(name, reading.chosen) for name, reading in protocol.readings.items()}


@dataclass(frozen=True)
class Explanation:
    """The tree of reasons for one patient. `alone` names the criteria that alone stand in the way."""

    protocol: Protocol
    result: Result
    trees: Mapping[str | None, list[Reason]]
    alone: Mapping[str | None, tuple[str, ...]]
    reference: Reference = field(repr=False)

    def in_the_way(self, part: str | None) -> str:
        """Which criteria keep an ineligible patient of a part out, in a sentence; empty for another verdict."""
        alone = self.alone[part]
        if self.result.verdicts[part] != "ineligible":
            return ""
        if len(alone) == 1:
            return f"Only {alone[0]} stands in the way."
        if alone:
            return f"Any one of {', '.join(alone)} would open the way."
        return "Several criteria stand in the way together."

    def criterion(self, id: str) -> Reason | None:
        """The reasons of one criterion or child."""
        stack = [reason for trees in self.trees.values() for reason in trees]
        while stack:
            reason = stack.pop()
            if reason.criterion == id:
                return reason
            stack.extend(reason.below)
        return None


__all__ = ["Evaluator", "Explanation", "Prepared", "Result", "UnknownReading", "readings_of", "verdict_of"]
