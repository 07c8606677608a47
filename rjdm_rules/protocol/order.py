"""What must be settled before what; and cycles, each shown hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields

from ..language import syntax as s
from ..language.source import Place
from . import expressions as x
from .model import Item, Part
from .scope import Findings, Scope

Hop = tuple[str, Place]
_NOT_REFERENCES = {
    s.IsOption: ("option",),
    s.InOptions: ("options",),
    s.Includes: ("option",),
    s.AttributeOf: ("attribute",),
}


def references(node: object) -> list[Hop]:
    """Every name that a written expression refers to, with its place."""
    found: list[Hop] = []
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, s.Name):
            found.append((each.name, each.place))
        elif isinstance(each, tuple):
            stack.extend(each)
        elif isinstance(each, s.Node):
            skipped = _NOT_REFERENCES.get(type(each), ())
            stack.extend(getattr(each, field.name) for field in fields(each) if field.name not in skipped)
    return found


def settled_order(needs: Mapping[str, Iterable[Hop]], cycle: Callable[[list[Hop]], None]) -> list[str]:
    """Names so that each comes behind those that it needs. A cycle is handed to `cycle` as its hops, once, and its
    names are left out."""
    done: set[str] = set()
    order: list[str] = []
    for start in needs:
        if start in done:
            continue
        path: list[str] = []
        on_path: dict[str, Place | None] = {}
        stack: list[tuple[str, Place | None, bool]] = [(start, None, False)]
        while stack:
            name, place, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.pop(name)
                if name not in done:
                    done.add(name)
                    order.append(name)
                continue
            if name in done:
                continue  # also where it is part of a cycle that was reported
            if name in on_path:
                begin = path.index(name)
                loop = path[begin:]
                entered = [on_path[each] for each in loop[1:]] + [place]
                hops = [(each, where) for each, where in zip(loop, entered, strict=True) if where]
                cycle(hops)
                done.update(loop)
                continue
            path.append(name)
            on_path[name] = place
            stack.append((name, place, True))
            stack.extend((need, where, False) for need, where in needs[name] if need in needs)
    return order


def report_cycle(findings: Findings, hops: list[Hop]) -> None:
    """`a` needs `b` at this line, `b` needs `c` at that one, …"""
    names = [name for name, _ in hops]
    following = [*names[1:], names[0]]
    shown = tuple((f"`{name}` needs `{need}` here", place) for (name, place), need in zip(hops, following, strict=True))
    if len(names) == 1:
        findings.error("R207", f"`{names[0]}` needs itself", hops[0][1], "rules have no cycles")
        return
    chain = " → ".join(f"`{name}`" for name in [*names[:6], *(["…"] if len(names) > 6 else []), names[0]])
    findings.error(
        "R207", f"a cycle: {chain}", hops[0][1], "rules have no cycles: one of these must do without the next",
        hops=shown[:12],
    )  # fmt: skip


def refuse_cycles(scope: Scope, parts: Iterable[Part]) -> bool:
    """Cycles across criteria, definitions and items. True where there is none."""
    needs: dict[str, list[Hop]] = {}

    def enter(name: str, expression: x.Expression | None) -> None:
        needs[name] = named_parts(expression) if expression is not None else []

    items: Iterable[Item] = scope.items.values()
    for item in items:
        enter(item.name, item.otherwise)
    for definition in scope.definitions.values():
        enter(definition.name, definition.expression)
    for part in parts:
        for block in part.blocks:
            for top in block.criteria:
                for criterion in top.walk():
                    enter(criterion.id, criterion.condition)
    found: list[list[Hop]] = []
    settled_order(needs, found.append)
    for hops in found:
        if scope.broken.isdisjoint(name for name, _ in hops):
            report_cycle(scope.findings, hops)
    return not found


def named_parts(expression: x.Expression) -> list[Hop]:
    """The named things (items, definitions, criteria) that a checked expression needs, with places."""
    found: list[Hop] = []
    stack = [expression]
    while stack:
        node = stack.pop()
        match node:
            case x.ItemValue(item=name) | x.DefinedValue(name=name) | x.CriterionTruth(criterion=name):
                if node.place:
                    found.append((name, node.place))
            case x.Selected(event=name) if node.place:
                found.append((name, node.place))
        stack.extend(x.parts(node))
    return found
