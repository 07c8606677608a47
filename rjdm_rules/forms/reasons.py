"""Conditions as trees of words, for a page that fills in whether each holds."""

from __future__ import annotations

from typing import Any

from ..protocol import expressions as x
from ..protocol.settling import settled
from ..protocol.terms import items_behind
from ..words.phrases import Words
from .program import Nodes

Json = dict[str, Any]
MOST_EXPANDED = 40


class Trees:
    """Makes the trees of one protocol: each line with its words (`t`), the node whose truth is its sign (`n`), the
    items behind a line that has none below it (`i`), and what stands below (`b`)."""

    def __init__(self, words: Words, nodes: Nodes) -> None:
        self.words, self.nodes, self.protocol = words, nodes, words.protocol
        self.expanded: set[str] = set()  # a definition shows what it is made of once in a criterion

    def tree(self, condition: x.Expression) -> Json:
        """The tree of a criterion's condition, readings settled."""
        self.expanded.clear()
        return self._tree(settled(condition, self.words.readings))

    def _tree(self, node: x.Expression) -> Json:
        match node:
            case x.Group() if node.style != "between":
                return self._line(node, self._head(node), node.conditions)
            case x.Compare(left=x.CountTrue(conditions=conditions)):
                parts = tuple(settled(each, self.words.readings) for each in conditions)
                return self._line(node, self.words.phrase(node).text, parts)
            case x.Except() | x.WaivedIf() | x.IfThen():
                return self._bound(node)
            case x.Not(condition=x.Group() as group) if group.style != "between":
                return self._line(node, self.words.phrase(node).text, group.conditions)
            case x.CriterionTruth(criterion=id):
                criterion = self.protocol.criterion(id)
                return self._line(node, self.words.title(criterion) if criterion else id, ())
            case x.Not(condition=x.CriterionTruth() as inner):
                return self._line(node, self.words.phrase(node).text, (inner,))
            case x.DefinedValue(name=name) if name not in self.expanded and len(self.expanded) < MOST_EXPANDED:
                self.expanded.add(name)
                definition = self.protocol.definitions[name]
                behind = settled(definition.expression, self.words.readings)
                return self._line(node, self.words.said(definition.label), (behind,))
        return self._line(node, self.words.phrase(node).text, ())

    def _line(self, node: x.Expression, text: str, parts: tuple[x.Expression, ...]) -> Json:
        found: Json = {"n": self.nodes.number(node), "t": text}
        if parts:
            found["b"] = [self._tree(each) for each in parts]
        else:
            behind = items_behind(node, self.protocol)
            found["i"] = [name for name in self.protocol.items if name in behind]
        return found

    def _head(self, node: x.Group) -> str:
        phrase = self.words.phrase(node)
        if phrase.parts:
            return phrase.text
        head = self.words.say.all_head if node.kind == "all" else self.words.say.any_head
        return str(head(len(node.conditions)))

    def _bound(self, node: x.Except | x.WaivedIf | x.IfThen) -> Json:
        """Both sides below a head that says how they hang together."""
        say = self.words.say
        if isinstance(node, x.IfThen):
            head, names = self.words.terms["form"]["only_if"], ("", "")
        elif isinstance(node, x.Except):
            head, names = str(say.exception_head()), ("condition", "exception")
        else:
            head, names = str(say.waived_head()), ("condition", "waiver")
        line = self._line(node, head, tuple(x.parts(node)))
        for name, part in zip(names, line["b"], strict=True):
            part["t"] = str(say.part(name, part["t"])) if name else part["t"]
        if isinstance(node, x.IfThen):
            asked, then = line["b"]
            asked["t"] = self.words.terms["form"]["if"].format(condition=asked["t"])
            then["t"] = self.words.terms["form"]["then"].format(condition=then["t"])
        return line
