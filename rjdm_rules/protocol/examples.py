"""Examples: patient records in the rules file, and what is expected of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..language import syntax as s
from ..language.diagnostics import listed, near_names, replacement
from ..language.source import Place
from .model import Example, Item
from .order import report_cycle, settled_order
from .scope import Scope

MOST_LIKE = 20
VERDICTS = ("eligible", "ineligible", "undetermined")
OUTCOMES = ("met", "not met", "unknown", "not applicable")
_YEAR = re.compile(r"\d{4}")


def checked_examples(file: s.File, scope: Scope) -> tuple[Example, ...]:
    """Examples with the values that they inherit (`like`) filled in."""
    findings = scope.findings
    nodes: dict[str, s.Example] = {}
    for node in file.examples:
        if node.name.name in nodes:
            findings.error("R206", f"the example `{node.name.name}` is there twice", node.place)
        nodes.setdefault(node.name.name, node)
    needs = {name: [(node.like.name, node.like.place)] if node.like else [] for name, node in nodes.items()}
    for node in nodes.values():
        if node.like and node.like.name not in nodes and node.like.name not in scope.broken:
            near, fixes = scope.suggest(node.like.name, node.like.place, nodes)
            help = near or "write it above, or name one of " + listed(nodes)
            findings.error("R201", f"there is no example `{node.like.name}`", node.like.place, help, fixes=fixes)
            scope.broken.add(node.like.name)  # one report, however many are like it
    depth: dict[str, int] = {}
    found: dict[str, Example] = {}
    for name in settled_order(needs, lambda hops: report_cycle(findings, hops)):
        node = nodes[name]
        parent = found.get(node.like.name) if node.like else None
        depth[name] = depth[parent.name] + 1 if parent else 0
        if depth[name] > MOST_LIKE and node.like:
            findings.error("R107", f"more than {MOST_LIKE} examples are each like the one before", node.like.place)
            continue
        record, places, readings = _given(node, parent, scope)
        expectations, expected_at = _expectations(node, scope)
        found[name] = Example(
            name,
            node.label,
            record,
            expectations,
            node.notes,
            node.place,
            places,
            readings,
            _expected_facts(node, scope, expected_at),
            _expected_reasons(node, scope, expected_at),
            parent.name if parent else None,
            expected_at,
        )
    return tuple(found[name] for name in nodes if name in found)


def _given(
    node: s.Example, parent: Example | None, scope: Scope
) -> tuple[Mapping[str, object], Mapping[str, Place], Mapping[str, str]]:
    """The record of an example, where each of its values was written, and the readings that it is under."""
    record = {key: value for key, value in parent.record.items() if key != "id"} if parent else {}
    places = dict(parent.places) if parent else {}
    readings = dict(parent.readings) if parent else {}
    seen: set[str] = set()
    for given in node.given:
        name = given.name.name
        if name in scope.readings:
            _read_as(given, scope, readings)
            continue
        if name not in scope.items:
            scope.unknown_name(name, given.place)
            continue
        if name in seen:
            scope.findings.error("R206", f"`{name}` is given twice", given.place, "take one of the two out")
        seen.add(name)
        record[name] = given_value(given, scope.items[name], scope)
        places[name] = given.place
    return {"id": node.name.name, **record}, places, readings


def _read_as(given: s.Given, scope: Scope, readings: dict[str, str]) -> None:
    """`hepatitis_b = surface_antigen_alone`: the example is under another reading."""
    reading = scope.readings[given.name.name]
    options = [option.name for option in reading.options]
    value = given.values[0].value
    if len(given.values) == 1 and value in options:
        readings[reading.name] = str(value)
        return
    near, fixes = scope.suggest(str(value), given.values[0].place, options)
    help = near or "its options are " + ", ".join(options)
    scope.findings.error(
        "R204", f"`{value}` is no option of `{reading.name}`", given.values[0].place, help, fixes=fixes
    )


def given_value(given: s.Given, item: Item, scope: Scope) -> object:
    """The value of an item in the shape that a patient record has."""
    values = [_one_value(each, item, scope) for each in given.values]
    if len(values) == 1 and values[0] is None:
        return None
    if item.kind == "several of":
        return [] if values == ["none"] and "none" not in item.option_names else values
    return values[0] if len(values) == 1 else values


def _one_value(written: s.GivenValue, item: Item, scope: Scope) -> object:
    """A date is a year where it is a number of four digits; what stands in brackets goes with it."""
    value, findings = written.value, scope.findings
    if item.kind in ("event", "date", "time") and isinstance(value, int) and _YEAR.fullmatch(str(value)):
        value = str(value)
    if item.kind == "event" and value is True:
        value = "yes"
    if not written.fields:
        return value
    named: dict[str, object] = {"date" if item.kind == "event" else "value": value}
    for name, held, place in written.fields:
        if name in named:
            findings.error("R206", f"`{name}` is given twice", place, "take one of the two out")
        named.setdefault(name, held)
    return named


def _expectations(node: s.Example, scope: Scope) -> tuple[tuple[tuple[str | None, str], ...], dict[str, Place]]:
    """The expected verdict and outcomes, and where each is written."""
    parts = {part for part, _ in scope.blocks if part}
    found: dict[str | None, str] = {}
    places: dict[str, Place] = {}
    for each in node.expectations:
        subject = each.subject.name if each.subject else None
        criterion = subject is not None and subject not in parts
        if subject == "not" and each.outcome == "eligible":
            help = "write `expect ineligible`, or `expect undetermined`"
            scope.findings.error("R807", "`not eligible` may be one of two verdicts", each.place, help)
            continue
        if criterion and each.subject and not _is_criterion(each.subject, scope):
            continue
        if subject is None and parts and each.outcome in VERDICTS:
            first = next(iter(sorted(parts)))
            message = "each part has a verdict of its own"
            scope.findings.error("R807", message, each.place, f"write `expect {first} {each.outcome}`")
            continue
        wanted = OUTCOMES if criterion else VERDICTS
        if each.outcome not in wanted:
            what = f"{subject} is" if subject else "a verdict is"
            message = f"`{each.outcome}` is never expected here; {what} {', '.join(wanted[:-1])} or {wanted[-1]}"
            other = f"write `expect {subject} met`, or `expect {each.outcome}` for the patient"
            help = (
                other
                if criterion
                else ""
                if subject
                else f"an outcome needs its criterion, as in `expect I3 {each.outcome}`"
            )
            scope.findings.error("R807", message, each.place, help)
        if subject in found:
            scope.findings.error("R206", "this is expected twice", each.place, "take one of the two out")
        found.setdefault(subject, each.outcome)
        places.setdefault(subject or "", each.place)
    return tuple(found.items()), places


def _is_criterion(name: s.Name, scope: Scope) -> bool:
    if name.name in scope.criteria_by_id:
        return True
    pieces = re.sub(r"^(?:\w+\.)?[IE](?=\d)", "", name.name).split(".")
    if scope.broken.isdisjoint((name.name, *pieces)):
        named = [each.id for (_, own), each in scope.criteria_by_name.items() if own == name.name]
        alike = [id for id in scope.criteria_by_id if id.lower() == name.name.lower() or id.endswith(f".{name.name}")]
        ids = list(dict.fromkeys(named + alike)) or near_names(name.name, scope.criteria_by_id)
        fixes = tuple(replacement(name.place, each, certain=len(ids) == 1 and bool(named)) for each in ids[:3])
        help = f"write {' or '.join(f'`{each}`' for each in ids[:3])}" if ids else "write it as I3, I3.1 or E8"
        scope.findings.error("R202", f"there is no criterion {name.name}", name.place, help, fixes=fixes)
    return False


def _expected_facts(node: s.Example, scope: Scope, places: dict[str, Place]) -> tuple[str, ...] | None:
    if not node.facts:
        return None
    _once(node.facts, scope)
    for name in node.facts[0].names:
        if name.name not in scope.items:
            scope.unknown_name(name.name, name.place)
    places["deciding"] = node.facts[0].place
    return tuple(sorted({name.name for name in node.facts[0].names}))


def _expected_reasons(node: s.Example, scope: Scope, places: dict[str, Place]) -> tuple[tuple[str, str], ...] | None:
    if not node.reasons:
        return None
    _once(node.reasons, scope)
    places["reasons"] = node.reasons[0].place
    named = [(name, words) for name, words in node.reasons[0].reasons if _is_criterion(name, scope)]
    return tuple((name.name, words.text if words else "") for name, words in named)


def _once(lines: Sequence[s.Node], scope: Scope) -> None:
    for line in lines[1:]:
        scope.findings.error("R206", "this is expected twice", line.place, "name all in one line, between commas")
