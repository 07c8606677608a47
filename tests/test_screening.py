"""Populations in columns against the evaluator for one patient; what is counted against brute force."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Maker, protocol
from populating import population

from rjdm_rules import Protocol, loads
from rjdm_rules.evaluation.problems import RecordError
from rjdm_rules.evaluation.reference import Reference
from rjdm_rules.evaluation.results import verdict_of
from rjdm_rules.screening import calendar_tables
from rjdm_rules.screening.evaluating import Evaluated, PopulationEvaluator
from rjdm_rules.screening.matching import PopulationError, matched
from rjdm_rules.screening.ratios import least_at
from rjdm_rules.screening.raw_records import record_of
from rjdm_rules.screening.shape import full_shape
from rjdm_rules.screening.tallies import Tally
from rjdm_rules.screening.translate import RuleTranslation
from rjdm_rules.values.calendar import completed_months, completed_years, shifted

PATIENTS = 40


def screened(rules: Protocol, frame: pl.DataFrame, readings: Mapping[str, str] | None = None) -> Evaluated:
    """A frame decided in columns, and every row held against the evaluator for one patient."""
    evaluator = rules.evaluator(readings)
    match = matched(rules.model, frame.columns)
    found = PopulationEvaluator(evaluator, match, dict(frame.schema)).run(frame)
    bad = {each.row - 1 for each in found.bad}
    raws = frame.with_columns(
        cs.by_dtype(pl.Float32, pl.Float16).cast(pl.String).cast(pl.Float64)
    )  # 0.3 is three tenths
    for number, (row, raw) in enumerate(
        zip(found.frame.iter_rows(named=True), raws.iter_rows(named=True), strict=True)
    ):
        record = record_of(match, raw)
        if number in bad:
            with pytest.raises(RecordError):
                evaluator.evaluate(record)
            continue
        result, standing = evaluator.evaluate(record), evaluator.standing(record)
        assert {id: row[id] for id in result.criteria} == dict(result.criteria), record
        verdicts = {part: row["verdict" if part is None else f"{part}.verdict"] for part in result.verdicts}
        assert verdicts == dict(result.verdicts), record
        assert tuple(row["deciding_facts"]) == result.deciding_facts, record
        assert {id for id in found.fails.columns if found.fails[id][number]} == standing.failing, record
    return found


def plainly(record: Mapping[str, Any]) -> dict[str, Any]:
    """The same patient without multiples of limits as texts, which no column holds as numbers."""
    return {k: 1.5 if isinstance(v, str) and "LN" in v else v for k, v in record.items()}


def dated(value: Any) -> Any:
    """The same with all partial dates completed."""
    if isinstance(value, str) and len(value) in (4, 7) and value[:2] == "20":
        return value + ("-05-17" if len(value) == 4 else "-11")
    if isinstance(value, list):
        return [dated(each) for each in value]
    return {k: dated(v) for k, v in value.items()} if isinstance(value, dict) else value


# ---- against the evaluator for one patient


@pytest.mark.parametrize("seed", range(90))
def test_columns_give_what_one_by_one_gives(seed: int) -> None:
    maker = Maker(seed)
    rules = loads(maker.text())
    records = [maker.record() for _ in range(PATIENTS)]
    records = [records, list(map(plainly, records)), [dated(plainly(each)) for each in records]][seed % 3]
    screened(rules, population(rules.model, records, typed_dates=True), {"way": maker.pick("left", "right")})


def test_columns_decide_all_but_a_few_patients() -> None:
    """Most conditions of random protocols have a form in columns, and few rows are left to the evaluator for one."""
    left, one_by_one = 0, 0
    for seed in range(60):
        maker = Maker(seed)
        rules = loads(maker.text())
        translated = RuleTranslation(rules.graph, rules.evaluator().readings, full_shape(rules.model)).translated()
        left += len(translated.left)
        records = [dated(plainly(maker.record())) for _ in range(PATIENTS)]
        one_by_one += screened(rules, population(rules.model, records, typed_dates=True)).one_by_one
    assert left < 6
    assert one_by_one < 60 * PATIENTS / 8


def test_rjdm_patients(cases: Any) -> None:
    from rjdm_rules import load

    rules = load("rjdm_cart")
    screened(rules, population(rules.model, [dict(case.get("record", case)) for case in cases], typed_dates=True))


def test_parts_have_a_verdict_each() -> None:
    text = """protocol P "parts"
data
  age "age" in years
  well "well" yes/no
part donor "Donor"
  inclusion
    (1) adult "adult"
        age ≥ 18 years
part recipient "Recipient"
  inclusion
    (1) child "child"
        age < 18 years
  exclusion
    (1) unwell "unwell"
        NOT well
"""
    rules = loads(text)
    frame = pl.DataFrame({"id": ["a", "b", "c"], "age": [20.0, 4.0, None], "well": [True, None, False]})
    found = screened(rules, frame)
    assert found.frame["donor.verdict"].to_list() == ["eligible", "ineligible", "undetermined"]
    tally = Tally(rules.model)
    tally.add(found)
    assert tally.as_json()["verdicts"]["recipient"] == {"eligible": 0, "ineligible": 2, "undetermined": 1}


# ---- columns of many kinds

ROWS: list[tuple[str, dict[str, pl.Series]]] = [
    ("n1 ≥ 1.5 mg/dL", {"n1": pl.Series([1, 2, None], dtype=pl.Int16)}),
    ("n1 ≥ 1.5 mg/dL", {"n1": pl.Series([1.5, 1.4999, 1.5000001], dtype=pl.Float32)}),
    ("n1 ≤ 3.0 × ULN", {"n1": pl.Series([0.3, 0.9], dtype=pl.Float32), "n1_uln": pl.Series([0.1, 0.3], dtype=pl.Float32)}),
    ("n1 ≤ 3.0 × ULN", {"n1": pl.Series([0.3, 0.30000000000000004, 1e-7]), "n1_uln": pl.Series([0.1, 0.1, 3e-8])}),
    ("n1 ≥ 1.5 mg/dL", {"n1": pl.Series([Decimal("1.5"), Decimal("1.4999999999")])}),
    ("n1 = 0.1 mg/dL", {"n1": pl.Series([Decimal("0.10000000000000000000000000001"), Decimal("0.1")])}),
    ("n1 + n2 = 0.3 mg/dL", {"n1": pl.Series([0.1, 0.1]), "n2": pl.Series([0.2, 0.20000000000000004])}),
    ("n1 / n2 > 3", {"n1": pl.Series([1.0, 1.0, 0.0]), "n2": pl.Series([0.3333333333333333, 0.0, 0.0])}),
    ("n1 ≥ 1 mg/dL", {"n1": pl.Series([88.4, 88.3, 1.0]), "n1_unit": pl.Series(["umol/L", "µmol/L", None])}),
    ("n1 ≥ 1 mg/dL", {"n1": pl.Series([88.4, 1.0]), "n1_unit": pl.Series(["furlong", "kg"])}),
    ("n1 ≥ 1 mg/dL", {"n1": pl.Series(["1", "1.0 mg/dL", "88.5 umol/L", "3 ×ULN", "one", None])}),
    ("n1 ≥ 1 mg/dL", {"n1": pl.Series([float("nan"), float("inf"), -0.0])}),
    ("n1 ≤ ULN", {"n1": pl.Series([1.0, 1.0, 1.0]), "n1_uln": pl.Series([0.0, -1.0, 1.0])}),
    ("n1 ≤ ULN", {"n1_uln": pl.Series([1.0, 2.0])}),
    ("n2 ≥ 0 mg/dL", {"n2": pl.Series([50.0, 90.0, 0.05]), "n2_unit": pl.Series(["g/L", "mg/dL", "g/L"])}),
    ("n2 ≥ 0 mg/dL", {"n2": pl.Series([50.0, 90.0, 0.05]), "n2_unit": pl.Series(["g/L", "mg/dL", "g/L"], dtype=pl.Categorical)}),
    ("n2 ≥ 0 mg/dL", {"n2": pl.Series([-1.0, 0.0, 100.0, 100.1])}),
    ("n4 ≥ 1", {"n4": pl.Series([1.0, 1.5, -1.0, 2.0])}),
    ("temp ≥ 38 °C", {"temp": pl.Series([100.4, 38.0]), "temp_unit": pl.Series(["[degF]", "°C"])}),
    ("b1", {"b1": pl.Series(["yes", "No", " true", "1", None])}),
    ("b1", {"b1": pl.Series([1, 0])}),
    ("b1", {"b1": pl.Series([None, None])}),
    ("o1 IS a", {"o1": pl.Series(["a", "b", "d", None], dtype=pl.Categorical)}),
    ("o1 IS a", {"o1": pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"]))}),
    ("o1 IN (a, b)", {"o1": pl.Series(["a", "A", ""])}),
    ("s1 INCLUDES p", {"s1": pl.Series([["p", "p"], [], None, ["z"], ["q", "r"]])}),
    ("COUNT(s1) ≥ 2", {"s1": pl.Series([["p", "p"], ["p", "q"]], dtype=pl.List(pl.Categorical))}),
    ("COUNT(s1) ≥ 2", {"s1": pl.Series(["p", "q"])}),
    ("born BEFORE 2012-06-01", {"born": pl.Series(["2012", "2012-05-31", "2012-6-1", None])}),
    ("born BEFORE 2012-06-01", {"born": pl.Series([date(2012, 5, 31), date(1700, 1, 1)])}),
    ("born BEFORE 2012-06-01", {"born": pl.Series([datetime(2012, 5, 31, 23, 59)])}),
    ("born BEFORE 2012-06-01", {"born": pl.Series([20120531, 20120601])}),
    ("visit WITHIN 1 day AFTER screening", {"visit": pl.Series([datetime(2026, 3, 3, 12, 30, 59, 999)]), "screening": pl.Series([date(2026, 3, 2)])}),
    ("visit BEFORE dose_time", {"visit": pl.Series([date(2026, 3, 2)]), "dose_time": pl.Series(["2026-03-02T13:00"])}),
    ("e1", {"e1": pl.Series(["none", "yes", "2026-01", "2026-01-05", "soon", None])}),
    ("COUNT(e1) ≤ 1", {"e1": pl.Series(["none", "yes", "2026-01-05"])}),
    ("e1 BEFORE 2026-03-01", {"e1": pl.Series([date(2026, 1, 1), None])}),
    ("e1 BEFORE 2026-03-01", {"e1": pl.Series([[date(2026, 1, 1), None], [None], [], None])}),
    ("grade OF LATEST(e1) ≥ 2", {"e1": pl.Series([[{"date": date(2026, 1, 1), "grade": 3}], [{"date": None, "grade": 2}], [{"date": date(2026, 1, 1), "grade": 7}]])}),
    ("grade OF LATEST(e1 WITHIN 2 weeks BEFORE screening) ≥ 2", {"e1": pl.Series([[{"date": date(2026, 1, 1), "grade": 3}], [], [{"date": date(2026, 3, 1), "grade": 3}], None]), "screening": pl.Series([date(2026, 3, 2), date(2026, 3, 2), None, date(2026, 3, 2)])}),
    ("MEAN(value OF r1) > 1 mg/dL", {"r1": pl.Series([[{"date": date(2026, 1, 1), "value": 0.3}, {"date": date(2026, 1, 2), "value": 1.7}]])}),
    ("MAX(value OF r1) ≥ 1 mg/dL", {"r1": pl.Series([[{"date": date(2026, 1, 1), "value": 88.4, "unit": "umol/L"}, {"date": None, "value": 0.5, "unit": None}]])}),
    ("e2 WITHIN 2 weeks BEFORE screening", {"e2": pl.Series([[{"date": "2026-02-01", "until": "ongoing"}], [{"date": "2026-02-01", "until": "2026-01-01"}]]), "screening": pl.Series(["2026-03-02", "2026-03"])}),
    ("until OF LATEST(e2) > screening", {"e2": pl.Series([[{"date": "2026-02-01", "until": None}], []]), "screening": pl.Series(["2026-03-02", "2026-03"])}),
    ("screening WITHIN 3 months BEFORE 2026-05-31", {"screening": pl.Series(["2026-02", "2026-02-28", "2026-02-27", "2025", None])}),
    ("e2 WITHIN 1 month AFTER 2026-01-31", {"e2": pl.Series([[{"date": "2026-02", "until": None}], [{"date": "2026-03-01", "until": "ongoing"}]])}),
    ("2026-01-31 + 1 month ≤ screening", {"screening": pl.Series(["2026-02-27", "2026-02-28", "2026-02"])}),
    ("MONTHS FROM 2026-01-31 TO screening ≥ 1 month", {"screening": pl.Series([date(2026, 2, 27), date(2026, 2, 28), date(1700, 1, 1)])}),
    ("screening BETWEEN 2026-06-01 AND born", {"screening": pl.Series([None, "2026-06-02"]), "born": pl.Series(["2012-01-01", "2027-01-01"])}),
    ("screening LESS THAN 0 days AFTER born", {"screening": pl.Series([None, "2012-01-01"]), "born": pl.Series(["2012-01-01", "2012-01-01"])}),
    ("n1 ≤ ULN", {"n1": pl.Series([1.0, 1.0, 1e-61]), "n1_uln": pl.Series([float("nan"), 1e-61, 1.0])}),
    ("n1 ≤ ULN", {"n1": pl.Series([1.0, 1.0]), "n1_uln": pl.Series([Decimal("1.00000000000000000001"), Decimal("1")])}),
    ("n1 ≤ ULN", {"n1": pl.Series([1.0, 1.0]), "n1_uln": pl.Series([2**53 + 1, 1])}),
    ("n1 ≤ 3.0 × ULN", {"n1": pl.Series([0.3, 0.9], dtype=pl.Float16), "n1_uln": pl.Series([0.1, 0.3], dtype=pl.Float16)}),
    ("n1 ≥ 1 mg/dL", {"n1": pl.Series([2**60 + 1, 1], dtype=pl.UInt128)}),
    ("n1 ≥ 1 mg/dL", {"n1": pl.Series([None, None, 1.0], dtype=pl.Float64), "n1_unit": pl.Series(["", "foo", ""])}),
    ("b1", {"b1": pl.Series([[True], [False, True]])}),
    ("b1", {"b1": pl.Series([{"x": True}, None])}),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "columns"), ROWS, ids=[f"{c}, {i}" for i, (c, _) in enumerate(ROWS)])
def test_columns_of_many_kinds(condition: str, columns: dict[str, pl.Series]) -> None:
    """What the reader of records refuses is refused, with the row; all else comes out as one by one."""
    rules = protocol(condition)
    frame = pl.DataFrame({"id": [f"P{n}" for n in range(len(next(iter(columns.values()))))], **columns})
    found = screened(rules, frame)
    evaluator = rules.evaluator()
    match = matched(rules.model, frame.columns)
    refused = set()
    for number, raw in enumerate(frame.iter_rows(named=True)):
        try:
            evaluator.evaluate(record_of(match, raw))
        except RecordError:
            refused.add(number + 1)
    assert {each.row for each in found.bad} == refused


def test_sets_of_more_options_than_a_number_has_bits() -> None:
    options = ", ".join(f"x{n}" for n in range(80))
    text = f'protocol P "p"\ndata\n  s "set" several of {options}\ninclusion\n  (1) one "one"\n      s INCLUDES x79\n'
    rules = loads(text + '  (2) two "two"\n      COUNT(s) ≥ 2\n')
    screened(rules, pl.DataFrame({"id": [1, 2, 3, 4], "s": [["x79", "x1"], ["x2"], [], None]}))


def test_batches_of_any_size_give_the_same() -> None:
    maker = Maker(12)
    rules = loads(maker.text())
    frame = population(rules.model, [plainly(maker.record()) for _ in range(60)])
    match = matched(rules.model, frame.columns)
    whole = PopulationEvaluator(rules.evaluator(), match, dict(frame.schema)).run(frame).frame
    parts = PopulationEvaluator(rules.evaluator(), match, dict(frame.schema))
    sizes = [1, 7, 0, 20, 32]
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    pieces = [parts.run(frame[start : start + size]).frame for start, size in zip(starts, sizes, strict=True)]
    assert pl.concat(pieces).equals(whole)


def test_columns_that_are_no_items_are_refused_with_a_suggestion() -> None:
    rules = protocol("b1")
    with pytest.raises(PopulationError, match="`b11` is no item of this protocol; did you mean"):
        matched(rules.model, ["id", "b11"])
    assert matched(rules.model, ["id", "b11"], allow_extra=True).extra == ("b11",)
    with pytest.raises(PopulationError, match="rename `patient_id` to `id`"):
        matched(rules.model, ["patient_id", "b1"])


def test_a_struct_with_an_unknown_field_is_refused() -> None:
    rules = protocol("e1")
    frame = pl.DataFrame({"id": ["a"], "e1": [[{"date": date(2026, 1, 1), "garde": 2}]]})
    with pytest.raises(PopulationError, match="has a field `garde`, which is none of date, grade"):
        screened(rules, frame)


# ---- numbers and the calendar


@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6), st.booleans())
def test_the_number_where_a_truth_turns(threshold: Fraction, inside: bool) -> None:
    number = least_at(threshold, inside)
    below = np.nextafter(number, -np.inf)
    held = [Fraction(repr(float(each))) for each in (below, number)]
    assert [each >= threshold if inside else each > threshold for each in held] == [False, True]


DAYS = st.integers(date(1801, 1, 1).toordinal(), date(2199, 12, 31).toordinal())


@given(st.lists(DAYS, min_size=1, max_size=20), st.integers(-1300, 1300))
def test_months_of_many_days_are_those_of_one(days: list[int], months: int) -> None:
    moved = calendar_tables.months_later(np.array(days), months)
    assert moved.tolist() == [shifted(day, months) for day in days]


@given(st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=20))
def test_completed_years_and_months_of_many_days_are_those_of_one(pairs: list[tuple[int, int]]) -> None:
    start, end = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    assert calendar_tables.elapsed("years", start, end).tolist() == [completed_years(a, b) for a, b in pairs]
    assert calendar_tables.elapsed("months", start, end).tolist() == [completed_months(a, b) for a, b in pairs]


def test_completed_months_at_the_ends_of_all_months() -> None:
    ends = [date(y, m, d).toordinal() for y in (2023, 2024) for m in range(1, 13) for d in range(27, 32)
            if d <= 28 + (m != 2) * 2 + (m in (1, 3, 5, 7, 8, 10, 12)) or (m, d, y) == (2, 29, 2024)]  # fmt: skip
    pairs = [(a, b) for a in ends for b in ends]
    found = calendar_tables.elapsed("months", np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))
    assert found.tolist() == [completed_months(a, b) for a, b in pairs]


# ---- what is counted


def tallied(seed: int, patients: int = 120) -> tuple[Protocol, Tally, Evaluated, Sequence[dict[str, Any]]]:
    maker = Maker(seed)
    rules = loads(maker.text())
    frame = population(rules.model, [plainly(maker.record(missing=0.15)) for _ in range(patients)])
    match = matched(rules.model, frame.columns)
    found = PopulationEvaluator(rules.evaluator(), match, dict(frame.schema))
    tally = Tally(rules.model)
    for start in range(0, patients, 50):
        tally.add(found.run(frame[start : start + 50]))
    whole = found.run(frame)
    return rules, tally, whole, [record_of(match, row) for row in frame.iter_rows(named=True)]


@pytest.mark.parametrize("seed", [3, 5, 8, 21, 34])
def test_counts_are_those_of_the_patients(seed: int) -> None:
    rules, tally, _, records = tallied(seed)
    summary = tally.as_json()
    evaluator = rules.evaluator()
    standings = [evaluator.standing(record) for record in records]
    assert summary["patients"] == len(records)
    assert summary["verdicts"] == {
        word: sum(each.verdicts[None] == word for each in standings)
        for word in ("eligible", "ineligible", "undetermined")
    }
    facts = Counter(fact for each in standings for fact in each.deciding_facts)
    alone = Counter(each.deciding_facts[0] for each in standings if len(each.deciding_facts) == 1)
    assert {each["item"]: (each["patients"], each["alone"]) for each in summary["next_best_facts"]} == {
        item: (count, alone[item]) for item, count in facts.items()
    }
    for id, counts in summary["criteria"].items():
        assert counts["met"] == sum(each.criteria[id] == "met" for each in standings)
        assert counts["fails"] == sum(id in each.failing for each in standings)
        assert counts["fails_only"] == sum(each.failing == {id} for each in standings)
    assert Tally(rules.model).patients == 0
    again = Tally(rules.model)
    again.restore(tally.state())
    assert again.as_json() == summary


@pytest.mark.parametrize("seed", [3, 5, 8, 21, 34])
def test_gained_and_funnel_are_those_of_rules_without_a_criterion(seed: int) -> None:
    """Held against the reference evaluator with criteria settled as satisfied."""
    rules, tally, _, records = tallied(seed, 60)
    evaluator, (part,) = rules.evaluator(), rules.model.parts
    satisfied = {each.id: block.kind == "inclusion" for block in part.blocks for each in block.criteria}

    def verdicts(settled: list[str]) -> list[str]:
        found = []
        for record in records:
            facts = evaluator.reference(record).facts
            held = Reference(rules.model, facts, evaluator.readings, {id: satisfied[id] for id in settled})
            found.append(verdict_of(part, held.run(rules.graph)))
        return found

    now, order = verdicts([]), list(satisfied)
    summary = tally.as_json()
    gone = [False] * len(records)
    before = 0
    for place, id in enumerate(order):
        gained = sum(a != "eligible" and b == "eligible" for a, b in zip(now, verdicts([id]), strict=True))
        assert summary["criteria"][id]["gained"] == gained
        so_far = verdicts(order[place + 1 :])
        gone = [a or b == "ineligible" for a, b in zip(gone, so_far, strict=True)]
        unknown = sum(not a and b == "undetermined" for a, b in zip(gone, so_far, strict=True))
        assert summary["funnel"][place] == {
            "criterion": id, "excluded": sum(gone) - before, "remaining": len(records) - sum(gone), "unknown": unknown,
        }  # fmt: skip
        before = sum(gone)


@pytest.mark.parametrize("seed", [3, 5, 8, 21, 34])
def test_look_ups_settle_as_many_as_said(seed: int) -> None:
    rules, tally, _, records = tallied(seed)
    needed = [set(each.deciding_facts) for each in map(rules.evaluator().standing, records) if each.deciding_facts]
    chosen: set[str] = set()
    for each in tally.look_ups():
        best = max(sum(facts <= chosen | {item} for facts in needed) for item in rules.model.items)
        chosen.add(each["item"])
        assert each["settles"] == sum(facts <= chosen for facts in needed) == best


@pytest.mark.parametrize("seed", [3, 8, 21])
def test_shares_are_shapley_values_by_brute_force(seed: int) -> None:
    """A coalition of criteria excludes a patient when one of those that fail is in it; the value of a criterion is its
    mean contribution over all orders."""
    rules, tally, _, records = tallied(seed, 60)
    evaluator = rules.evaluator()
    top = tally.family.top
    value = dict.fromkeys(top, Fraction(0))
    orders = list(permutations(top))
    for record in records:
        failing = evaluator.standing(record).failing
        for order in orders:
            first = next((id for id in order if id in failing), None)
            if first is not None:
                value[first] += Fraction(1, len(orders))
    assert {id: tally.shapley(id) for id in top} == value
    ineligible = tally.as_json()["verdicts"]["ineligible"]
    assert sum(value.values()) == ineligible


def test_patients_who_fail_hundreds_of_criteria() -> None:
    criteria = "".join(f'  ({number}) "criterion"\n      NOT b\n' for number in range(1, 301))
    rules = loads(f'protocol P "many criteria"\ndata\n  b "b" yes/no\ninclusion\n{criteria}')
    screening = rules.screen(pl.DataFrame({"id": ["a", "b"], "b": [True, False]}))
    held = screening.summary()["criteria"]
    assert len(held) == 300
    assert all(each["fails"] == 1 and each["fails_only"] == 0 for each in held.values())
    assert {each["shapley"] for each in held.values()} == {round(1 / 300, 6)}


def test_children_fail_alone_where_nothing_outside_them_fails() -> None:
    text = """protocol P "children"
data
  b1 "one" yes/no
  b2 "two" yes/no
  b3 "three" yes/no
inclusion
  (1) both "both"
      (a) first "first"
          b1
      (b) second "second"
          b2
  (2) third "third"
      b3
"""
    rules = loads(text)
    frame = pl.DataFrame(
        {"id": ["a", "b", "c"], "b1": [False, False, False], "b2": [True, False, True], "b3": [True, True, False]}
    )
    tally = Tally(rules.model)
    tally.add(screened(rules, frame))
    counts = tally.as_json()["criteria"]
    assert {id: (each["fails"], each["fails_only"], each["shapley"]) for id, each in counts.items()} == {
        "I1": (3, 2, 2.5), "I1.a": (3, 1, None), "I1.b": (1, 0, None), "I2": (1, 0, 0.5),
    }  # fmt: skip


def test_random_numbers_are_not_needed_to_be_sure() -> None:
    """Every number with up to four digits behind the point is held without doubt."""
    from rjdm_rules.screening.columns import Builder
    from rjdm_rules.screening.polars_engine import Batch, Program

    numbers = [random.Random(1).randint(-(10**9), 10**9) / 10**4 for _ in range(5000)]
    builder = Builder()
    column = builder.source("n", "number")
    program = Program([{"fits": builder.fits(column, 4), "scaled": builder.scaled(column, 4)}], {})
    frame = pl.DataFrame({"n": numbers})
    found = program.start(Batch(frame, frame.height)).phase(0)
    assert found["fits"].all()
    assert [Fraction(int(each), 10**4) for each in found["scaled"]] == [Fraction(repr(each)) for each in numbers]
