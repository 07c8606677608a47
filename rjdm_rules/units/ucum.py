"""Units in the codes of UCUM (The Unified Code for Units of Measure, ucum.org), for other programs."""

from __future__ import annotations

import re

from .table import EVERYDAY

# what is counted is an annotation in UCUM: {points}
COUNTED = {
    "points": "{points}",
    "cells": "{cells}",
    "copies": "{copies}",
    "1.73m2": "{1.73_m2}",
    "[pack_yr]": "{pack_yr}",
}
_PIECE = re.compile(r"1\.73_?m[2²]|\{[^{}]*\}|[^./·()]+|[./·()]")


def ucum_code(unit: str) -> str:
    """The UCUM code of a unit as rules write it: `a` for `years`, `mm[Hg]` for `mmHg`, `mL/min/{1.73_m2}`."""
    if not unit:
        return "1"
    written = unit.replace(" ", "")
    return "".join(_piece(each) for each in _PIECE.findall(EVERYDAY.get(written, written))).replace("·", ".")


def _piece(piece: str) -> str:
    name = EVERYDAY.get(piece, piece)
    if re.fullmatch(r"1\.73_?m[2²]|\{1\.73_?m[2²]\}", name):
        return COUNTED["1.73m2"]
    return COUNTED.get(name, name.replace("µ", "u").replace("μ", "u").replace("²", "2").replace("³", "3"))
