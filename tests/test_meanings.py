"""One by one: places where meaning and engine were once found apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from worlds import LAB, TABLES, Truth, engine, judged

from rjdm_rules import RecordError, loads
from rjdm_rules.evaluation.compiled import CompiledRules
from rjdm_rules.evaluation.explaining import outcome_of
from rjdm_rules.evaluation.records import read_record
from rjdm_rules.evaluation.reference import Reference
from rjdm_rules.graph.build import build_graph
from rjdm_rules.language.source import Source
from rjdm_rules.protocol.check import check_source

CLOCK = 't "t" time\nu "u" time'


@pytest.mark.parametrize(
    ("condition", "record"),
    [
        ("t + 1 day > u", {"t": "2026-03-02T10:00", "u": "2026-03-03T09:00"}),
        ("t + 1 month > u", {"t": "2026-03-02T10:00", "u": "2026-03-03T09:00"}),
        ("t − 1 week < u", {"t": "2026-03-09T10:00", "u": "2026-03-02T11:00"}),
        ("t + 2 h > u", {"t": "2026-03-02T10:00", "u": "2026-03-02T11:00"}),
    ],
)
def test_a_time_moved_by_a_length(condition: str, record: dict[str, Any]) -> None:
    assert judged(CLOCK, (condition,), record) == [True]


BANDS = """table band "band"
  | y number | → band one of lo, mid, hi |
  | < 1      | lo  |
  | 1..5     | mid |
  | > 5      | hi  |
table same "same for all"
  | o one of a, b | → factor |
  | a             | 2        |
  | b             | 2        |
table scored "score"
  | n 0..4 | → band one of lo, hi |
  | any    | lo                   |
"""


@pytest.mark.parametrize("others", [(), ("y × 2 > z",), ("y + z > 1", "y / 2 < z")])
@pytest.mark.parametrize(
    ("y", "truths"), [(0.5, [False, True]), (3, [True, False]), (7, [False, False]), (None, [None, None])]
)
def test_a_lookup_by_a_number_that_other_conditions_calculate_with(
    others: tuple[str, ...], y: Any, truths: list[Truth]
) -> None:
    data = 'y "y" number\n    otherwise z\nz "z" number'
    assert judged(data, ("band(y) IS mid", "band(y) IS lo", *others), {"y": y}, BANDS)[:2] == truths


def test_a_lookup_by_a_fixed_number_that_stands_elsewhere_too() -> None:
    data = 'flag "flag" yes/no\no "option" one of a, b, c\nn "n" count'
    conditions = ("category(flag, 2) IS mid", "factor(o) ≥ 2")
    assert judged(data, conditions, {"flag": True}, TABLES)[0] is True
    assert judged(data, conditions, {}, TABLES)[0] is None


def test_a_lookup_is_known_where_all_rows_agree() -> None:
    assert judged('o "option" one of a, b', ("same(o) ≥ 1",), {}, BANDS) == [True]


def test_options_of_a_table_are_decided_where_every_row_gives_the_same_answer() -> None:
    conditions = ("band(y) IN (lo, mid, hi)", "band(y) IS lo")
    assert judged('y "y" number', conditions, {}, BANDS) == [True, None]


def test_a_lookup_whose_rows_disagree_is_not_known() -> None:
    data = 'flag "flag" yes/no\nn "n" count\n    range 0..4'
    conditions = ("category(flag, n) IS KNOWN", "FIRST KNOWN OF (category(flag, n), category(no, n)) IS none")
    assert judged(data, conditions, {"flag": True, "n": 2}, TABLES) == [True, False]
    assert judged(data, conditions, {"n": 2}, TABLES) == [False, True]  # mid or none


def test_an_unknown_number_that_may_lie_outside_the_table() -> None:
    """More information must not take a decided truth back."""
    truths = [judged('n "n" count', ("scored(n) IS lo",), {"n": n}, BANDS)[0] for n in (None, 3, 9)]
    assert truths[0] is None or truths[0] is truths[1] is truths[2], truths


def test_an_event_that_otherwise_follows_from_a_possible_one() -> None:
    data = """e "event" event
    grade "grade" 0..4
f "severe" event
    otherwise e WHERE (grade ≥ 3)
    grade "grade" 0..4"""
    conditions = ("f", "COUNT(f) ≥ 1", "e WHERE (grade ≥ 3)")
    for grade, truth in ((3, True), (1, False), (None, None)):
        assert judged(data, conditions, {"e": [{"date": "2026-03-01", "grade": grade}]}) == [truth] * 3


def test_an_event_that_otherwise_never_happened() -> None:
    data = 'e "event" event\n    otherwise none'
    assert judged(data, ("e",), {}) == [False]
    assert judged(data, ("e",), {"e": ["2026-03-01"]}) == [True]


def test_a_selection_that_holds_nothing_by_itself() -> None:
    assert len(judged('e "event" event', ("e WHERE (no)",), {})) == 1  # the two ways of running agree


def test_an_end_that_is_not_recorded_is_not_known() -> None:
    data = 'c "course" event until date'
    conditions = ("c WHERE (until IS KNOWN)", "(until OF LATEST(c)) IS KNOWN")
    assert judged(data, conditions, {"c": [{"date": "2026-03-01", "until": "2026-04"}]}) == [True, True]
    assert judged(data, conditions, {"c": [{"date": "2026-03-01"}]}) == [False, False]


def test_an_attribute_that_is_a_date_carries_its_interval() -> None:
    data = 'd "d" date\ne "event" event\n    result "result" date'
    record = {
        "e": [{"date": "2026-03", "result": "2026-05-01"}, {"date": "2026-03", "result": "2026-06-01"}],
        "d": "2026-04-01",
    }
    assert judged(data, ("result OF LATEST(e) > d",), record) == [True]


@pytest.mark.parametrize("half_life", [10, 10**6, 10**7, 10**15])
def test_a_date_moved_out_of_the_calendar(half_life: int) -> None:
    data = 'd "d" date\nh "half-life" in days'
    truths = judged(data, ("YEARS FROM (d − 5 × h) TO d ≥ 1 year",), {"d": "2026-03-01", "h": half_life})
    assert truths[0] in ([False] if half_life == 10 else [True, None])


def test_windows_of_many_centuries() -> None:
    data = 'd "d" date\nc "course" event until date'
    conditions = ("c WITHIN 1000 years AFTER (d − 1000 years)", "c BEFORE (d − 1000 years − 1000 years − 1000 years)")
    assert judged(data, conditions, {"d": "2026-03-01", "c": [{"date": "1900", "until": "1901"}]}) == [True, False]


def test_a_multiple_of_a_limit_written_with_a_unit() -> None:
    data = 'x "x" in mg/dL with ULN'
    record = {"x": {"value": 4, "uln": 1}}
    assert judged(data, ("x ≤ 3 × ULN",), record) == [False]
    try:
        engine(data, ("x ≤ 300 % × ULN",))
    except AssertionError:
        pass  # refused
    else:
        assert judged(data, ("x ≤ 300 % × ULN",), record) == [False]
    with pytest.raises(AssertionError, match="R40"):
        judged(data, ("x ≤ 3 mg/dL × ULN",), record)


@pytest.mark.parametrize(
    ("condition", "extra"),
    [
        ("FIRST KNOWN OF (e, f)", ""),
        ("COUNT(FIRST KNOWN OF (e, f)) ≥ 1", ""),
        ("grade OF last ≥ 2", 'define\n  last "the last" = LATEST(e)\n'),
    ],
)
def test_what_check_lets_through_can_be_evaluated(condition: str, extra: str) -> None:
    """Either an error of the file, or an answer; never a crash with a patient."""
    data = 'e "event" event\n    grade "grade" 0..4\nf "other" event\n    grade "grade" 0..4'
    try:
        engine(data, (condition,), extra)
    except AssertionError:
        return
    assert judged(data, (condition,), {"e": [{"date": "2026-03-01", "grade": 3}]}, extra) == [True]


def test_an_event_does_not_take_over_attributes_of_another_kind() -> None:
    data = """e "event" event
    grade "grade" 0..4
f "other" event
    otherwise e
    grade "grade" in mg"""
    with pytest.raises(AssertionError):
        engine(data, ("f WHERE (grade ≥ 3 mg)",))


def test_numbers_that_no_one_measures_are_refused_in_every_way_of_running() -> None:
    from rjdm_rules.evaluation.problems import RecordError

    protocol, _, compiled = engine(LAB, ("x ≤ 3 × ULN",))
    for held in ({"value": 1, "uln": 10**100}, {"value": Decimal("NaN")}, {"value": 1, "uln": Decimal("NaN")}):
        with pytest.raises(RecordError):
            read_record(protocol, {"x": held})
        with pytest.raises(RecordError):
            compiled.prepare({"x": held})


def test_an_unknown_factor_beside_very_small_ones() -> None:
    data = "\n".join(f'v{i} "v{i}" number' for i in range(8))
    record = {f"v{i}": "0." + "0" * 40 + "1" * 19 for i in range(1, 8)}
    assert judged(data, (" × ".join(f"v{i}" for i in range(1, 8)) + " ≥ 1 × v0",), record) == [None]


def test_a_criterion_that_is_only_a_note_has_no_effect() -> None:
    """In a formula it must not exclude everyone: refused, or without effect."""
    text = """protocol N "notes"
data
  flag "flag" yes/no
exclusion
  ANY(①, ②)
  ① "a flag"
    flag
  ② "a remark"
    note "physiotherapy is allowed"
"""
    protocol = check_source(Source("notes", text), None).protocol
    if protocol is not None:
        (verdict,), _ = CompiledRules(build_graph(protocol), {}).decide(
            CompiledRules(build_graph(protocol), {}).prepare({"flag": False})
        )
        assert verdict == "eligible"


def outcomes(data: str, criteria: str, record: dict[str, Any], extra: str = "") -> dict[str, str]:
    """Outcomes by the compiled rules, which must be those of the reference evaluator."""
    protocol = loads(f'protocol P "p"\n{extra}data\n{data}{criteria}')
    result = protocol.evaluate(record)
    facts, _ = read_record(protocol.model, record)
    reference = Reference(protocol.model, facts, protocol.evaluator().readings).run(protocol.graph)
    for criterion in protocol.model.criteria():
        assert result.criteria[criterion.id] == outcome_of(criterion, reference), (criterion.id, record)
    assert protocol.explain(record).result == result
    return dict(result.criteria)


WEIGHT = '  w "w" in kg\n  h "h" in m\n  n "n" in 10*9/L\n  l "l" in 10*9/L\n'
RISKS = "COUNT(w / (h × h) ≥ 25 kg/m2, n / l ≥ 3)"


def test_the_same_calculations_in_two_criteria() -> None:
    criteria = f'inclusion\n  (1) "a"\n    {RISKS} ≥ 1\nexclusion\n  (1) "b"\n    {RISKS} ≥ 2\n'
    record = {"w": 120, "h": 2, "n": 8, "l": 2}
    assert outcomes(WEIGHT, criteria, record) == {"I1": "met", "E1": "met"}
    between = f'inclusion\n  (1) "a"\n    {RISKS} BETWEEN 0 AND 1\n'
    assert outcomes(WEIGHT, between, record) == {"I1": "not met"}


SOLE: list[tuple[str, str, dict[str, Any], str]] = [
    ('  e "e" event\n', "COUNT(e) ≥ 2", {"e": ["2026", "2025"]}, "met"),
    ('  r "r" repeated in mg/L\n', "value OF LATEST(r) ≥ 2 mg/L", {"r": [{"date": "2026", "value": 3}]}, "met"),
    ('  a "a" date\n  b "b" date\n', "a ≤ b", {"a": "2026-01-02", "b": "2026-01-01"}, "not met"),
    ('  x "x" in mg/L\n', "x IS KNOWN", {}, "not met"),
    ('  x "x" in mg/L\n', "MAX(x, 2 mg/L) ≥ 3 mg/L", {"x": 1}, "not met"),
    ('  a "a" yes/no\n  b "b" yes/no\n', "FIRST KNOWN OF (a, b)", {"a": False}, "not met"),
    ('  a "a" yes/no\n  b "b" yes/no\n', "NOT FIRST KNOWN OF (a, b)", {"b": True}, "not met"),
    ('  e "e" event\n    cured yes/no\n', "cured OF LATEST(e)", {"e": [{"date": "2026", "cured": False}]}, "not met"),
    ('  e "e" event\n    cured yes/no\n', "NOT cured OF LATEST(e)", {"e": [{"date": "2026", "cured": True}]}, "not met"),
    ('  f "f" event\n  e "e" event\n', "e WHERE (f WITHIN 7 days BEFORE date)", {"e": ["2026-01-01"]}, "unknown"),
    ('  t "t" time\n  u "u" time\n', "t + 2 hours ≤ u", {"t": "2026-03-02T10:00", "u": "2026-03-02T11:00"}, "not met"),
    ('  a "a" date\n  b "b" date\n', "MAX(a, b) < 2026-01-01", {"a": "2025-01-01", "b": "2026-02-01"}, "not met"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "condition", "record", "outcome"), SOLE)
def test_a_protocol_of_one_condition(data: str, condition: str, record: dict[str, Any], outcome: str) -> None:
    assert outcomes(data, f'inclusion\n  (1) "a"\n    {condition}\n', {"id": "P", **record}) == {"I1": outcome}


@pytest.mark.parametrize(
    ("data", "condition", "outcome"),
    [
        ('  s "s" several of a, b\n    otherwise none\n', "COUNT(s) = 0", "met"),
        ('  s "s" several of a, b\n    otherwise none\n', "s INCLUDES a", "not met"),
        ('  s "s" several of a, b, none\n', "s INCLUDES none", "unknown"),
        ('  e "e" event\n    otherwise none\n', "e", "not met"),
    ],
)
def test_none_unless_recorded(data: str, condition: str, outcome: str) -> None:
    assert outcomes(data, f'inclusion\n  (1) "a"\n    {condition}\n', {}) == {"I1": outcome}
    assert "none" in loads(f'protocol P "p"\ndata\n{data}inclusion\n  (1) "a"\n    {condition}\n').render()


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [("COUNT(e) ≥ 1", "met"), ("COUNT(e) ≥ 2", "unknown"), ("COUNT(e) = 1", "unknown"), ("COUNT(e) < 1", "not met")],
)
def test_a_bare_yes_says_not_how_often(condition: str, outcome: str) -> None:
    criteria = f'inclusion\n  (1) "a"\n    {condition}\n'
    assert outcomes('  e "e" event\n', criteria, {"e": "yes"}) == {"I1": outcome}
    with pytest.raises(RecordError, match="stands alone"):
        outcomes('  e "e" event\n', criteria, {"e": ["yes", "2025"]})


WINDOW = "WITHIN 28 days BEFORE s"


@pytest.mark.parametrize(
    ("condition", "record", "facts"),
    [
        (f"MAX(value OF r {WINDOW}) ≤ 10 mg/L", {"s": "2026-03-02", "r": [{"date": "2026-02-27"}]}, ("r",)),
        (f"MAX(value OF r {WINDOW}) ≤ 10 mg/L", {"s": "2026-03-02", "r": []}, ("r",)),
        (f"value OF LATEST(r {WINDOW}) ≤ 10 mg/L", {"s": "2026-03-02", "r": []}, ("r",)),
        (f"value OF LATEST(r {WINDOW}) ≤ 10 mg/L", {"r": [{"date": "2026-02-27", "value": 3}]}, ("s",)),
        (f"value OF LATEST(r {WINDOW}) ≤ 10 mg/L", {}, ("r", "s")),
        (f"date OF EARLIEST(r {WINDOW}) ≥ 2020-01-01", {"s": "2026-03-02", "r": ["2020-02-27"]}, ("r",)),
        ("s WITHIN 28 days AFTER date OF LATEST(r)", {"s": "2026-03-02", "r": []}, ("r",)),
    ],
)
def test_deciding_facts_are_those_that_lack(condition: str, record: dict[str, object], facts: tuple[str, ...]) -> None:
    """The date of a window that holds no measurement is there: it is a measurement that lacks."""
    data = '  s "s" date\n  r "r" repeated in mg/L\n'
    protocol = loads(f'protocol P "p"\ndata\n{data}inclusion\n  (1) "a"\n    {condition}\n')
    assert protocol.evaluate(record).deciding_facts == facts


def test_a_ratio_of_amounts_is_no_percentage() -> None:
    from rjdm_rules.units.unit import conversion, read_unit

    assert conversion(read_unit("%"), read_unit("mmol/mol")) is None
    assert conversion(read_unit("umol/mol"), read_unit("mmol/mol")) is not None
    assert conversion(read_unit("%"), read_unit("mg/g")) is not None


def test_a_protocol_of_a_reading_alone() -> None:
    extra = 'readings\n  way "the way"\n    one of a, b\n    chosen a\n'
    assert outcomes('  b "b" yes/no\n', 'inclusion\n  (1) "a"\n    way IS a\n', {}, extra) == {"I1": "met"}


HOURS = '  dose "dose" time\n  biopsy "biopsy" time\n  hl "half-life" in h\n'


@pytest.mark.parametrize(
    ("condition", "biopsy", "dose", "half_life", "outcome"),
    [
        ("biopsy WITHIN MAX(24 hours, 5 × hl) BEFORE dose", "2026-03-01T00:30", "2026-03-02T10:00", 1, "not met"),
        ("biopsy WITHIN MAX(24 hours, 5 × hl) BEFORE dose", "2026-03-01T10:00", "2026-03-02T10:00", 1, "met"),
        ("biopsy WITHIN MAX(24 hours, 5 × hl) BEFORE dose", "2026-03-01T00:30", "2026-03-02T10:00", 7, "met"),
        ("biopsy AT LEAST MAX(12 hours, 5 × hl) BEFORE dose", "2026-03-02T01:00", "2026-03-02T23:00", 4, "met"),
        ("biopsy AT LEAST MAX(12 hours, 5 × hl) BEFORE dose", "2026-03-02T03:01", "2026-03-02T23:00", 4, "not met"),
    ],
)
def test_computed_windows_by_the_clock(condition: str, biopsy: str, dose: str, half_life: int, outcome: str) -> None:
    record = {"biopsy": biopsy, "dose": dose, "hl": half_life}
    assert outcomes(HOURS, f'inclusion\n  (1) "a"\n    {condition}\n', record) == {"I1": outcome}


AGE = '  s "s" date\n  born "born" date\n  age "age" in years\n    otherwise YEARS FROM born TO s\n    range 0..120\n'
EGFR = '  k "k" in mg/dL\n  g "g" in mL/min\n    otherwise 100 mL/min × (k / 1 mg/dL)\n    range 0..200\n'


@pytest.mark.parametrize(
    ("data", "condition", "record", "outcome"),
    [
        (AGE, "age < 18 years", {"s": "2026-03-02", "born": "2026-08-02"}, "unknown"),
        (AGE, "age ≥ 5 years", {"s": "2026-03-02", "born": "1800-01-01"}, "unknown"),
        (AGE, "age ≥ 5 years", {"s": "2026-03-02", "born": "1950"}, "met"),
        (EGFR, "g ≥ 30 mL/min", {"k": 3}, "unknown"),
        (EGFR, "g ≥ 30 mL/min", {"k": 2}, "met"),
    ],
)
def test_a_calculated_value_outside_its_range(data: str, condition: str, record: dict[str, Any], outcome: str) -> None:
    assert outcomes(data, f'inclusion\n  (1) "a"\n    {condition}\n', record) == {"I1": outcome}


MOLAR_DATA = '  x "x" in mg/dL\n    molar mass 113.12 g/mol\n  y "y" in mg/dL\n'


@pytest.mark.parametrize(
    "condition",
    ["MAX(x, 100 umol/L) ≥ 100 umol/L", "x × 2 ≥ 200 umol/L", "x + 0 mg/dL ≥ 100 umol/L", "d ≥ 100 umol/L"],
)
def test_a_molar_mass_holds_for_calculations(condition: str) -> None:
    criteria = f'define\n  d "d" = x\ninclusion\n  (1) "a"\n    {condition}\n'
    assert outcomes(MOLAR_DATA, criteria, {"x": "1.1312"}) == {"I1": "met"}
    other = '  x "x" in mmol/L\n    molar mass 113.12 g/mol\n    otherwise y\n  y "y" in mg/dL\n'
    assert outcomes(other, 'inclusion\n  (1) "a"\n    x ≥ 0.1 mmol/L\n', {"y": "1.1312"}) == {"I1": "met"}


def test_a_number_too_long_to_calculate_with_is_unknown() -> None:
    squares = "".join(f'  q{i} "q" = q{i - 1} × q{i - 1}\n' for i in range(1, 40))
    criteria = f'define\n  q0 "q" = x\n{squares}inclusion\n  (1) "a"\n    q39 > 1\n'
    assert outcomes('  x "x" number\n', criteria, {"x": 7}) == {"I1": "unknown"}


def test_criteria_come_in_the_order_of_the_file() -> None:
    criteria = 'exclusion\n  (1) "a"\n    b\ninclusion\n  (1) "a"\n    b\n'
    assert list(outcomes('  b "b" yes/no\n', criteria, {"b": True})) == ["E1", "I1"]


SHORTER = [
    ("range 0..30", "2026-01-01", "not met"),  # more than 28 days ago, whatever the half-life
    ("range 0..30", "2026-02-25", "unknown"),
    ("range 0..30", "2026-03-02", "met"),  # no time ago
    ("note \"may be anything\"", "2026-01-01", "unknown"),  # a negative half-life would make no window at all
]  # fmt: skip


@pytest.mark.parametrize(("line", "dose", "outcome"), SHORTER)
def test_the_shorter_of_two_times(line: str, dose: str, outcome: str) -> None:
    data = f'  screening "screening" date\n  dose "last dose" date\n  hl "half-life" in d\n      {line}\n'
    criteria = 'inclusion\n  (1) "28 days"\n      dose WITHIN MIN(28 days, 5 × hl) BEFORE screening\n'
    assert outcomes(data, criteria, {"screening": "2026-03-02", "dose": dose}) == {"I1": outcome}


LIMITS = [
    ({"value": 5.3, "lln": 3.5, "uln": 5.1}, "not met – potassium 5.3 mmol/L (LLN 3.5 mmol/L, ULN 5.1 mmol/L), asked: between"),
    ({"value": 4.9, "lln": 3.5}, "unknown – potassium 4.9 mmol/L (LLN 3.5 mmol/L) without its ULN, asked: between"),
    ("4.2 mmol/L", "unknown – potassium 4.2 mmol/L without its LLN and its ULN, asked: between"),
    ("1.3 ×ULN", "not met – potassium 1.3 × ULN, asked: between"),
    (None, "unknown – potassium not recorded, asked: between"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "words"), LIMITS)
def test_a_value_between_its_limits_is_shown_with_both(value: object, words: str) -> None:
    text = """protocol T "t"
data
  k "potassium" in mmol/L with LLN with ULN
      range 1..10
inclusion
  (1) "Normal potassium"
      k BETWEEN LLN AND ULN
"""
    ((_, reason),) = loads(text).evaluate({"k": value}).reasons
    assert words in reason
