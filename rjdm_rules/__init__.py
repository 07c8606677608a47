"""Clinical-trial eligibility criteria as one readable file that runs, explains itself and draws itself.

import rjdm_rules

protocol = rjdm_rules.load("rjdm_cart")
protocol.evaluate({"id": "P1", "screening": "2026-03-02", "age": 9}).verdict   # 'undetermined'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from .evaluation.problems import RecordError
    from .evaluation.results import Result, UnknownReading
    from .language.diagnostics import Diagnostic, RulesError
    from .loading import Protocol, check, load, loads
    from .protocol.libraries import UnreadableFile

_ROOMS = {
    "Diagnostic": "language.diagnostics",
    "Protocol": "loading",
    "RecordError": "evaluation.problems",
    "Result": "evaluation.results",
    "RulesError": "language.diagnostics",
    "UnknownReading": "evaluation.results",
    "UnreadableFile": "protocol.libraries",
    "check": "loading",
    "load": "loading",
    "loads": "loading",
}


def __getattr__(name: str) -> object:
    """Public names are fetched from their rooms when first used, so that `import rjdm_rules` costs nothing."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'rjdm_rules' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_ROOMS[name]}", __name__), name)


__all__ = [
    "Diagnostic",
    "Protocol",
    "RecordError",
    "Result",
    "RulesError",
    "UnknownReading",
    "UnreadableFile",
    "__version__",
    "check",
    "load",
    "loads",
]
