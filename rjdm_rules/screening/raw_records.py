"""One row of a population as a patient record, as JSON would hold it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from ..protocol.model import Item
from .kinds import MEASURED
from .matching import LIMITS, ItemColumns, Match


def record_of(match: Match, row: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a row; absent values stay away."""
    found: dict[str, Any] = {"id": row[match.id]}
    for columns in match.items.values():
        value = value_of(columns, row)
        if value is not None:
            found[columns.item.name] = value
    return found


def value_of(columns: ItemColumns, row: Mapping[str, Any]) -> Any:
    """What a row holds of one item."""
    item = columns.item
    held = row.get(columns.value) if columns.value else None
    if item.kind in MEASURED:
        return _measured(columns, held, row)
    if item.kind == "event":
        return _event(item, held)
    return held


def _measured(columns: ItemColumns, held: Any, row: Mapping[str, Any]) -> Any:
    held = exact_decimal(held)
    unit = row.get(columns.unit) if columns.unit else None
    limits = {LIMITS[limit]: row.get(name) for limit, name in columns.limits.items()}
    limits = {key: exact_decimal(value) for key, value in limits.items() if value is not None}
    if not limits and (unit is None or held is None):
        return held
    found = {"value": held, "unit": unit, **limits}
    return {key: value for key, value in found.items() if value is not None}


def exact_decimal(value: Any) -> Any:
    """A floating-point number as the decimal that it shows, of which the reader of records remembers what it means."""
    if not isinstance(value, float) or not isfinite(value):
        return value
    return int(value) if value == int(value) and abs(value) < 1e15 else Decimal(repr(value))


def _event(item: Item, held: Any) -> Any:
    if not isinstance(held, list):
        return held
    return [_occurrence(item, each) for each in held]


def _occurrence(item: Item, held: Any) -> Any:
    """A struct without the fields that hold nothing. Of what happened without more the date is unknown."""
    if held is None:
        return {"date": None}
    if not isinstance(held, Mapping):
        return held
    return {key: value for key, value in held.items() if value is not None} or {"date": None}
