"""How fast a population is: RJDM from Parquet to Parquet against the same work written by hand in Polars.

    python benchmarks/population.py [PATIENTS]

For made-up patients of the RJDM protocol (one million, unless another number is given): the time of the yardstick
(`by_hand.py`, streaming), that of `rjdm screen` for the same work and with deciding facts and all counts, the ratios,
the time of each part of it, the summary alone against one scan that reads and counts all columns; then the command in a
process of its own, start included, with its peak of memory.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import by_hand
import polars as pl

from rjdm_rules import load
from rjdm_rules.screening.screen import Screening
from rjdm_rules.screening.sources import opened
from rjdm_rules.screening.synthesizing import write_population

ROUNDS = 2


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def show(what: str, seconds: float, patients: int, than: float | None = None) -> None:
    ratio = f"{seconds / than:8.2f} ×" if than else ""
    print(f"{what:44} {seconds:8.2f} s {patients / seconds / 1e6:8.2f} M/s {seconds / patients * 1e9:7.0f} ns{ratio}")


def by_hand_to(path: Path, target: Path) -> None:
    by_hand.screened(pl.scan_parquet(path)).sink_parquet(target, compression="zstd", row_group_size=250_000)


def main(patients: int) -> None:
    rules = load("rjdm_cart")
    evaluator = rules.evaluator()
    with tempfile.TemporaryDirectory() as folder:
        people = Path(folder) / "people.parquet"
        made = timed(lambda: write_population(rules.graph, patients, 1, people))
        show(f"making {patients:,} patients", made, patients)

        def screening(whole: bool = True) -> Screening:
            return Screening(evaluator, opened(people, rules.model), counts=whole, facts=whole)

        def counted() -> None:
            for _ in screening().batches():
                pass

        def read() -> None:
            for partition in opened(people, rules.model).partitions:
                for _ in partition.read(columns):
                    pass

        def conditions() -> None:
            for _ in screening().engine.batches(0):
                pass

        scan = pl.scan_parquet(people)
        columns = screening().engine.match.used
        hand = [timed(lambda: by_hand_to(people, Path(folder) / "hand.parquet")) for _ in range(ROUNDS)]
        same = [timed(lambda: screening(False).write(Path(folder) / "out")) for _ in range(ROUNDS)]
        ours = [timed(lambda: screening().write(Path(folder) / "out")) for _ in range(ROUNDS)]
        hand += [timed(lambda: by_hand_to(people, Path(folder) / "hand.parquet"))]
        show("by hand in Polars, Parquet to Parquet", min(hand), patients)
        show("rjdm screen, the same: verdict and outcomes", min(same), patients, min(hand))
        show("rjdm screen, with facts, counts, summary", min(ours), patients, min(hand))
        reading = min(timed(read) for _ in range(ROUNDS))
        deciding = min(timed(conditions) for _ in range(ROUNDS))
        counting = min(timed(counted) for _ in range(ROUNDS))
        show("  reading alone", reading, patients)
        show("  reading and deciding", deciding, patients)
        show("  reading, deciding and counting (summary)", counting, patients)
        nulls = min(
            timed(lambda: scan.select(pl.all().null_count()).collect(engine="streaming")) for _ in range(ROUNDS)
        )
        show("one scan that reads and counts all columns", nulls, patients)
        peaks: list[float] = []
        alone = timed(lambda: peaks.append(command(people, Path(folder) / "alone")))
        show("the command, start included", alone, patients)
        print(f"its peak of memory: {peaks[0]:.2f} GiB")


def command(people: Path, folder: Path) -> float:
    """Runs the command; its peak of memory in GiB, as the system tells of the process itself."""
    script = (
        "import atexit, sys; from rjdm_rules.cli import main; sys.argv[0] = 'rjdm';"
        "atexit.register(lambda: print(open('/proc/self/status').read(), file=sys.stderr)); main()"
    )
    arguments = [sys.executable, "-c", script, "screen", "rjdm_cart", str(people), "-o", str(folder)]
    said = subprocess.run(arguments, check=True, capture_output=True, text=True).stderr
    line = next(each for each in said.splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) / 1024**2


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
