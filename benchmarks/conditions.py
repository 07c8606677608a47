"""How fast the conditions are alone, and what lists of occurrences cost.

    python benchmarks/conditions.py [PATIENTS]

Twice the same work by hand in DuckDB's SQL (on a table of its own), by hand in Polars and by the embedded engine, from
memory to memory (a million patients, unless another number is given): RJDM's verdict and outcomes (`by_hand_sql.py`,
`by_hand.py`), and 19 criteria on 75 plain columns of measured values, of which some lack. Then the same question asked
of plain columns, of lists of dates, of occurrences with attributes and of repeated measurements, from Parquet to
Parquet, with what each costs beside plain columns. Last 100,000 patients from start to report in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial, reduce
from operator import and_
from pathlib import Path

import by_hand
import by_hand_sql
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from rjdm_rules import Protocol, load, loads
from rjdm_rules.screening.screen import Screening
from rjdm_rules.screening.sources import of_frame
from rjdm_rules.screening.synthesizing import write_population

ROUNDS = 3
WINDOWS = range(8)
LENGTHS = (0, 1, 1, 2, 3)  # of lists, in turn at random
HEAD = 'protocol P "lists and columns"\ndata\n  screening "screening" date\n'
DATED = "d{0} WITHIN 6 months BEFORE screening AND v{0} ≤ 50 mg/L"
VALUE = '  v{0} "value {0}" in mg/L\n      range 0..100\n'
KINDS = {
    "plain columns": ('  d{0} "date {0}" date\n' + VALUE, DATED),
    "lists of dates": ('  d{0} "event {0}" event\n' + VALUE, DATED),
    "occurrences with attributes": (
        '  d{0} "event {0}" event\n      load "load" in mg/L\n          range 0..100\n',
        "d{0} WHERE (load ≤ 50 mg/L) WITHIN 6 months BEFORE screening",
    ),
    "repeated measurements": (
        '  d{0} "value {0}" repeated in mg/L\n      range 0..100\n',
        "value OF LATEST(d{0} WITHIN 6 months BEFORE screening) ≤ 50 mg/L",
    ),
}


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def best(function: Callable[[], object]) -> float:
    return min(timed(function) for _ in range(ROUNDS))


def show(what: str, seconds: float, patients: int, ratio: str = "") -> None:
    print(f"{what:52} {seconds:7.2f} s {patients / seconds / 1e6:7.2f} M/s   {ratio}")


def three(
    people: pl.DataFrame, query: str, by_hand: pl.LazyFrame, rules: Protocol
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same work in three ways; what SQL by hand and the engine found."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("held", people.to_arrow())
    connection.execute("CREATE TABLE people AS SELECT * FROM held")
    found: list[pl.DataFrame] = []

    def ours() -> None:
        screening = Screening(rules.evaluator(), of_frame(people), counts=False, facts=False)
        found.append(pl.concat([batch.frame for batch in screening.engine.batches(0)]))

    sql = best(lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS {query}"))
    polars, engine = best(partial(by_hand.collect, engine="streaming")), best(ours)
    show("SQL by hand in DuckDB", sql, people.height)
    show("the same by hand in Polars", polars, people.height, f"{sql / polars:.1f} × as fast as SQL")
    ratios = f"{sql / engine:.1f} × as fast as SQL, {polars / engine:.2f} × as Polars"
    show("the same by the embedded engine", engine, people.height, ratios)
    return pl.DataFrame(connection.execute("FROM found").to_arrow_table()), found[-1]


def apart(a: pl.DataFrame, b: pl.DataFrame, names: Sequence[str]) -> str:
    """Where two results count otherwise who passes."""
    passing = [[int(each[name].cast(pl.String).is_in(["met", "eligible"]).sum()) for name in names] for each in (a, b)]
    differing = [f"{name} {x - y:+}" for name, x, y in zip(names, *passing, strict=True) if x != y]
    return "where SQL by hand counts otherwise: " + (", ".join(differing) or "nowhere")


def in_memory(patients: int, folder: Path) -> None:
    print("RJDM, verdict and outcomes, from memory to memory")
    rules = load("rjdm_cart")
    path = folder / "people.parquet"
    write_population(rules.graph, patients, 1, path)
    people = pl.read_parquet(path)
    found = three(people, by_hand_sql.query("people"), by_hand.screened(people.lazy()), rules)
    print(apart(*found, [*by_hand.ORDER, "verdict"]))


def plain(patients: int) -> None:
    print("75 plain columns, verdict and 19 criteria, from memory to memory")
    random = np.random.default_rng(1)
    names = [f"v{number}" for number in range(75)]
    people = pl.DataFrame({"id": pl.Series(np.arange(patients)).cast(pl.String)}).with_columns(
        pl.Series(name, random.integers(0, 1000, patients) / 10).set(pl.Series(random.random(patients) < 0.05), None)
        for name in names
    )
    criteria = {f"I{number + 1}": names[number::19] for number in range(19)}
    items = "".join(f'  {name} "value" in mg/L\n      range 0..100\n' for name in names)
    texts = [" AND ".join(f"{name} ≤ 90 mg/L" for name in held) for held in criteria.values()]
    numbered = "".join(f'  ({number}) "criterion"\n      {text}\n' for number, text in enumerate(texts, 1))
    rules = loads(f'protocol P "plain columns"\ndata\n{items}inclusion\n{numbered}')

    truths = ", ".join(f"{' AND '.join(f'{name} <= 90' for name in held)} AS {id}" for id, held in criteria.items())
    words = [f"CASE WHEN {id} THEN 'met' WHEN NOT {id} THEN 'not met' ELSE 'unknown' END AS {id}" for id in criteria]
    whole = " AND ".join(criteria)
    verdict = (
        f"CASE WHEN {whole} THEN 'eligible' WHEN NOT ({whole}) THEN 'ineligible' ELSE 'undetermined' END AS verdict"
    )
    query = f"SELECT id, {', '.join(words)}, {verdict} FROM (SELECT id, {truths} FROM people)"

    def worded(truth: pl.Expr, words: Sequence[str]) -> pl.Expr:
        yes, no, open_ = (pl.lit(word, dtype=pl.Enum(words)) for word in words)
        return pl.when(truth).then(yes).when(~truth).then(no).otherwise(open_)

    held = people.lazy().select(
        "id", *(reduce(and_, (pl.col(n) <= 90 for n in v)).alias(k) for k, v in criteria.items())
    )
    by_hand = held.select(
        "id",
        *(worded(pl.col(id), ["met", "not met", "unknown"]).alias(id) for id in criteria),
        worded(reduce(and_, map(pl.col, criteria)), ["eligible", "ineligible", "undetermined"]).alias("verdict"),
    )
    print(apart(*three(people, query, by_hand, rules), [*criteria, "verdict"]))


def people_of(kind: str, patients: int) -> pl.DataFrame:
    """The same dates and values as columns (of the last occurrence), lists of dates, or lists of structs."""
    random = np.random.default_rng(1)
    columns: dict[str, pl.Series] = {
        "id": pl.Series(np.arange(patients)).cast(pl.String),
        "screening": pl.Series(random.integers(20_000, 20_500, patients), dtype=pl.Int32).cast(pl.Date),
    }
    for number in WINDOWS:
        lengths = np.array(LENGTHS)[random.integers(0, len(LENGTHS), patients)]
        days = pl.Series(random.integers(19_600, 20_400, lengths.sum()), dtype=pl.Int32).cast(pl.Date)
        values = pl.Series(random.integers(0, 1000, lengths.sum()) / 10)
        names = {"occurrences with attributes": "load", "repeated measurements": "value"}
        parts = pl.DataFrame({"date": days, names.get(kind, "value"): values}).to_struct()
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
        held = pl.from_arrow(pa.LargeListArray.from_arrays(offsets, parts.to_arrow()))
        assert isinstance(held, pl.Series)
        dates, last = held.list.eval(pl.element().struct.field("date")), held.list.last()
        if kind in names:
            columns[f"d{number}"] = held
            continue
        columns[f"d{number}"] = dates if kind == "lists of dates" else last.struct.field("date")
        columns[f"v{number}"] = last.struct.field("value")
    return pl.DataFrame(columns)


def screened(rules: Protocol, people: Path, folder: Path) -> None:
    rules.screen(people).write(folder)


def lists(patients: int, folder: Path) -> None:
    plain = 0.0
    for kind, (item, condition) in KINDS.items():
        criteria = "".join(f'  ({n + 1}) "criterion {n}"\n      {condition.format(n)}\n' for n in WINDOWS)
        rules = loads(HEAD + "".join(item.format(n) for n in WINDOWS) + "inclusion\n" + criteria)
        path = folder / "lists.parquet"
        people_of(kind, patients).write_parquet(path, row_group_size=250_000)
        seconds = best(partial(screened, rules, path, folder / "out"))
        plain = plain or seconds
        show(f"{len(WINDOWS)} criteria on {kind}", seconds, patients, f"{seconds / plain:.2f} × plain columns")


def start_to_report(folder: Path) -> None:
    people = folder / "few.parquet"
    write_population(load("rjdm_cart").graph, 100_000, 1, people)
    command = [sys.executable, "-c", "from rjdm_rules.cli import main; main()", "screen", "rjdm_cart", str(people)]
    more = ["--by", "sex", "--by", "age: 6, 12", "--curve", "lvef >= 40 to 60 %", "--what-if", "lvef >= 50 %"]
    for what, asked in (("100,000 with report, start included", []), ("with groups, a curve and a what-if", more)):
        arguments = [*command, "-o", str(folder / "few"), *asked]
        show(what, best(partial(subprocess.run, arguments, check=True, capture_output=True)), 100_000)


def main(patients: int) -> None:
    plain(patients)
    with tempfile.TemporaryDirectory() as folder:
        in_memory(patients, Path(folder))
        lists(patients, Path(folder))
        start_to_report(Path(folder))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
