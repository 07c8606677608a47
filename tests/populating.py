"""Populations in columns made of records, as a data warehouse might hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rjdm_rules.protocol.model import Item, Protocol

MEASURED = ("quantity", "number", "count")


def population(protocol: Protocol, records: Sequence[Mapping[str, Any]], typed_dates: bool = False) -> pl.DataFrame:
    """A row a record. Values are taken apart into columns of value, unit and limits; occurrences are lists of structs;
    dates are texts, or dates where `typed_dates` and none of the column is partial."""
    columns: dict[str, pl.Series] = {"id": pl.Series([f"P{n}" for n in range(len(records))])}
    for item in protocol.items.values():
        for name, series in _columns(item, [record.get(item.name) for record in records]).items():
            if typed_dates and series.dtype == pl.String and item.kind == "date":
                dates = series.str.to_date("%Y-%m-%d", strict=False)
                series = dates if dates.null_count() == series.null_count() else series
            columns[name] = series.alias(name)
    return pl.DataFrame(columns)


def _columns(item: Item, values: list[Any]) -> dict[str, pl.Series]:
    if item.kind in MEASURED:
        return _measured(item, values)
    if item.kind == "truth":
        return {item.name: pl.Series(values, dtype=pl.Boolean)}
    if item.kind == "several of":
        return {item.name: pl.Series(values, dtype=pl.List(pl.String))}
    if item.kind == "event":
        return {item.name: _event(item, values)}
    return {item.name: pl.Series(values, dtype=pl.String)}


def _measured(item: Item, values: list[Any]) -> dict[str, pl.Series]:
    numbers, units, ulns, llns = [], [], [], []
    texts = False
    for value in values:
        held = value if isinstance(value, dict) else {"value": value}
        number, unit = held.get("value"), held.get("unit")
        if isinstance(number, str):
            written, _, rest = number.partition(" ")
            if "LN" in number:
                texts = True
            else:
                number, unit = float(written), rest or unit
        numbers.append(number)
        units.append(unit)
        ulns.append(held.get("uln"))
        llns.append(held.get("lln"))
    if texts:
        column = pl.Series(
            [None if n is None else n if isinstance(n, str) else repr(n) for n in numbers], dtype=pl.String
        )
    else:
        column = pl.Series(numbers, dtype=pl.Float64)
    found = {item.name: column, f"{item.name}_unit": pl.Series(units, dtype=pl.String)}
    if "ULN" in item.limits:
        found[f"{item.name}_uln"] = pl.Series(ulns, dtype=pl.Float64)
    if "LLN" in item.limits:
        found[f"{item.name}_lln"] = pl.Series(llns, dtype=pl.Float64)
    return found


def _event(item: Item, values: list[Any]) -> pl.Series:
    fields: dict[str, Any] = {"date": pl.String}
    if item.course:
        fields["until"] = pl.String
    for attribute in item.attributes:
        kind = attribute.kind
        fields[attribute.name] = pl.Float64 if kind in MEASURED else pl.Boolean if kind == "truth" else pl.String
        if attribute.name == "value":
            fields["unit"] = pl.String
        elif attribute.kind in MEASURED:
            fields[attribute.name] = pl.String  # with its unit
    held: list[list[dict[str, Any]] | None] = []
    for value in values:
        if value is None:
            held.append(None)
        elif value in ("none", "no", []):
            held.append([])
        else:
            several = value if isinstance(value, list) else [value]
            held.append([_occurrence(item, each, fields) for each in several])
    return pl.Series(held, dtype=pl.List(pl.Struct(fields)))


def _occurrence(item: Item, value: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    found = dict.fromkeys(fields)
    held = value if isinstance(value, dict) else {"date": value}
    for key, each in held.items():
        if isinstance(each, dict):
            each = f"{each['value']} {each['unit']}"
        found[key] = each if each is None or fields[key] != pl.String or isinstance(each, str) else repr(each)
    return found


def csv(folder: Path, text: str | bytes, name: str = "people.csv") -> Path:
    """Writes a file into a folder."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
