"""A population with its mapping file and its tables of occurrences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..protocol.model import Protocol
from .database_tables import is_table, opened_table
from .mapped import long_table, mapped
from .mapping import SourceMapping, read_mapping
from .sources import Source, source_of


def population_of(
    population: Any, protocol: Protocol, mapping: Path | None = None, longs: Sequence[str | Path] = ()
) -> Source:
    """The population of a path, a table of a database or a frame, as a mapping file says, with further tables in
    `longs`. Raises PopulationError."""
    table = isinstance(population, str) and is_table(population)
    source = opened_table(population, protocol) if table else source_of(population, protocol)
    if mapping is None and not longs:
        return source
    held = read_mapping(mapping, protocol) if mapping is not None else SourceMapping()
    held = replace(held, tables=(*held.tables, *(long_table(str(each)) for each in longs)))
    return mapped(source, held, protocol)
