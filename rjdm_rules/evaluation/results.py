"""Evaluating one patient: the result, its reasons, and what would settle or stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from ..graph.build import RuleGraph, block_node
from ..graph.links import Links, links_of
from ..logic.kleene import Truth, negation
from ..protocol.model import Criterion, Part, Protocol
from ..words.phrases import Words
from .compiled import Case, CompiledRules, Prepared
from .deciding import deciding_facts
from .explaining import Explainer, Reason
from .fact_words import FactWords
from .records import patient_id, read_record
from .reference import Reference

MOST_FACTS_IN_A_REASON = 3


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
    def links(self) -> Links:
        return links_of(self.graph)

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
            deciding = tuple(self._deciding(verdicts, truth, case))
            reasons = tuple(self._reasons(verdicts, truth, case))
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

    def reference(self, record: object, allow_extra: bool = False) -> Reference:
        """The reference evaluator on one record, all named things settled. Raises RecordError."""
        facts, _ = read_record(self.protocol, record, allow_extra=allow_extra)
        return Reference(self.protocol, facts, self.readings).run(self.graph)

    def _roots(self, part: Part) -> list[str]:
        return [block_node(part.name, block.kind) for block in part.blocks]

    def _deciding(self, verdicts: tuple[str, ...], truth: Any, case: Case) -> list[str]:
        found: set[str] = set()
        for part, verdict in zip(self.protocol.parts, verdicts, strict=True):
            if verdict == "undetermined":
                leaves = self.links.unknown_leaves(self._roots(part), truth)
                found.update(deciding_facts(self.graph, leaves, case.reference))
        return sorted(found)

    def _reasons(self, verdicts: tuple[str, ...], truth: Any, case: Case) -> list[tuple[str, str]]:
        """The criteria that fail or are unknown and are linked to the verdict, each in one sentence."""
        facts = FactWords(self.words, case.reference)
        found = []
        for part, verdict in zip(self.protocol.parts, verdicts, strict=True):
            if verdict == "eligible":
                continue
            roots = [(block_node(part.name, block.kind), block.kind == "exclusion") for block in part.blocks]
            held = self.links.holding(roots, truth, unknown_too=True)
            for block in part.blocks:
                for criterion in block.criteria:
                    node = f"criterion:{criterion.id}"
                    if node in held:
                        found.append((criterion.id, self._reason(criterion, node, held[node], truth, facts)))
        found.sort(key=lambda each: truth(f"criterion:{each[0]}") is None)  # what fails, before what is not known
        return found

    def _reason(self, criterion: Criterion, node: str, value: bool, truth: Any, facts: FactWords) -> str:
        below = self.links.holding([(node, value)], truth, unknown_too=truth(node) is None)
        leaves = [each for each in below if each in self.links.leaves]
        leaves.sort(key=lambda each: (truth(each) is not truth(node), self._written_at(each, below)))
        said = []
        for leaf in leaves:
            text = self.leaf_words(leaf, truth(leaf), facts)
            if text not in said:
                said.append(text)
        outcome = {True: "met", False: "not met", None: "unknown"}[truth(node)]
        shown = "; ".join(said[:MOST_FACTS_IN_A_REASON])
        if len(said) > MOST_FACTS_IN_A_REASON:
            shown += f"; and {len(said) - MOST_FACTS_IN_A_REASON} more"
        title = criterion.sentence.text if criterion.sentence else criterion.id
        return f"{title}: {outcome} – {shown}." if shown else f"{title}: {outcome}."

    def _written_at(self, node: str, below: Mapping[str, bool]) -> int:
        """Where a condition is first referred to, among those at hand."""
        return min((start for user, start in self.references[node] if user in below), default=0)

    @cached_property
    def references(self) -> Mapping[str, tuple[tuple[str, int], ...]]:
        """For each node, who refers to it and where in the file."""
        found: dict[str, list[tuple[str, int]]] = {node: [] for node in self.graph.network}
        for user, needed, place in self.graph.network.edges(data="place"):
            found[needed].append((user, place.start if place else 0))
        return {node: tuple(users) for node, users in found.items()}

    def leaf_words(self, leaf: str, truth: Truth, facts: FactWords) -> str:
        from ..protocol.expressions import ItemValue

        expression = self.graph.expression(leaf)
        if expression is None:
            expression = ItemValue(leaf.partition(":")[2])
        return facts.leaf(expression, truth)

    def node_truths(self, record: object) -> dict[str, Truth]:
        """The truth of every condition of the rule graph for one record. Raises RecordError."""
        prepared = self.compiled.prepare(record)
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
