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

_YEAR, _MONTH, _DAY = r"(1[89][0-9]{2}|2[01][0-9]{2}|2200)", r"(0[1-9]|1[0-2])", r"(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?"
DATE_PATTERN = rf"^\s*{_YEAR}(-{_MONTH}(-{_DAY})?)?\s*$"
TIME_PATTERN = rf"^\s*{_YEAR}(-{_MONTH}(-{_DAY}{_CLOCK})?)?\s*$"
YES_NO_PATTERN = r"^\s*([Yy][Ee][Ss]|[Nn][Oo]|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$"
_NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"


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
    """A JSON Schema (draft 2020-12) of a patient record, which accepts every record that is evaluated.

    It is looser in what a schema cannot say: units, ranges in other units, days that a month does not have, ends before
    their beginning.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Patient record for {protocol.id}",
        "description": protocol.title.text,
        "type": "object",
        "properties": {
            "id": {"description": "patient id", "type": ["string", "integer", "null"], "pattern": _NO_CONTROL},
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
            return {"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no"]}, _text(YES_NO_PATTERN)]}
        case "one of":
            return {"enum": list(item.option_names)}
        case "several of":
            return {"type": "array", "items": {"enum": list(item.option_names)}}
        case "date":
            return _text(DATE_PATTERN)
        case "time":
            return _text(TIME_PATTERN)
        case "event":
            return _event_shape(item)
    return _number_shape(item)


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


def _number_shape(item: Item) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "integer", "minimum": 0} if item.kind == "count" else {"type": "number"}
    if item.span:
        plain |= {"minimum": _plain(item.span.low), "maximum": _plain(item.span.high)}
    parts: dict[str, Any] = {"value": {"type": ["number", "string", "null"]}}
    whole = {"type": "object", "properties": parts | _beside_value(item), "additionalProperties": False}
    return {"anyOf": [plain, {"type": "string"}, whole]}


def _beside_value(item: Item) -> dict[str, Any]:
    """Unit and limits of normal: null is as good as nothing, also where the item has none."""
    parts: dict[str, Any] = {"unit": {"type": ["string", "null"]}}
    if item.unit and item.unit.text:
        parts["unit"]["description"] = f"declared: {item.unit.text}"
    for limit in ("ULN", "LLN"):
        declared = {"type": ["number", "string", "null"], "description": f"{limit}, in the unit of the value"}
        parts[limit.lower()] = declared if limit in item.limits else {"type": "null"}
    return parts


def _plain(value: Any) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _event_shape(item: Item) -> dict[str, Any]:
    date = _text(DATE_PATTERN)
    parts: dict[str, Any] = {"date": {"anyOf": [date, {"type": "null"}]}}
    if item.course:
        parts["until"] = {"anyOf": [date, {"const": "ongoing"}, {"type": "null"}]}
    for attribute in item.attributes:
        parts[attribute.name] = nullable(item_schema(attribute))
        if attribute.name == "value":
            parts |= _beside_value(attribute)
    occurrence = {"type": "object", "minProperties": 1, "properties": parts, "additionalProperties": False}
    one = {"anyOf": [date, {"const": "yes"}, occurrence]}
    several = {"type": "array", "items": one}
    return {"anyOf": [{"enum": ["none", "no"]}, *one["anyOf"], several]}
