"""From the rule graph to the text of a Python function that gives verdict and outcomes.

Every condition has two expressions: one that is true when it is known to be true, one that is true when it is known
to be false. What has no direct form here (windows beside partial dates, and the like) is asked of the reference
evaluator, for that condition alone and only when it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..graph.build import RuleGraph, block_node
from ..protocol import expressions as x
from .generate_conditions import ConditionWriter
from .generate_numbers import Shared
from .pieces import both_of


class Generator(ConditionWriter):
    """Writes one function. With `trace` it settles every condition and returns all their truths; without, it stops as
    soon as an outcome is certain."""

    def __init__(self, graph: RuleGraph, readings: Mapping[str, str], shared: Shared, trace: bool) -> None:
        super().__init__(graph, readings, shared)
        self.trace = trace
        self.traced: dict[str, str] = {}
        self.numbers = {criterion.id: number for number, criterion in enumerate(self.protocol.criteria())}

    def write(self) -> list[str]:
        """The lines of the function's body; slots and questions to the reference evaluator are entered on the way."""
        for node in self.graph.order:
            self.pairable[node] = self._has_pair(node)
            if node.startswith("criterion:"):
                self._criterion(node)
            elif self.trace and self._is_condition(node) and not self.graph.scoped(node):
                self._trace(node)
            elif self.graph.deep and node.startswith("definition:") and self._is_condition(node):
                self._keep(node, self._fresh(node))
            elif self.graph.deep and self._builds_on(node) and self.pairable[node]:
                self.pairs[node] = self._number(self.pair(node))  # so that no number is written out of long chains
        if self.trace:
            held = "".join(f"{variable}, " for variable in self.traced.values())
            return [*self.lines, f"return ({held})"]
        verdicts = "".join(self._verdict(part.name) + ", " for part in self.protocol.parts)
        outcomes = "".join(f"o{number}, " for number in self.numbers.values())
        return [*self.lines, f"return ({verdicts}), ({outcomes})"]

    def _builds_on(self, node: str) -> bool:
        """Whether a name stands for what others are made of: a definition, or an item with `otherwise`."""
        what, _, name = node.partition(":")
        return what == "definition" or (what == "item" and self.protocol.items[name].otherwise is not None)

    def _trace(self, node: str) -> None:
        both = self._fresh(node)
        if not both[0].isidentifier():
            both = self._keep(node, both)
        self.written[node] = both
        self.traced[node] = both[0]

    def _criterion(self, node: str) -> None:
        criterion = self.protocol.criterion(node.partition(":")[2])
        assert criterion is not None
        variable, outcome = self._variable(node), f"o{self.numbers[criterion.id]}"
        if criterion.condition is None:
            self.lines.append(f"{variable} = True; {outcome} = 'not applicable'")
        else:
            below = self.graph.operands(node)[0]
            true, false = self.both(below)
            steps = [(true, "True", "met"), (false, "False", "not met")]
            if criterion.id in self.protocol.excluding:
                steps.reverse()  # what is usual is tried first
            if isinstance(criterion.condition, x.IfThen):
                condition = self.both(self.graph.operands(below)[0])
                steps.insert(0, (condition[1], "True", "not applicable"))
            word = "if"
            for test, value, label in steps:
                self.lines.append(f"{word} {test}: {variable} = {value}; {outcome} = {label!r}")
                word = "elif"
            self.lines.append(f"else: {variable} = None; {outcome} = 'unknown'")
        self.written[node] = both_of(variable)
        self.traced[node] = variable

    def _verdict(self, part: str | None) -> str:
        held = next(each for each in self.protocol.parts if each.name == part)
        included = self.both(block_node(part, "inclusion")) if held.inclusion else ("True", "False")
        excluded = self.both(block_node(part, "exclusion")) if held.exclusion else ("False", "True")
        return (
            f"('ineligible' if ({included[1]}) or ({excluded[0]}) else "
            f"'eligible' if ({included[0]}) and ({excluded[1]}) else 'undetermined')"
        )
