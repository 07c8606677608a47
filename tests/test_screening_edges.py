"""Screening where columns are at their limits: ends that are not there, values that come from elsewhere, long chains,
rows that cannot be used. All held against the evaluator for one patient."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from test_screening import screened

from rjdm_rules import Protocol, loads
from rjdm_rules.screening.evaluating import PopulationEvaluator
from rjdm_rules.screening.matching import PopulationError, matched


def rules(data: str, *conditions: str, define: str = "") -> Protocol:
    criteria = "".join(f'  ({n}) c{n} "c{n}"\n      {condition}\n' for n, condition in enumerate(conditions, 1))
    return loads(f'protocol P "p"\ndata\n{data}{define}\ninclusion\n  ALL((1)..({len(conditions)}))\n{criteria}')


# ---- courses that still run

DATA = """  s "start of treatment" date
  len "length" in days
  e "steroids" event until date
  f "biologics" event until date
"""
COURSES: list[Any] = [
    [("2020-01-01", "ongoing")], [(None, "ongoing")], [("2020-01-01", "2020-02-01")], [("2020-01-01", None)],
    [(None, None)], [("2020-01", "ongoing")], [], None, [("2020-01-01", "ongoing"), ("2020-01-01", "2020-02-01")],
    [("2020-01-01", "ongoing"), ("2020-01-01", None)],
]  # fmt: skip
UNTIL = "until OF LATEST(e)"
RUNNING = [
    *(f"{UNTIL} {operator} {other}" for operator in ("=", "≠", "<", "≥") for other in ("s", "until OF LATEST(f)", UNTIL)),
    f"{UNTIL} + 1 month > s", f"{UNTIL} − 1 week = until OF LATEST(f)", f"{UNTIL} + len > s", f"({UNTIL}) IS KNOWN",
    f"MONTHS FROM s TO {UNTIL} ≥ 2 months", f"DAYS FROM {UNTIL} TO until OF LATEST(f) = 0 days",
    f"MAX({UNTIL}, s) > 2020-06-01", f"MIN({UNTIL}, until OF LATEST(f)) < 2020-06-01", f"s BETWEEN 2019-01-01 AND {UNTIL}",
    *(f"{what} {window}" for what in ("f", "e", "until OF LATEST(f)") for window in (
        f"AFTER {UNTIL}", f"WITHIN 1 month AFTER {UNTIL}", f"WITHIN 30 days BEFORE {UNTIL}", f"AT LEAST len AFTER {UNTIL}",
        "AT LEAST len AFTER s", "MORE THAN len BEFORE s", f"LESS THAN len AFTER ({UNTIL} − 1 month)", "AT LEAST 1 month AFTER s",
    )),
]  # fmt: skip


def test_courses_that_still_run() -> None:
    kind = pl.List(pl.Struct({"date": pl.String, "until": pl.String}))

    def column(courses: Any) -> pl.Series:
        rows = [
            None if each is None else [dict(zip(("date", "until"), one, strict=True)) for one in each]
            for each in courses
        ]
        return pl.Series(rows, dtype=kind)

    es, fs, ss, lengths = zip(*product(COURSES, COURSES, ["2020-03-01", "2020", None], [5.0, None]), strict=True)
    frame = pl.DataFrame({"id": range(len(es)), "s": ss, "len": lengths, "e": column(es), "f": column(fs)})
    for start in range(0, len(RUNNING), 8):
        screened(rules(DATA, *RUNNING[start : start + 8]), frame)


def test_usual_courses_are_decided_in_columns() -> None:
    """A course that runs beside dates that are known is nothing unusual."""
    courses = [[{"date": "2020-01-01", "until": "ongoing"}], [{"date": "2020-01-01", "until": "2020-02-01"}]] * 5
    frame = pl.DataFrame({"id": range(10), "s": ["2020-03-01"] * 10, "e": courses})
    found = screened(rules(DATA, "e WITHIN 1 month BEFORE s", "e AFTER s", "until OF LATEST(e) > s"), frame)
    assert found.one_by_one == 0


# ---- values that come from elsewhere


def test_the_limit_of_a_value_that_follows_from_another() -> None:
    data = """  k "creatinine" in mg/dL with ULN
      otherwise m
      molar mass 113.12 g/mol
  m "creatinine before" in mg/dL with ULN
      molar mass 113.12 g/mol
  c "calculated" in mg/dL with ULN
      otherwise m / 2
"""
    held = [None, 3.0, 200.0]
    columns = dict(
        zip(
            ("k", "k_uln", "k_unit", "m", "m_uln"),
            zip(*product(held, [None, 1.0, 90.0], ["umol/L", None], held, [None, 2.0]), strict=True),
            strict=True,
        )
    )
    frame = pl.DataFrame({"id": range(len(columns["k"])), **columns, "c_uln": columns["m_uln"]}, strict=False)
    screened(rules(data, "k > 2 × ULN", "ULN OF k > 1 mg/dL", "c > 1.5 × ULN"), frame)
    screened(rules(data, "k > 2 × ULN"), frame.drop("k", "k_uln", "k_unit"))


def test_repeated_values_have_the_molar_mass_of_their_item() -> None:
    data = '  r "r" repeated in mg/dL\n      molar mass 113.12 g/mol\n'
    units = [
        [{"date": "2026-01-01", "value": value, "unit": unit}]
        for value, unit in ((1.0, None), (100.0, "umol/L"), (99.9, "umol/L"))
    ]
    screened(rules(data, "MAX(value OF r) ≥ 100 umol/L"), pl.DataFrame({"id": range(3), "r": units}))


# ---- rows that cannot be used


@pytest.mark.parametrize("type", [pl.Date, pl.Datetime("us")])
def test_dates_beyond_all_calendars(type: Any) -> None:
    factor = 86_400_000_000 if type != pl.Date else 1
    days = pl.Series([4_000_000 * factor, -800_000 * factor, -90_000 * factor, 0], dtype=pl.Int64)
    dates = days.cast(pl.Int32).cast(type) if type == pl.Date else days.cast(type)
    protocol = rules('  d "d" date\n', "d BEFORE 2020-01-01")
    frame = pl.DataFrame({"id": range(4), "d": dates})
    found = PopulationEvaluator(protocol.evaluator(), matched(protocol.model, frame.columns), dict(frame.schema)).run(
        frame
    )
    assert [each.row for each in found.bad] == [1, 2, 3]
    assert "not a date" in found.bad[0].message
    assert found.frame["I1"][3] == "met"


def test_a_bad_row_stays_out_of_what_is_decided_one_by_one() -> None:
    data = '  n "n" in mg/dL\n  m "m" in mg/dL\n      range 0..100\n  b "b" yes/no\n'
    frame = pl.DataFrame(
        {"id": range(3), "n": [1 / 3, 1 / 7, 2.0], "m": [101.0, 1.0, None], "b": [None] * 3},
        schema_overrides={"b": pl.Boolean},
    )
    for conditions in (["n / 3 > m", "b"], ["b", "n / 7 ≥ 1 mg/dL OR b", "m ≥ 0 mg/dL"]):
        screened(rules(data, *conditions), frame)


def test_the_column_at_fault_is_named() -> None:
    protocol = rules('  n "n" in mg/dL with ULN\n', "n ≤ ULN")
    frame = pl.DataFrame(
        {
            "id": range(4),
            "n": [1.0, 1.0, 1.0, float("inf")],
            "n_unit": ["mg/dL", "mgdl", None, None],
            "n_uln": [0.0, 1, 1, 1],
        }
    )
    assert [each.column for each in screened(protocol, frame).bad] == ["n_uln", "n_unit", "n"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", None], "row 2 has no id; every patient needs one"),
        (["", "b"], "row 1 has no id"),
        (["a", "b\x1b[31m"], r'row 2: the id "b\\u001b\[31m" holds signs that cannot be seen; take them out'),
        ([1.5, 2.0], "the column `id` holds numbers with decimals; write ids as texts or as whole numbers"),
        ([True, False], "the column `id` holds yes/no values"),
    ],
)
def test_ids_that_are_none(ids: list[Any], message: str) -> None:
    with pytest.raises(PopulationError, match=message):
        screened(rules('  b "b" yes/no\n', "b"), pl.DataFrame({"id": ids, "b": [True, False]}))


def test_a_field_of_limits_that_are_not_declared_is_refused() -> None:
    frame = pl.DataFrame({"id": [1], "r": [[{"date": "2020-01-01", "value": 1.0, "uln": 2.0}]]})
    with pytest.raises(PopulationError, match="has a field `uln`, which is none of date, value, unit"):
        screened(rules('  r "r" repeated in mg/dL\n', "MAX(value OF r) > 1 mg/dL"), frame)


# ---- numbers of many digits


def test_a_few_endless_decimals_do_not_make_all_rows_slow() -> None:
    """A column of three decimals in which one value has many: that row alone is left to the evaluator for one."""
    data = '  n "n" in mg/dL\n  m "m" in mg/dL\n'
    values = np.round(np.random.default_rng(1).uniform(0, 9, 3000), 3)
    values[17] = 1 / 3
    frame = pl.DataFrame({"id": range(3000), "n": values, "m": values[::-1]})
    assert screened(rules(data, "n × 3 > m + 1 mg/dL"), frame).one_by_one < 5


def test_large_numbers_in_a_later_batch() -> None:
    protocol = rules('  k "k" number\n  j "j" number\n', "k × 1000003 > j × 999999", "k × k > j × j")
    small = pl.DataFrame({"id": ["a", "b"], "k": [1.0, 2.0], "j": [2.0, 1.0]})
    large = pl.DataFrame({"id": ["c", "d"], "k": [1e15, 3e12], "j": [1e15 + 2, 3e12 - 1]})
    evaluator = protocol.evaluator()
    population = PopulationEvaluator(evaluator, matched(protocol.model, small.columns), dict(small.schema))
    population.run(small)
    for row, raw in zip(population.run(large).frame.iter_rows(named=True), large.iter_rows(named=True), strict=True):
        assert {id: row[id] for id in evaluator.ids} == dict(evaluator.evaluate(raw).criteria)


# ---- long chains


@pytest.mark.parametrize("length", [90, 300])
def test_long_chains(length: int) -> None:
    truths = 'define\n  a0 "a" yes/no = b\n' + "".join(
        f'  a{n} "a" yes/no = (NOT a{n - 1}) OR (c AND a{max(0, n - 7)})\n' for n in range(1, length)
    )
    numbers = '  q0 "q" number\n' + "".join(
        f'  q{n} "q" number\n      otherwise q{n - 1} + 1\n' for n in range(1, length)
    )
    data = '  b "b" yes/no\n  c "c" yes/no\n' + numbers
    frame = pl.DataFrame(
        {
            "id": range(9),
            "b": [True, False, None] * 3,
            "c": [True] * 3 + [False] * 3 + [None] * 3,
            "q0": [1.0, None, -50.0] * 3,
        }
    )
    screened(rules(data, f"a{length - 1}", f"q{length - 1} > {length}", define=truths), frame)


def test_a_short_float_that_nobody_reads_is_passed_over() -> None:
    frame = pl.DataFrame({"id": ["a"], "n1": [3.0], "x": pl.Series([1.0], dtype=pl.Float32)})
    rules = loads('protocol S "s"\ndata\n  n1 "n" in mg/dL\ninclusion\n  (1) "one"\n      n1 > 1 mg/dL\n')
    assert rules.screen(frame, allow_extra=True).frame()["verdict"].to_list() == ["eligible"]
