"""Curves over thresholds and outcomes by group: against what-ifs and populations of one group, and known figures."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import protocol
from running import run

from rjdm_rules import load, loads
from rjdm_rules.screening.curves import points_of, read_curve
from rjdm_rules.screening.differences import differences
from rjdm_rules.screening.grouping import read_grouping
from rjdm_rules.screening.matching import PopulationError
from rjdm_rules.screening.synthesizing import Synthesizer

RULES = """protocol T "t"
data
  screening "screening" date
  birth "birth" date
  age "age" in years
      otherwise YEARS FROM birth TO screening
  weight "weight" in kg
  grade "grade" count
  alt "ALT" in U/L with ULN
  arm "arm" one of a, b, c
  fit "fit" yes/no
define
  tall "tall" yes/no = weight > 50 kg
  ratio "ratio" in kg = weight / 2
inclusion
  (1) "fit"
      fit
  (2) "ALT"
      alt ≤ 3 × ULN
"""


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return Synthesizer(load("rjdm_cart").graph, 12).block(0, 3000)


def summary(rules: Any, people: Any, **asked: Any) -> dict[str, Any]:
    screening = rules.screen(people, **asked)
    screening.frame()
    found: dict[str, Any] = screening.summary()
    return found


# ---- curves


CURVES = [
    ("lvef ≥ 50 to 60 %", "lvef ≥ {} %", 21),
    ("ast ≤ 1 × ULN to 5 × ULN", "ast ≤ {} × ULN", 21),
    ("ast ≤ 2.5 to 3.1 × ULN", "ast ≤ {} × ULN", 13),
    ("age ≥ 3 years..9 years", "age ≥ {} years", 13),
    ("age ≥ 48 to 72 months", "age ≥ {} months", 13),
    ("lvef > 50 to 60 %", "lvef > {} %", 21),
    ("acute_gvhd WHERE (grade ≥ 1 to 4)", "acute_gvhd WHERE (grade ≥ {})", 4),
    ("COUNT(failed_immunosuppressants) >= 1 to 5", "COUNT(failed_immunosuppressants) >= {}", 5),
]


@pytest.mark.parametrize(("text", "one", "count"), CURVES)
def test_each_point_of_a_curve_is_a_what_if(people: pl.DataFrame, text: str, one: str, count: int) -> None:
    rules = load("rjdm_cart")
    (curve,) = summary(rules, people, curves=[text])["curves"]
    points = curve["points"]
    assert len(points) == count
    what_ifs = [one.format(f"{each['threshold']:g}") for each in points]
    found = summary(rules, people, what_if=what_ifs)["what_if"]
    assert [each["verdicts"] for each in points] == [each["verdicts"] for each in found]
    assert len({each["verdicts"]["eligible"] for each in points}) > 1


def test_a_curve_passes_through_the_rules_as_they_are(people: pl.DataFrame) -> None:
    found = summary(load("rjdm_cart"), people, curves=["lvef >= 51.5 to 59 %"])
    (curve,) = found["curves"]
    assert curve["now"] == [55]
    (now,) = (each for each in curve["points"] if each["threshold"] == 55)
    assert now["verdicts"] == found["verdicts"]


WRONG_CURVES = [
    ("lvef ≥ 50 %", "write a comparison with a range"),
    ("lvef 40 to 60 %", "write a comparison with a range"),
    ("mi WITHIN 1 to 6 months BEFORE screening", "a window has no curve, only what-ifs"),
    ("lvef BETWEEN 40 to 60 %", "the one end of a BETWEEN that moves too"),
    ("lvef ≥ 60 to 40 %", "the range runs backwards; write 40 to 60"),
    ("lvef ≥ 50 to 50 %", "the range runs backwards"),
    ("lvef ≥ 40 to 60", "write `40 %`"),
    ("lvef ≤ 40 to 60 %", "there is no such comparison to change; the rules have lvef ≥ 55 %"),
    ("lveff ≥ 40 to 60 %", "did you mean `lvef`?"),
    ("lvef ≥ 40 to 60 mg", "curve lvef ≥ 40 to 60 mg: "),
    ("lvef ≥ 40 % to 60", "write both ends in full, and their unit behind them"),
    ("lvef ≥ 40 1 to 60 %", "write both ends in full"),
    ("lvef ≥ 1×10^6 to 5×10^7 %", "write both ends in full"),
    ("lvef ≥ 1/3 to 60 %", "write both ends in full"),
    ("lvef ≥ 1 to 5×10^7 %", "write both ends in full"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_CURVES)
def test_curves_that_do_not_fit_are_refused(text: str, message: str) -> None:
    with pytest.raises(PopulationError) as refused:
        read_curve(text, load("rjdm_cart").model)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"curve {text}: ")


@given(st.fractions(-1000, 1000, max_denominator=1000), st.fractions(0, 1000, max_denominator=1000).filter(bool))
def test_points_are_round_and_not_too_many(low: Fraction, width: Fraction) -> None:
    points = points_of(low, low + width)
    assert list(points) == sorted(set(points))
    assert (points[0], points[-1]) == (low, low + width)
    assert 8 <= len(points) <= 24


# ---- groups


def by(frame: dict[str, Any], grouping: str) -> dict[str, int]:
    (found,) = summary(loads(RULES), pl.DataFrame({"id": [str(n) for n in range(len(next(iter(frame.values()))))], **frame}), by=[grouping], allow_extra=True)["groups"]  # fmt: skip
    return {each["group"]: each["patients"] for each in found["groups"]}


GROUPS: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("arm", {"arm": ["c", "a", None, "c"]}, {"a": 1, "c": 2, "not recorded": 1}),
    ("fit", {"fit": [True, None, False, True]}, {"yes": 2, "no": 1, "not recorded": 1}),
    ("fit", {"fit": ["yes", "no", None, "true"]}, {"yes": 2, "no": 1, "not recorded": 1}),
    ("tall", {"weight": [50.0, 50.1, None, 80]}, {"yes": 2, "no": 1, "not recorded": 1}),
    ("site", {"site": ["B", "", "A", None]}, {"A": 1, "B": 1, "not recorded": 2}),
    ("site", {"site": [10, 9, None, 10]}, {"9": 1, "10": 2, "not recorded": 1}),
    ("site", {"site": [True, None]}, {"yes": 1, "not recorded": 1}),
    ("site", {"site": [0.1, float("nan"), 0.1]}, {"0.1": 2, "not recorded": 1}),
    ("site", {"site": [1000001.0, 1000002.0, 0.0, -0.0]}, {"0": 2, "1000001": 1, "1000002": 1}),
    ("dose: 1, 2.5", {"dose": [1.0, 2.5, 0.99, None, 2.4]}, {
        "below 1": 1, "1 to below 2.5": 2, "2.5 or more": 1, "not recorded": 1}),
    ("dose: -1, 0", {"dose": [-1, -2, 0]}, {"below −1": 1, "−1 to below 0": 1, "0 or more": 1}),
    ("age: 6, 12", {"age": [6.0, 5.9, 12, 80, None]}, {
        "below 6": 1, "6 to below 12": 1, "12 or more": 2, "not recorded": 1}),
    ("age: 72 months", {"age": [6.0, 5.9]}, {"below 72": 1, "72 or more": 1}),
    ("weight: 40, 60", {"weight": [40.0, 40.0, 100.0, 59999.0, 5.0], "weight_unit": ["kg", None, "lb", "g", "g"]}, {
        "below 40": 1, "40 to below 60": 4, "60 or more": 0}),
    ("ratio: 20", {"weight": [40.0, 39.9, None]}, {"below 20": 1, "20 or more": 1, "not recorded": 1}),
    ("grade", {"grade": [3, 0, None, 3]}, {"0": 1, "3": 2, "not recorded": 1}),
    ("alt: 50", {"alt": ["51", "50", "3 ×ULN", "49.99"], "alt_uln": [40.0] * 4}, {"below 50": 1, "50 or more": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("grouping", "frame", "expected"), GROUPS)
def test_who_is_in_which_group(grouping: str, frame: dict[str, Any], expected: dict[str, int]) -> None:
    found = by(frame, grouping)
    assert found == expected
    assert list(found) == list(expected)


def test_the_age_is_the_one_that_the_rules_take() -> None:
    frame = {
        "screening": ["2026-03-02"] * 5,
        "birth": ["2020-03-02", "2020-03-03", "2020", "2010", None],
        "age": [None, None, None, None, 7],
    }
    assert by(frame, "age: 6, 12") == {"below 6": 1, "6 to below 12": 2, "12 or more": 1, "not recorded": 1}
    without = {name: values[:4] for name, values in frame.items() if name != "age"}
    assert by(without, "age: 6, 12") == {"below 6": 1, "6 to below 12": 1, "12 or more": 1, "not recorded": 1}


@pytest.mark.parametrize("grouping", ["sex", "age: 6, 12", "site"])
def test_a_group_counts_as_a_population_of_its_own(people: pl.DataFrame, grouping: str) -> None:
    rules = load("rjdm_cart")
    sites = ["north", "south", None]
    if grouping == "site":
        people = people.with_columns(site=pl.Series([sites[n % 3] for n in range(people.height)]))
    ages = {"below 6": "age < 6 years", "12 or more": "age ≥ 12 years"}
    (found,) = summary(rules, people, by=[grouping])["groups"]
    assert sum(each["patients"] for each in found["groups"]) == people.height
    for group in found["groups"]:
        name = group["group"]
        if grouping.startswith("age"):
            if name not in ages:
                continue
            asked = loads(f'protocol A "a"\ndata\n{AGE}inclusion\n  (1) a "a"\n      {ages[name]}\n')
            rows = asked.screen(people, allow_extra=True).frame()["verdict"] == "eligible"
        else:
            held = people[grouping].cast(pl.String)
            rows = held.is_null() if name == "not recorded" else (held == name).fill_null(False)
        alone = summary(rules, people.filter(rows), allow_extra=True)
        assert (group["patients"], group["verdicts"]) == (alone["patients"], alone["verdicts"])
        for id, counts in group["criteria"].items():
            assert counts == {word: alone["criteria"][id][word] for word in counts}


AGE = """  screening "s" date
  birth_date "b" date
  age "age" in years
      otherwise YEARS FROM birth_date TO screening
"""


def test_parts_are_counted_by_themselves() -> None:
    rules = loads(
        'protocol P "p"\ndata\n  n "n" in mg/dL\n'
        'part donor "Donor"\n  inclusion\n    (1) "a"\n        n ≥ 1 mg/dL\n'
        'part host "Host"\n  inclusion\n    (1) "a"\n        n ≥ 5 mg/dL\n'
    )
    people = pl.DataFrame({"id": ["1", "2", "3"], "n": [2.0, 7.0, None], "site": ["x", "x", "y"]})
    found = summary(rules, people, by=["site"], curves=["n ≥ 4 to 8 mg/dL"])
    x, y = found["groups"][0]["groups"]
    assert x["verdicts"]["donor"] == {"eligible": 2, "ineligible": 0, "undetermined": 0}
    assert x["verdicts"]["host"] == {"eligible": 1, "ineligible": 1, "undetermined": 0}
    assert y["verdicts"]["host"] == {"eligible": 0, "ineligible": 0, "undetermined": 1}
    assert found["curves"][0]["points"][-1]["verdicts"]["host"]["eligible"] == 0


WRONG_GROUPS = [
    ("site: 1, 2", {"site": ["a"]}, "bands are for numbers, and `site` has none"),
    ("site", {}, "this data has no column `site`"),
    ("weigth", {}, "this data has no column `weigth`; did you mean `weight`?"),
    ("arm", {"fit": [True]}, "`arm` is not in this data"),
    ("arm: 1", {"arm": ["a"]}, "bands are for numbers, and `arm` is none"),
    ("birth", {"birth": ["2020"]}, "only options, yes/no and numbers make groups"),
    ("visit", {"visit": [[1]]}, "only a column of texts, yes/no or numbers makes groups"),
    ("ratio", {"weight": [1.0]}, "give bands, as in `ratio: 10, 20`"),
    ("age", {"age": [1.0]}, "give bands, as in `age: 10, 20`"),
    ("grade", {"grade": ["1"]}, "give bands, as in `grade: 10, 20`"),
    ("grade: 0.1234567890123456789", {"grade": [1]}, "has too many digits"),
    ("weight", {"weight": [1.0], "weight_unit": ["kg"]}, "give bands, as in `weight: 10, 20`"),
    ("weight: 10 mg/dL", {"weight": [1.0]}, "by weight: 10 mg/dL: "),
    ("site", {"site": list(range(99))}, "there are more than 60 groups; give bands"),
    ("site", {"site": [f"s{n}" for n in range(99)]}, "there are more than 60 groups"),
]


@pytest.mark.parametrize(("grouping", "frame", "message"), WRONG_GROUPS)
def test_groupings_that_do_not_fit_are_refused(grouping: str, frame: dict[str, Any], message: str) -> None:
    with pytest.raises(PopulationError) as refused:
        by(frame or {"age": [1.0]}, grouping)
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["age: six", "age:", "age: 1,,2", "age: 12, 6", "age: 6, 6", "age: 1.2.3"])
def test_edges_are_numbers_that_go_upwards(text: str) -> None:
    with pytest.raises(PopulationError) as refused:
        read_grouping(text)
    assert str(refused.value).startswith(f"by {text}: ")


def test_a_row_decided_one_by_one_is_in_its_group() -> None:
    people = pl.DataFrame({"id": ["1", "2"], "alt": ["3 ×ULN", "300"], "alt_uln": [40.0, 40.0], "fit": [True, True]})
    found = summary(loads(RULES), people, by=["alt: 100, 200"], curves=["alt ≤ 2 to 8 × ULN"])
    assert found["one_by_one"] == 1
    groups = {each["group"]: each["verdicts"]["eligible"] for each in found["groups"][0]["groups"]}
    assert groups == {"below 100": 0, "100 to below 200": 1, "200 or more": 0}
    eligible = {each["threshold"]: each["verdicts"]["eligible"] for each in found["curves"][0]["points"]}
    assert (eligible[2], eligible[3], eligible[7.5], eligible[8]) == (0, 1, 2, 2)


# ---- differences


def test_known_figures() -> None:
    """Fisher's tasting of tea (The Design of Experiments, 1935): 3 of 4 against 1 of 4, p = 34/70. Wilson's limits for
    81 of 263 (Newcombe, Statistics in Medicine 1998, table I): 0.2553 to 0.3662. A table of 2 × 2 with 20 and 10 of 50:
    chi-square 100/21, p = 0.0291. Benjamini and Hochberg: the smaller of two p is doubled, the larger stays."""
    found = differences(
        {
            "tea": [("a", 3, 4), ("b", 1, 4)],
            "limits": [("all", 81, 263)],
            "chi": [("a", 20, 50), ("b", 10, 50)],
        }
    )
    assert found["tea"]["p"] == pytest.approx(34 / 70, rel=1e-5)
    assert found["tea"]["test"] == "Fisher's exact"
    assert [found["limits"]["rates"][0][end] for end in ("low", "high")] == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert found["limits"]["p"] is None
    assert found["chi"]["test"] == "chi-square"
    assert found["chi"]["p"] == pytest.approx(0.0290963, abs=1e-6)
    assert found["chi"]["q"] == pytest.approx(2 * found["chi"]["p"], rel=1e-5)
    assert found["tea"]["q"] == found["tea"]["p"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=0, max_size=5))
def test_differences_hold_for_any_counts(counts: list[tuple[int, int]]) -> None:
    groups = [(f"g{n}", min(a, b), max(a, b)) for n, (a, b) in enumerate(counts)]
    found = differences({"x": groups})["x"]
    for rate in found["rates"]:
        assert 0 <= rate["low"] <= rate["rate"] <= rate["high"] <= 1
    fails, of = sum(each[1] for each in groups), sum(each[2] for each in groups)
    if 0 < fails < of and sum(1 for each in groups if each[2]) > 1:
        assert 0 < found["p"] <= found["q"] <= 1
    else:
        assert found["p"] is None
    assert differences({"x": groups})["x"] == found


# ---- the command


def test_the_command_shows_curves_and_groups(tmp_path: Any) -> None:
    rules, people = tmp_path / "t.rules", tmp_path / "people.csv"
    rules.write_text('protocol T "t"\ndata\n  n "n" in mg/dL\ninclusion\n  (1) "n"\n      n ≥ 6 mg/dL\n')
    people.write_text("id,n,site\n" + "".join(f"{n},{n % 10},{'ab'[n % 10 < 7]}\n" for n in range(100)) + "x,,a\n")
    result = run("screen", str(rules), str(people), "-o", f"{tmp_path}/out", "--by", "site", "--by", "n: 5", "--curve", "n ≥ 4 to 8 mg/dL")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.stdout.split("\n\n", 3)[-1] == SHOWN
    assert result.stderr.endswith("report.html\n")


SHOWN = """\
n ≥ 4 to 8 mg/dL                     eligible undetermined   ineligible
             4 mg/dL                       60            1           40
           4.2 mg/dL                       50            1           50
           4.4 mg/dL                       50            1           50
           4.6 mg/dL                       50            1           50
           4.8 mg/dL                       50            1           50
             5 mg/dL                       50            1           50
           5.2 mg/dL                       40            1           60
           5.4 mg/dL                       40            1           60
           5.6 mg/dL                       40            1           60
           5.8 mg/dL                       40            1           60
             6 mg/dL                       40            1           60 now
           6.2 mg/dL                       30            1           70
           6.4 mg/dL                       30            1           70
           6.6 mg/dL                       30            1           70
           6.8 mg/dL                       30            1           70
             7 mg/dL                       30            1           70
           7.2 mg/dL                       20            1           80
           7.4 mg/dL                       20            1           80
           7.6 mg/dL                       20            1           80
           7.8 mg/dL                       20            1           80
             8 mg/dL                       20            1           80

by site                   patients  eligible  undetermined  ineligible
  a                             31    96.8 %         3.2 %       0.0 %
  b                             70    14.3 %         0.0 %      85.7 %
  the groups differ in who fails I1

by n in mg/dL             patients  eligible  undetermined  ineligible
  below 5                       50     0.0 %         0.0 %     100.0 %
  5 or more                     50    80.0 %         0.0 %      20.0 %
  not recorded                   1     0.0 %       100.0 %       0.0 %
  the groups differ in who fails I1
"""


def test_wrong_questions_stop_before_anything_runs(tmp_path: Any) -> None:
    people = tmp_path / "people.csv"
    people.write_text("id,lvef\n1,50\n")
    for option, text in (("--curve", "lvef ≥ 40 %"), ("--by", "site"), ("--by", "age: x")):
        result = run("screen", "rjdm_cart", str(people), "-o", f"{tmp_path}/out", option, text)
        assert result.exit_code == 2
        assert text in result.stderr
        assert not (tmp_path / "out").exists()


def test_a_protocol_made_from_text_has_curves_too() -> None:
    people = pl.DataFrame({"id": ["1", "2"], "n1": [1.0, 3.0]})
    found = summary(protocol("n1 ≥ 2 mg/dL"), people, curves=["n1 ≥ 1 to 4 mg/dL"])
    assert found["curves"][0]["points"][0]["verdicts"]["eligible"] == 2
