"""The ids of a population's patients: texts or whole numbers, one for each row."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from ..evaluation.problems import CONTROL, shown
from .matching import PopulationError
from .sources import type_words

TEXTS = (pl.String, pl.Categorical)
SPACE, LAST = 0x20, 0x7E  # the first and last sign of ASCII that can be seen
SEEN_NOT = CONTROL.pattern.replace("\ud800-\udfff", "")  # Polars has no halves of signs


def check_id_type(type: Any) -> None:
    """Raises PopulationError for ids of a kind that no record has."""
    if not (type in TEXTS or isinstance(type, pl.Enum) or type.is_integer() or type == pl.Null):
        held = "numbers with decimals" if type.is_float() or type.is_decimal() else type_words(type)
        raise PopulationError(f"the column `id` holds {held}; write ids as texts or as whole numbers")


def check_ids(ids: pl.Series, first_row: int) -> None:
    """Raises PopulationError for a row without an id, or with one that holds signs that cannot be seen."""
    missing = ids.is_null()
    if ids.dtype == pl.String:
        missing |= ids.str.len_bytes() == 0
    if missing.any():
        row = missing.arg_true()[0]
        several = f" (and {missing.sum() - 1} more)" if missing.sum() > 1 else ""
        raise PopulationError(f"row {first_row + row + 1}{several} has no id; every patient needs one")
    if ids.dtype == pl.String and not _plain(ids):
        strange = ids.str.contains(SEEN_NOT)
        if strange.any():
            row = strange.arg_true()[0]
            held = shown(ids[row])
            raise PopulationError(
                f"row {first_row + row + 1}: the id {held} holds signs that cannot be seen; take them out"
            )


def _plain(ids: pl.Series) -> bool:
    """Whether texts are of usual signs only: quickly told from all their bytes."""
    data = ids.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
    signs = np.frombuffer(data or b"", dtype=np.uint8)
    return not len(signs) or (int(signs.min()) >= SPACE and int(signs.max()) <= LAST)
