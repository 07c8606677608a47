"""In which order columns are worked out: stages, each of one frame, whose columns rest on those of earlier stages.

What is used more than once gets a name and is worked out once; all else is written into the expression that uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .columns import GATHERING, Column, walk

LEAVES = ("source", "literal")
CROSSING = (*GATHERING, "spread")
DEEP = 40  # of an expression; what is above has a name, so that no engine meets one nested beyond its means


@dataclass(frozen=True)
class Stage:
    """Columns of one frame that can be worked out together. Those that come from another frame (`spread`, `any`, …)
    stand in stages of their own."""

    frame: str
    crossing: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Plan:
    """The stages of each phase: a later phase may be run for fewer rows, with what the earlier ones worked out."""

    phases: tuple[tuple[Stage, ...], ...]
    names: Mapping[int, str]

    def named(self, column: Column) -> str | None:
        """The name under which a column was worked out, if it has one."""
        return self.names.get(column.number)


def planned(phases: Sequence[Iterable[Column]]) -> Plan:
    """The stages that lead to the roots of each phase. Each root gets a name, unless it is a source or a literal."""
    roots = [list(each) for each in phases]
    every = [root for each in roots for root in each]
    order = list(walk(every))
    uses = Counter(operand.number for column in order for operand in column.operands)
    asked = {root.number for root in every}
    asked.update(operand.number for column in order if column.op in CROSSING for operand in column.operands)
    phase_of: dict[int, int] = {}
    for number, held in reversed(list(enumerate(roots))):
        phase_of.update((column.number, number) for column in walk(held))
    names: dict[int, str] = {}
    steps: dict[int, int] = {}
    depths: dict[int, int] = {}
    groups: list[dict[tuple[int, str, bool], list[Column]]] = [{} for _ in roots]
    for column in order:
        step = max((steps[each.number] for each in column.operands), default=0)
        depth = 1 + max((depths[each.number] for each in column.operands), default=0)
        crossing = column.op in CROSSING
        shared = crossing or column.number in asked or uses[column.number] > 1
        if column.op not in LEAVES and (shared or depth > DEEP):
            groups[phase_of[column.number]].setdefault((step, column.frame, crossing), []).append(column)
            names[column.number] = f"#{column.number}"
            step, depth = step + 1, 1
        depths[column.number] = depth
        steps[column.number] = step
    stages = [
        tuple(Stage(frame, crossing, tuple(held)) for (_, frame, crossing), held in sorted(group.items()))
        for group in groups
    ]
    return Plan(tuple(stages), names)
