"""What all diagrams share: the protocol in words, whose outcomes colour it, and an empty sheet to draw on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from graphviz import Digraph, escape

from ..graph.build import GraphNodes, RuleGraph
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.model import Criterion, Protocol
from ..protocol.settling import combined
from ..theme import BUNDLED, Theme
from ..words.phrases import Words
from ..words.pieces import no_such_criterion
from .boxes import INK, SOFT, Boxes, outcome_word
from .lettering import FONT


class UnknownCriterion(ValueError):
    """A criterion that the protocol does not have."""


@dataclass(frozen=True)
class Drawn:
    """Whose diagram it is: the patient's id, and the truth of every condition of the rule graph."""

    patient: str
    truths: Mapping[str, Truth]


@dataclass(frozen=True)
class Sheet:
    """What is drawn, under which readings and in which language; with `whose`, coloured by that patient's outcomes.
    `link` gives the address of a criterion, where the picture stands in a page; `captioned` says below whose it is."""

    graph: RuleGraph
    readings: Mapping[str, str]
    whose: Drawn | None = None
    language: str = "en"
    theme: Theme = BUNDLED
    direction: str = "TB"
    link: Callable[[str], str] | None = None
    captioned: bool = True

    @property
    def protocol(self) -> Protocol:
        return self.graph.protocol

    @cached_property
    def words(self) -> Words:
        return Words(self.protocol, self.readings, self.language, self.theme)

    @cached_property
    def outcome(self) -> Callable[[x.Expression], str]:
        """How a condition stands for the patient; empty without one."""
        return PatientTruths(self.graph, self.whose.truths).outcome if self.whose else lambda node: ""

    def criterion(self, id: str) -> Criterion:
        """Raises UnknownCriterion."""
        found = self.protocol.criterion(id)
        if found is None:
            raise UnknownCriterion(no_such_criterion(id, self.protocol))
        return found

    def boxes(self, excludes: bool) -> Boxes:
        """Boxes for one diagram, nothing in them shown yet."""
        return Boxes(self.protocol, self.words, self.outcome, excludes, self.link)

    def canvas(self, name: str) -> Digraph:
        """An empty sheet; with a patient it says whose it is, what the signs mean, and which readings were taken."""
        drawing = Digraph(name)
        drawing.attr(rankdir=self.direction, fontname=FONT, bgcolor="white", pad="0.08")
        drawing.attr("node", fontname=FONT, fontsize="11", shape="plain", fontcolor=INK)
        drawing.attr("edge", fontname=FONT, fontsize="10", color=SOFT, fontcolor=SOFT, arrowsize="0.7")
        if self.whose is not None and self.captioned:
            caption = "".join(f"{escape(line)}\\l" for line in self._caption(self.whose))
            drawing.attr(label=caption, labelloc="b", labeljust="l", fontsize="10", fontcolor=SOFT)
        return drawing

    def _caption(self, whose: Drawn) -> list[str]:
        terms = self.words.terms
        lines = [f"{terms['patient']} {whose.patient}   {terms['drawn_legend']}"]
        for reading in self.protocol.readings.values():
            taken = next(option for option in reading.options if option.name == self.readings[reading.name])
            said = f"{self.words.said(reading.label)}: {self.words.option(taken)}"
            lines.append(f"{terms['drawn_reading']} – {said}")
        return lines


class PatientTruths:
    """The truth of any condition for one patient, also of those that are shown otherwise than they are written."""

    def __init__(self, graph: RuleGraph, truths: Mapping[str, Truth]) -> None:
        self.protocol, self.truths, self.nodes = graph.protocol, truths, GraphNodes(graph)

    def truth(self, node: x.Expression) -> Truth:
        name = self.nodes.name_of(node)
        if name is not None and name in self.truths:
            return self.truths[name]
        if isinstance(node, x.Always):
            return node.value
        return combined(node, [self.truth(each) for each in x.parts(node)]) if isinstance(node, x.LOGICAL) else None

    def outcome(self, node: x.Expression) -> str:
        if isinstance(node, x.AttributeValue):
            return ""
        if isinstance(node, x.CriterionTruth):
            criterion = self.protocol.criterion(node.criterion)
            condition = criterion.condition if criterion else None
            if isinstance(condition, x.IfThen) and self.truth(condition.condition) is False:
                return "not applicable"
        return outcome_word(self.truth(node))
