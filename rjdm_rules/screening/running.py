"""A whole population through the rules: batches are read, decided by several threads, and handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from .evaluating import Evaluated, PopulationEvaluator
from .sources import Partition

WORKERS = 2  # Polars uses all cores for each batch; a second one fills the gaps between
AHEAD = 2  # batches read while others are decided, so that the start of a partition keeps nobody waiting


def decided(
    evaluator: PopulationEvaluator, partitions: Sequence[Partition], columns: list[str], skip: int = 0
) -> Iterator[Evaluated]:
    """The batches of all partitions, decided, in their order; without the first patients, where some are to be
    skipped."""
    waiting: deque[Future[Evaluated]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for raw, row in read(partitions, columns, skip):
            waiting.append(pool.submit(evaluator.run, raw, row))
            while len(waiting) > WORKERS + AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def read(partitions: Sequence[Partition], columns: list[str], skip: int) -> Iterator[tuple[pl.DataFrame, int]]:
    """The batches with the numbers of their first rows, after the first patients."""
    for partition in partitions:
        if partition.rows is not None and partition.rows <= skip:
            skip -= partition.rows
            continue
        row = partition.first_row
        for raw in partition.read(columns):
            left = raw[skip:]
            row += raw.height - left.height
            skip -= raw.height - left.height
            if left.height:
                yield left, row
            row += left.height
