"""What is asked of a screening beside verdicts, from texts as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..protocol.model import Protocol
from .curves import read_curve
from .grouping import read_grouping
from .what_if import read_what_if


def asked(
    protocol: Protocol, what_if: Sequence[str] = (), curves: Sequence[str] = (), by: Sequence[str] = ()
) -> dict[str, Any]:
    """The arguments of a Screening for what-ifs, curves over thresholds and groups. Raises PopulationError."""
    return {
        "what_if": tuple(read_what_if(each, protocol) for each in what_if),
        "curves": tuple(read_curve(each, protocol) for each in curves),
        "by": tuple(map(read_grouping, by)),
    }
