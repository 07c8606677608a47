"""How a summary is read: by the command, which prints it, and by the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DIFFERENT = 0.05  # a false discovery rate below which a difference is pointed at


def by_part(verdicts: Mapping[str, Any]) -> list[tuple[str, Mapping[str, int]]]:
    """The verdicts of each part by its name; of a protocol without parts under an empty one."""
    if all(isinstance(each, Mapping) for each in verdicts.values()):
        return list(verdicts.items())
    return [("", verdicts)]


def different(grouping: Mapping[str, Any]) -> list[str]:
    """The criteria in which the groups of a grouping differ."""
    adjusted = {id: each["q"] for id, each in grouping["differences"].items()}
    return [id for id, q in adjusted.items() if q is not None and q < DIFFERENT]
