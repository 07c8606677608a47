"""A whole population through the rules: batches are read, decided by several threads, and handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from .evaluating import Evaluated, PopulationEvaluator
from .sources import Partition

WORKERS = 2  # Polars uses all cores for each batch; a second one fills the gaps between


def decided(evaluator: PopulationEvaluator, partition: Partition, columns: list[str]) -> Iterator[Evaluated]:
    """The batches of a partition, decided, in their order."""
    waiting: deque[Future[Evaluated]] = deque()
    row = partition.first_row
    with ThreadPoolExecutor(WORKERS) as pool:
        for raw in partition.read(columns):
            waiting.append(pool.submit(evaluator.run, raw, row))
            row += raw.height
            while len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


