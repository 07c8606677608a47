"""Populations in CSV: UTF-8, a header, one row a patient; several options or dates are separated by `;`.

As for single patients: an empty cell is unknown, `none` says that something never happened, and occurrences with
attributes are written as JSON.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from ..protocol.model import Item, Protocol
from .kinds import MEASURED
from .matching import PopulationError

Dtype = Any
ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_table(path: Path) -> pl.DataFrame:
    """The rows of a Parquet or CSV file as they stand there. Raises PopulationError."""
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path, glob=False)
        _refuse_ragged(path)
        frame = pl.read_csv(
            path, infer_schema_length=None, glob=False, raise_if_empty=False, schema_overrides={"id": pl.String}
        )
        return frame.with_columns(_dated(frame[name]) for name in frame.columns if name != "id")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise PopulationError(problem_of(path, error)) from None


def _dated(column: pl.Series) -> pl.Series:
    """Texts that are all dates (2026-03-02) as dates. Other ways of writing them stay texts, for the reader to refuse:
    03/04/2026 may be in March or in April."""
    if column.dtype != pl.String:
        return column
    first = column.first(ignore_nulls=True)
    if first is None or not ISO.fullmatch(str(first)):
        return column
    dates = column.str.to_date("%Y-%m-%d", strict=False)
    same = dates.null_count() == column.null_count() and (dates.dt.to_string() == column).all()
    return dates if same else column


def read_csv(path: Path, protocol: Protocol) -> pl.DataFrame:
    """The rows of a file, with lists where items are sets or events. Raises PopulationError."""
    return lists_in(read_table(path), protocol)


def one_table(paths: Sequence[Path]) -> pl.DataFrame:
    """The rows of several files with the same columns. A column is of numbers or dates where it is so in all of them.
    Raises PopulationError."""
    frames = [read_table(path) for path in paths]
    names = frames[0].columns
    for path, frame in zip(paths, frames, strict=True):
        apart = [name for name in (*names, *frame.columns) if name not in names or name not in frame.columns]
        if apart:
            lacking, other = (path, paths[0]) if apart[0] in names else (paths[0], path)
            help = "the files of a folder have the same columns"
            raise PopulationError(f"{lacking}: the column `{apart[0]}` is missing, while {other} has it; {help}")
    columns = {name: [frame[name] for frame in frames] for name in names}
    return pl.DataFrame([_alike(parts) for parts in columns.values()])


def _alike(parts: Sequence[pl.Series]) -> pl.Series:
    types = {each.dtype for each in parts if each.null_count() < len(each)}
    if len(types) == 1:
        (type,) = types
    elif types and all(each.is_numeric() for each in types):
        type = pl.Float64()
    else:
        type = pl.String()
    return pl.concat([each.cast(type) for each in parts])


def years_as_texts(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Dates of which CSV holds the years only."""
    return frame.with_columns(frame[name].cast(pl.String) for name in names if frame[name].dtype.is_integer())


def lists_in(frame: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """The rows with lists where items are sets or events; a year alone (2026) is a date in part, and no number."""
    items = protocol.items
    dated = [name for name in frame.columns if name in items and items[name].kind in ("date", "time", "event")]
    frame = years_as_texts(frame, dated)
    return frame.with_columns(
        listed(frame[name], protocol.items[name])
        for name in frame.columns
        if name in protocol.items and frame[name].dtype == pl.String
    )


def _refuse_ragged(path: Path) -> None:
    """Every row has as many cells as the header. Polars would fill up a shorter one."""
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise PopulationError(f"{path}: this file is empty or cannot be read ({error})") from None
    if bytes(data[:2]) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise PopulationError(f"{path}: the text is UTF-16; save the file as UTF-8 (CSV UTF-8)")
    if (data == ord('"')).any():
        problem = _told_by_line(path)
        if problem:
            raise PopulationError(problem)
        return
    ends = np.flatnonzero(data == ord("\n"))
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    _refuse_header(path, bytes(data[: ends[0]]).decode("utf-8-sig", "replace").strip().split(","))
    commas = np.flatnonzero(data == ord(","))
    counts = np.diff(np.searchsorted(commas, ends), prepend=0)
    lengths = np.diff(ends, prepend=-1) - 1
    filled = (lengths > 1) | ((lengths == 1) & (data[np.maximum(ends - 1, 0)] != ord("\r")))
    ragged = np.flatnonzero(filled & (counts != counts[0]))
    if len(ragged):
        line = int(ragged[0])
        raise PopulationError(
            f"{path}, line {line + 1}: this row has {counts[line] + 1} cells, the header {counts[0] + 1}"
        )


def _refuse_header(path: Path, header: list[str]) -> None:
    other = next((name for sign, name in SEPARATORS.items() if len(header) == 1 and sign in header[0]), None)
    if other:
        raise PopulationError(f"{path}: the cells are separated by {other}; save the file with commas (CSV UTF-8)")
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise PopulationError(f"{path}: the column `{doubled[0]}` is there twice")


def problem_of(path: Path, error: Exception) -> str:
    """What is wrong with a CSV file that cannot be read, with the line where it can be told."""
    return _told_by_line(path) or f"{path}: this CSV file cannot be read; {' '.join(str(error).split())[:160]}"


def _told_by_line(path: Path) -> str:
    """What is wrong with a CSV file, looked at line by line; empty where nothing is."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as held:
            rows = csv.reader(held, strict=True)
            header = next(rows, [])
            _refuse_header(path, header)
            for row in rows:
                if row and len(row) != len(header):
                    return f"{path}, line {rows.line_num}: this row has {len(row)} cells, the header {len(header)}"
    except UnicodeDecodeError as wrong:
        line = path.read_bytes()[: wrong.start].count(b"\n") + 1
        return f"{path}, line {line}: the text is not UTF-8; save the file as UTF-8"
    except (csv.Error, OSError) as wrong:
        return f"{path}: {wrong}"
    return ""


def listed(column: pl.Series, item: Item) -> pl.Series:
    """A column of texts as lists, for sets and events."""
    if item.kind == "several of" and "none" not in item.option_names:
        return _split(column)
    if item.kind != "event":
        return column
    written = column.str.strip_chars()
    if not written.str.contains(r"^[\[{]").any():
        return _split(column)
    return occurrence_lists(column, item)


def occurrence_lists(column: pl.Series, item: Item) -> pl.Series:
    """The same, events always as structs."""
    if item.kind != "event":
        return listed(column, item)
    held = [_occurrences(each, item) for each in column.str.strip_chars()]
    return _as_lists(column.name, held, occurrence_type(item))


def _as_lists(name: str, held: list[list[dict[str, Any]] | None], type: pl.Struct) -> pl.Series:
    """Lists of structs, made of flat columns: Polars takes long over nested Python objects."""
    unknown = np.array([each is None for each in held], dtype=bool)
    lengths = np.array([len(each or ()) for each in held], dtype=np.int64)
    rows = [row for each in held for row in each or ()]
    fields = {part.name: pl.Series([row.get(part.name) for row in rows], dtype=part.dtype) for part in type.fields}
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64(), mask=np.append(unknown, False))
    lists = pa.LargeListArray.from_arrays(offsets, pl.DataFrame(fields).to_struct().to_arrow())
    made = pl.from_arrow(lists)
    assert isinstance(made, pl.Series)
    return made.cast(pl.List(type)).alias(name)


def _split(column: pl.Series) -> pl.Series:
    """Texts separated by `;`; `none` and `no` are none."""
    parts = column.str.strip_chars().str.split(";").list.eval(pl.element().str.strip_chars())
    nothing = column.str.strip_chars().is_in(["none", "no"])
    empty = pl.Series([[]], dtype=pl.List(pl.String))
    return pl.select(pl.when(nothing).then(pl.lit(empty)).otherwise(pl.lit(parts)).alias(column.name)).to_series()


def _occurrences(text: str | None, item: Item) -> list[dict[str, Any]] | None:
    if text is None:
        return None
    if text in ("none", "no"):
        return []
    held: Any = [{"date": each.strip()} for each in text.split(";")]
    if text[:1] in "[{":
        try:
            held = json.loads(text)
        except ValueError:
            raise PopulationError(f"the column `{item.name}`: {text[:40]} is no JSON") from None
    return [_occurrence(each) for each in (held if isinstance(held, list) else [held])]


def _occurrence(value: Any) -> dict[str, Any]:
    """All as texts, which the reader of the column looks at."""
    held = value if isinstance(value, Mapping) else {"date": value}
    return {key: each if each is None or isinstance(each, bool) else str(each) for key, each in held.items()}


def occurrence_type(item: Item) -> pl.Struct:
    """The struct that holds an occurrence of an event, its parts as texts."""
    fields: dict[str, Any] = {"date": pl.String}
    if item.course:
        fields["until"] = pl.String
    for attribute in item.attributes:
        fields[attribute.name] = pl.Boolean if attribute.kind == "truth" else pl.String
        if attribute.name == "value" and attribute.kind in MEASURED:
            fields["unit"] = pl.String
    return pl.Struct(fields)


def flat(name: str, type: Dtype) -> pl.Expr:
    """A column as CSV holds it."""
    column = pl.col(name)
    if not isinstance(type, pl.List):
        return column
    filled = column.list.len() > 0
    text = column.map_batches(_texts, return_dtype=pl.String)
    return pl.when(filled).then(text).when(column.is_not_null()).then(pl.lit("none")).alias(name)


def _texts(lists: pl.Series) -> pl.Series:
    """Plain values separated by `;`, occurrences with attributes or without a date as JSON."""
    return pl.Series([None if held is None else _text(held.to_list()) for held in lists], dtype=pl.String)


def _text(held: list[Any]) -> str:
    if all(each is not None and not isinstance(each, Mapping) for each in held):
        return ";".join(map(str, held))
    parts = [each if isinstance(each, Mapping) else {"date": each} for each in held]
    known = [{key: each for key, each in one.items() if each is not None} for one in parts]
    return json.dumps([each or {"date": None} for each in known], default=str)
