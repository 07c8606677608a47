"""A whole population through the rules: batches are read, decided by several threads, and handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from .evaluating import Evaluated, PopulationEvaluator
from .sources import Partition

WORKERS = 2  # Polars uses all cores for each batch; a second one fills the gaps between


def decided(
    evaluators: Sequence[PopulationEvaluator], partition: Partition, columns: list[str], skip: int = 0
) -> Iterator[list[Evaluated]]:
    """The batches of a partition, decided by each evaluator, in their order; without its first patients, where some are
    to be skipped."""
    if partition.rows is not None and partition.rows <= skip:
        return
    waiting: deque[Future[list[Evaluated]]] = deque()

    def run(raw: pl.DataFrame, first: int) -> list[Evaluated]:
        return [each.run(raw, first) for each in evaluators]

    row = partition.first_row
    with ThreadPoolExecutor(WORKERS) as pool:
        for raw in partition.read(columns):
            if skip > 0:
                row += min(skip, raw.height)
                skip, raw = skip - raw.height, raw[skip:]
                if not raw.height:
                    continue
            waiting.append(pool.submit(run, raw, row))
            row += raw.height
            while len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
