"""Warnings: what is not wrong, but probably not meant. Each function looks at one thing."""

from __future__ import annotations

from ..language.source import Place, Source
from . import advice_on_bounds, advice_on_data, advice_on_direction, advice_on_logic, advice_on_wording
from . import expressions as x
from .facts_with_many import facts_with_many
from .model import Protocol
from .numbers import number_text
from .scope import Advice, Findings
from .terms import all_conditions, walk


def advise(protocol: Protocol, findings: Findings, source: Source) -> None:
    """What is not wrong, but probably not meant, in the file `source`."""
    for check in CHECKS:
        check(protocol, findings, source)


def unused_declarations(protocol: Protocol, findings: Findings, source: Source) -> None:
    """Items and definitions of this file that no condition uses."""
    if protocol.kind == "library":
        return
    used: set[str] = set()
    for condition in all_conditions(protocol):
        for node in walk(condition):
            match node:
                case (
                    x.ItemValue(item=name)
                    | x.Selected(event=name)
                    | x.DefinedValue(name=name)
                    | x.ReadingValue(reading=name)
                ):
                    used.add(name)
    declared: list[tuple[str, Place, str]] = [(i.name, i.place, "data item") for i in protocol.items.values()]
    declared += [(d.name, d.place, "definition") for d in protocol.definitions.values()]
    declared += [(r.name, r.place, "reading") for r in protocol.readings.values()]
    for name, place, what in declared:
        if name not in used and place.source is source:
            findings.warning(
                "R901", f"the {what} `{name}` is used nowhere", place, "use it in a condition, or take it out"
            )


def exceptions_about_one_event(protocol: Protocol, findings: Findings, source: Source) -> None:
    """EXCEPT speaks of the patient: one harmless occurrence would clear all others."""
    many: dict[str, set[str]] = {}  # by definition
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if not isinstance(node, x.Except):
                continue
            shared = facts_with_many(node.condition, protocol, many) & facts_with_many(node.exception, protocol, many)
            for name in sorted(shared):
                item = protocol.items[name]
                held = node.exception.place.text if node.exception.place else ""
                where = held[held.index("(") :] if "WHERE (" in held else "(kind IS harmless)"
                help = (
                    f"write `{name} WHERE (NOT {where})`: the occurrences that count"
                    if item.kind == "event"
                    else f"name the options that count: `ANY({name} INCLUDES …, …)`"
                )
                findings.warning(
                    "R903",
                    f"both sides of EXCEPT are about `{name}`: one case that is excepted would clear all the others",
                    node.place or item.place,
                    help,
                )


def lookups_outside(protocol: Protocol, findings: Findings, source: Source) -> None:
    """A lookup by a number that may lie where the table has no rows: there it is unknown."""
    seen: set[tuple[str, str]] = set()
    for condition in all_conditions(protocol):
        for node in walk(condition):
            if not isinstance(node, x.Lookup):
                continue
            for argument, column in zip(node.arguments, protocol.tables[node.table].inputs, strict=True):
                item = protocol.items[argument.item] if isinstance(argument, x.ItemValue) else None
                if item is None or item.unit is None or column.span is None or (item.name, node.table) in seen:
                    continue
                span = item.span
                if span and column.span.low <= span.low and span.high <= column.span.high:
                    continue
                seen.add((item.name, node.table))
                low, high = number_text(column.span.low), number_text(column.span.high)
                findings.warning(
                    "R904",
                    f"`{item.name}` may lie outside {low}..{high}, where `{node.table}` has no rows and gives unknown",
                    argument.place or item.place,
                    f"give `{item.name}` the range {low}..{high}, or widen the column",
                )


CHECKS: tuple[Advice, ...] = (
    unused_declarations,
    *advice_on_wording.CHECKS,
    *advice_on_direction.CHECKS,
    exceptions_about_one_event,
    lookups_outside,
    *advice_on_data.CHECKS,
    *advice_on_logic.CHECKS,
    *advice_on_bounds.CHECKS,
)
