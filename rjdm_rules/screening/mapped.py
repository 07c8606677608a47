"""A source as a mapping file says: columns renamed, values recoded, and tables of occurrences as list columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from ..language.diagnostics import did_you_mean
from ..protocol.model import Item, Protocol
from .addresses import is_table
from .csv_files import occurrence_lists, read_table, years_as_texts
from .kinds import MEASURED
from .mapping import STANDARD, LongTable, SourceMapping
from .matching import PopulationError
from .sources import Partition, Source, stamp_of

UNKNOWN = "unknown"  # as the value of a recoding: no value


def mapped(source: Source, mapping: SourceMapping, protocol: Protocol) -> Source:
    """The source with the names and values of the protocol. Raises PopulationError."""
    for column in (mapping.id, *mapping.columns.values()):
        if column not in source.schema:
            help = did_you_mean(column, source.schema)
            raise PopulationError(f"{source.name}: there is no column `{column}`" + (f"; {help}" if help else ""))
    taken = {mapping.id, *mapping.columns.values()}
    kept = {name: name for name in source.schema if name not in taken and name not in mapping.columns}
    names = {"id": mapping.id, **kept, **mapping.columns}
    expressions = {
        name: _recoded(name, column, source.schema[column], mapping, protocol) for name, column in names.items()
    }
    expressions.update({name: pl.lit(_constant(value)) for name, value in mapping.constants.items()})
    several = ("several of", "event")
    sets = [name for name in expressions if name in protocol.items and protocol.items[name].kind in several]
    ids = _ids(source, mapping.id) if mapping.tables else None
    lists, notes = lists_of(mapping.tables, protocol, source.schema[mapping.id], ids)
    for column in (column for held, _ in lists.values() for column in held.columns[1:]):
        if column in expressions:
            raise PopulationError(f"{source.name}: `{column}` is a column and stands in a table of its own; which one?")

    def tidy(raw: pl.DataFrame) -> pl.DataFrame:
        frame = raw.select(expression.alias(name) for name, expression in expressions.items())
        frame = frame.with_columns(
            occurrence_lists(frame[name], protocol.items[name]) for name in sets if frame[name].dtype == pl.String
        )
        for name, (held, complete) in lists.items():
            frame = frame.join(held, on="id", how="left", maintain_order="left")
            if complete:
                nothing = pl.lit(pl.Series([[]], dtype=held.schema[name]))
                frame = frame.with_columns(pl.col(name).fill_null(nothing))
        return frame

    schema = tidy(pl.DataFrame(schema=dict(source.schema))).schema
    wanted = list(names.values())
    partitions = [replace(each, read=_reading(each, tidy, wanted)) for each in source.partitions]
    stamps = [source.stamp, *(_stamp(table.file) for table in mapping.tables)]
    stamp = None if None in stamps else f"{stamps} {mapping}"
    return replace(source, schema=dict(schema), partitions=tuple(partitions), stamp=stamp, notes=tuple(notes))


def _ids(source: Source, name: str) -> pl.Series:
    frames = [frame for partition in source.partitions for frame in partition.read([name])]
    return pl.concat(frames)[name] if frames else pl.Series(name, [], dtype=source.schema[name])


def _stamp(where: str) -> str | None:
    """Tells whether a table is still the same; None where it cannot be told."""
    if not is_table(where):
        return stamp_of(Path(where))
    from .database_tables import table_at

    return table_at(where).stamp


def _reading(
    partition: Partition, tidy: Callable[[pl.DataFrame], pl.DataFrame], wanted: Sequence[str]
) -> Callable[[Sequence[str]], Iterator[pl.DataFrame]]:
    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for raw in partition.read(list(dict.fromkeys(wanted))):
            yield tidy(raw).select(list(columns))

    return read


def _recoded(name: str, column: str, type: Any, mapping: SourceMapping, protocol: Protocol) -> pl.Expr:
    """A column with its values as the protocol says them; values that are not recoded stay."""
    codes = mapping.values.get(name)
    if not codes:
        return pl.col(column)
    if isinstance(type, pl.List):
        return pl.col(column).cast(pl.List(pl.String)).list.eval(pl.element().replace(dict(codes)))
    item = protocol.items.get(name)
    option = item is not None and UNKNOWN in item.option_names
    gone = [code for code, value in codes.items() if value == UNKNOWN and not option]
    rest = {code: value for code, value in codes.items() if code not in gone}
    column_, text = pl.col(column), pl.col(column).cast(pl.String)
    if type.is_numeric():  # 9 and 9.0 are one code
        column_ = column_.cast(pl.Float64)
        there = ~column_.is_in(_numbers(gone))
        numbers = {number: rest[code] for code in rest for number in _numbers([code])}
        recoded = column_.replace_strict(numbers, default=text, return_dtype=pl.String)
        return pl.when(there).then(recoded if numbers else pl.col(column))
    return pl.when(~text.is_in(gone)).then(text.replace(rest) if rest else pl.col(column))


def _numbers(codes: Iterable[str]) -> list[float]:
    """The codes that are numbers."""
    found = []
    for code in codes:
        with suppress(ValueError):
            found.append(float(code))
    return found


def _constant(value: Any) -> Any:
    return pl.Series([value]) if isinstance(value, list) else value


# ---- tables of occurrences


def lists_of(
    tables: Sequence[LongTable], protocol: Protocol, id_type: Any, ids: pl.Series | None
) -> tuple[dict[str, tuple[pl.DataFrame, bool]], list[str]]:
    """For each item in the tables a frame of `id` and the item's column, and whether patients without a row never had
    one; and notes on what was passed over: rows of nobody among `ids`, and codes that do not occur."""
    found: dict[str, tuple[pl.DataFrame, bool]] = {}
    notes: list[str] = []
    for table in tables:
        rows = _rows(table, id_type)
        _refuse_strange(table, rows, protocol)
        notes += _passed_over(table, rows, ids)
        for name in _items_in(table, rows, protocol):
            if name in found:
                raise PopulationError(f"{table}: `{name}` stands in another table too")
            own = rows if table.only else rows.filter(pl.col("item") == name)
            found[name] = _column(table, protocol.items[name], own), name in table.absent
    return found, notes


def _passed_over(table: LongTable, rows: pl.DataFrame, ids: pl.Series | None) -> Iterator[str]:
    if ids is not None:
        strangers = rows.height - int(rows["id"].is_in(ids.implode()).sum())
        if strangers:
            yield f"{table}: {strangers:,} of {rows.height:,} rows are of nobody in the population"
    if table.only is None and table.items:
        there = set(rows["#code"].drop_nulls().unique().to_list())
        missing = [code for code in table.items if code not in there]
        if missing:
            yield f"{table}: of the codes in [tables.items] these do not occur: {', '.join(missing)}"
        others = int((~rows["#code"].is_in(list(table.items))).sum())
        if others:
            yield f"{table}: {others:,} of {rows.height:,} rows have codes that are not in [tables.items]"


def _rows(table: LongTable, id_type: Any) -> pl.DataFrame:
    frame = _table(table.file)
    names = {part: column for part, column in table.columns.items() if column in frame.columns}
    needed = ["patient"] if table.only else ["patient", "item"]
    for part in (*needed, *(table.named or ())):
        if part not in names:
            help = did_you_mean(table.columns[part], frame.columns)
            raise PopulationError(
                f"{table}: there is no column `{table.columns[part]}` for {part}" + (f"; {help}" if help else "")
            )
    renamed = frame.select(pl.col(column).alias("id" if part == "patient" else part) for part, column in names.items())
    rest = [column for column in frame.columns if column not in names.values() and column not in renamed.columns]
    if table.file.lower().endswith(".csv"):
        renamed = years_as_texts(renamed, [part for part in ("date", "until") if part in renamed.columns])
    rows = renamed.with_columns(frame[column] for column in rest).with_columns(pl.col("id").cast(id_type))
    if table.only is None and table.items:
        code = pl.col("item").cast(pl.String)
        rows = rows.with_columns(code.replace(dict(table.items)), code.alias("#code"))
    return rows


def _table(where: str) -> pl.DataFrame:
    if not is_table(where):
        return read_table(Path(where))
    from .database_tables import read_rows

    return read_rows(where)


def _items_in(table: LongTable, rows: pl.DataFrame, protocol: Protocol) -> list[str]:
    if table.only:
        return [table.only]
    names = sorted(str(each) for each in rows["item"].drop_nulls().unique().to_list())
    wanted = set(table.items.values())
    strange = [] if wanted else [name for name in names if name not in protocol.items]
    if strange:
        help = did_you_mean(strange[0], protocol.items) or "say in [tables.items] which item each code is"
        raise PopulationError(f"{table}: `{strange[0]}` is no item of this protocol; {help}")
    there = [name for name in names if name in (wanted or protocol.items)]
    return sorted({*there, *table.absent, *(wanted & set(protocol.items))})


def _refuse_strange(table: LongTable, rows: pl.DataFrame, protocol: Protocol) -> None:
    """In a table with the usual columns, a column that is no part of any item is a slip."""
    if table.named is not None:
        return
    parts = {"id", "item", *STANDARD, "uln", "lln"}
    parts |= {each.name for item in protocol.items.values() for each in item.attributes}
    for name in rows.columns:
        if name not in parts:
            help = did_you_mean(name, parts) or "leave it out, or say in a mapping file what it is"
            raise PopulationError(f"{table}: the column `{name}` is no part of an occurrence; {help}")


def _column(table: LongTable, item: Item, rows: pl.DataFrame) -> pl.DataFrame:
    """An event as a list of structs for each patient; another item as its only value, with its unit and limits."""
    if item.kind == "event":
        known = {"date", *(["until"] if item.course else []), *(each.name for each in item.attributes)}
        if item.attribute("value"):
            known |= {"unit", "uln", "lln"}
        fields = [name for name in rows.columns if name in known]
        if not fields:
            raise PopulationError(f"{table}: no column says when `{item.name}` was")
        listed_rows: pl.DataFrame = rows.group_by("id", maintain_order=True).agg(pl.struct(fields).alias(item.name))
        return listed_rows
    if "value" not in rows.columns:
        raise PopulationError(f"{table}: there is no column `value` for `{item.name}`")
    several = rows.filter(pl.col("id").is_duplicated())
    if several.height:
        raise PopulationError(
            f"{table}: {several['id'][0]} has several values of `{item.name}`, which is no repeated measurement"
        )
    beside = [part for part in ("unit", "uln", "lln") if part in rows.columns] if item.kind in MEASURED else []
    own = [pl.col(part).alias(f"{item.name}_{part}") for part in beside if part not in _without_limits(item)]
    return rows.select("id", pl.col("value").alias(item.name), *own)


def _without_limits(item: Item) -> set[str]:
    """The limits of normal that an item does not have."""
    return {"uln", "lln"} - {limit.lower() for limit in item.limits}


def long_table(where: str) -> LongTable:
    """A file or table of a database with the usual columns: patient, item, date, value, unit, until, and attributes by
    name."""
    return LongTable(where, STANDARD)
