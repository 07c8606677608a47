"""The data dictionary as text, as JSON Schema, and as the header of an empty table."""

from __future__ import annotations

import textwrap
from typing import Any

from ..graph.build import RuleGraph
from ..protocol.model import Item, Protocol
from ..protocol.numbers import number_text
from ..words.phrases import Words
from .kinds import item_kind
from .questions import is_plain

DATE_PATTERN = r"^\d{4}(-\d{2}(-\d{2})?)?$"
TIME_PATTERN = r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?)?)?)?$"


def dictionary_text(graph: RuleGraph) -> str:
    """Every item with type, range, codes, question and the criteria that use it."""
    blocks = []
    words = Words(graph.protocol)
    for item in graph.protocol.items.values():
        lines = [f"{item.name}  –  {item.label.text}", f"    {item_kind(item, words)}"]
        span = item.attributes[0].span if item.repeated else item.span
        if span:
            lines.append(f"    range {number_text(span.low)} to {number_text(span.high)}")
        for attribute in item.attributes:
            lines.append(f"    attribute {attribute.name}: {item_kind(attribute, words)}")
        if item.otherwise is not None:
            plain = is_plain(item.otherwise)
            taken = f"is taken as {words.value(item.otherwise)}" if plain else "follows from other items"
            lines.append(f"    {taken} where it is not recorded")
        if item.codes:
            lines.append("    code " + "; ".join(f"{system} {code}" for system, code in item.codes))
        if item.ask:
            lines.append(f"    ask: {item.ask.text}")
        lines += [f"    note: {note.text}" for note in item.notes]
        used = ", ".join(graph.criteria_using(item.name))
        if used:
            lines.append(f"    used in {used}")
        blocks.append("\n".join(textwrap.fill(line, 100, subsequent_indent="      ") for line in lines))
    return "\n\n".join(blocks)


def csv_header(protocol: Protocol) -> list[str]:
    """Columns of a table with one row a patient: `id`, the items, and unit and limits beside a quantity."""
    columns = ["id"]
    for item in protocol.items.values():
        columns.append(item.name)
        if item.kind == "quantity":
            columns.append(f"{item.name}_unit")
        columns += [f"{item.name}_{limit.lower()}" for limit in item.limits]
    return columns


def json_schema(protocol: Protocol) -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of a patient record. Units and ranges in other units are checked on reading."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Patient record for {protocol.id}",
        "description": protocol.title.text,
        "type": "object",
        "properties": {
            "id": {"type": ["string", "integer"], "description": "patient id"},
            **{item.name: nullable(item_schema(item)) for item in protocol.items.values()},
        },
        "additionalProperties": False,
    }


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """An absent or null item is unknown."""
    described: dict[str, Any] = {key: schema.pop(key) for key in ("title", "description") if key in schema}
    return {**described, "anyOf": [schema, {"type": "null"}]}


def item_schema(item: Item) -> dict[str, Any]:
    described: dict[str, Any] = {"title": item.label.text}
    if item.ask or item.notes:
        described["description"] = " ".join(text.text for text in (item.ask, *item.notes) if text)
    return {**described, **_shape(item)}


def _shape(item: Item) -> dict[str, Any]:
    match item.kind:
        case "truth":
            return {"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no"]}]}
        case "one of":
            return {"enum": list(item.option_names)}
        case "several of":
            return {"type": "array", "items": {"enum": list(item.option_names)}}
        case "date":
            return {"type": "string", "pattern": DATE_PATTERN}
        case "time":
            return {"type": "string", "pattern": TIME_PATTERN}
        case "event":
            return _event_shape(item)
    return _number_shape(item)


def _number_shape(item: Item) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "integer" if item.kind == "count" else "number"}
    if item.span:
        plain |= {"minimum": _plain(item.span.low), "maximum": _plain(item.span.high)}
    parts: dict[str, Any] = {"value": {"type": ["number", "string", "null"]}}
    if item.kind == "quantity":
        parts["unit"] = {"type": "string", "description": f"declared: {item.unit.text if item.unit else ''}"}
    for limit in item.limits:
        parts[limit.lower()] = {"type": ["number", "string"], "description": f"{limit}, in the unit of the value"}
    whole = {"type": "object", "properties": parts, "additionalProperties": False}
    return {"anyOf": [plain, {"type": "string"}, whole]}


def _plain(value: Any) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _event_shape(item: Item) -> dict[str, Any]:
    date = {"type": "string", "pattern": DATE_PATTERN}
    parts: dict[str, Any] = {"date": {"anyOf": [date, {"type": "null"}]}}
    if item.course:
        parts["until"] = {"anyOf": [date, {"const": "ongoing"}, {"type": "null"}]}
    for attribute in item.attributes:
        parts[attribute.name] = nullable(item_schema(attribute))
        if attribute.name == "value":
            parts |= {"unit": {"type": "string"}} | {
                limit.lower(): {"type": ["number", "string"]} for limit in attribute.limits
            }
    occurrence = {"type": "object", "properties": parts, "additionalProperties": False}
    one = {"anyOf": [date, {"const": "yes"}, occurrence]}
    return {"anyOf": [{"const": "none"}, *one["anyOf"], {"type": "array", "items": one}]}
