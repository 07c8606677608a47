"""What both kinds of diagram share: the sheet, and how conditions stand for a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphviz import Digraph, escape

from ..graph.build import GraphNodes, RuleGraph
from ..logic.kleene import Truth
from ..protocol import expressions as x
from ..protocol.settling import combined
from ..words.phrases import Words
from .boxes import INK, SOFT, Boxes, outcome_word

FONT = "Helvetica"  # one name: with a list of names, the layout that comes along takes the metrics of another font
LEGEND = "✓ holds   ✗ does not hold   ? not known   – does not apply"


@dataclass(frozen=True)
class Drawn:
    """Whose diagram it is: the patient's id, and the truth of every condition of the rule graph."""

    patient: str
    truths: Mapping[str, Truth]


def canvas(name: str, direction: str, whose: Drawn | None, words: Words) -> Digraph:
    """An empty sheet; with a patient it says whose it is, what the signs mean, and which readings were taken."""
    drawing = Digraph(name)
    drawing.attr(rankdir=direction, fontname=FONT, nodesep="0.35", ranksep="0.45", bgcolor="white", pad="0.2")
    drawing.attr("node", fontname=FONT, fontsize="11", shape="plain", fontcolor=INK)
    drawing.attr("edge", fontname=FONT, fontsize="10", color=SOFT, fontcolor=SOFT, arrowsize="0.7")
    if whose is not None:
        readings = [
            f"{reading.label.text}: {option.words}"
            for reading in words.protocol.readings.values()
            for option in reading.options
            if option.name == words.readings[reading.name]
        ]
        lines = [f"Patient {whose.patient}   {LEGEND}", *(f"Reading – {each}" for each in readings)]
        caption = "".join(f"{escape(line)}\\l" for line in lines)
        drawing.attr(label=caption, labelloc="b", labeljust="l", fontsize="10", fontcolor=SOFT)
    return drawing


def boxes_for(graph: RuleGraph, words: Words, whose: Drawn | None, excludes: bool) -> Boxes:
    """Boxes that show how each condition stands for the patient (plain ones without a patient)."""
    if whose is None:
        return Boxes(graph.protocol, words, lambda node: "", excludes)
    return Boxes(graph.protocol, words, PatientTruths(graph, whose.truths).outcome, excludes)


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
