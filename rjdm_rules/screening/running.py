"""A whole population through the rules: batches are read, decided by several threads, and handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from .evaluating import Evaluated, PopulationEvaluator
from .sources import Partition

WORKERS = 2  # Polars uses all cores for each batch; a second one fills the gaps between


def decided(
    evaluator: PopulationEvaluator, partition: Partition, columns: list[str], skip: int = 0
) -> Iterator[Evaluated]:
    """The batches of a partition, decided, in their order; without its first patients, where some are to be skipped."""
    if partition.rows is not None and partition.rows <= skip:
        return
    waiting: deque[Future[Evaluated]] = deque()
    row = partition.first_row
    with ThreadPoolExecutor(WORKERS) as pool:
        for raw in partition.read(columns):
            if skip > 0:
                row += min(skip, raw.height)
                skip, raw = skip - raw.height, raw[skip:]
                if not raw.height:
                    continue
            waiting.append(pool.submit(evaluator.run, raw, row))
            row += raw.height
            while len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
