"""What if the rules were a little different: held against protocols that are written so."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from making import protocol
from running import run

from rjdm_rules import Protocol, load, loads
from rjdm_rules.screening.matching import PopulationError
from rjdm_rules.screening.screen import Screening
from rjdm_rules.screening.sources import source_of
from rjdm_rules.screening.synthesizing import Synthesizer
from rjdm_rules.screening.what_if import WhatIf, changed, read_what_if


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    return Synthesizer(load("rjdm_cart").graph, 11).block(0, 4000)


def verdicts(rules: Protocol, people: pl.DataFrame, readings: dict[str, str] | None = None) -> pl.DataFrame:
    return rules.screen(people, readings).frame().with_columns(pl.exclude("id", "deciding_facts").cast(pl.String))


def rewritten(old: str, new: str) -> Protocol:
    """The bundled protocol with other words in its text."""
    place = next(load("rjdm_cart").model.criteria()).place
    assert old in place.source.text
    return loads(place.source.text.replace(old, new))


CHANGES = [
    ("lvef >= 50 %", "lvef ≥ 55 %", "lvef ≥ 50 %"),
    ("lvef > 55 %", "lvef ≥ 55 %", "lvef > 55 %"),
    ("age ≥ 3 years", "age ≥ 5 years", "age ≥ 3 years"),
    ("ast ≤ 5 × ULN", "ast ≤ 3.0 × ULN", "ast ≤ 5 × ULN"),
    ("acute_mi WITHIN 2 months BEFORE screening", "acute_mi WITHIN 6 months BEFORE", "acute_mi WITHIN 2 months BEFORE"),
    ("live_vaccine WITHIN 26 weeks BEFORE screening", "live_vaccine WITHIN 4 weeks", "live_vaccine WITHIN 26 weeks"),
    ("acute_gvhd WITHIN 1 year BEFORE screening", "(grade ≥ 2) WITHIN 2 weeks", "(grade ≥ 2) WITHIN 1 year"),
    ("acute_gvhd WHERE (grade ≥ 2) WITHIN 1 year BEFORE screening", "(grade ≥ 2) WITHIN 2 weeks", "(grade ≥ 2) WITHIN 1 year"),
    ("acute_gvhd WHERE (grade ≥ 1)", "(grade ≥ 2) WITHIN 2 weeks", "(grade ≥ 1) WITHIN 2 weeks"),
    ("hepatitis_b = surface_antigen_alone", "chosen either_with_dna", "chosen surface_antigen_alone"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new"), CHANGES)
def test_a_change_counts_who_changes(people: pl.DataFrame, text: str, old: str, new: str) -> None:
    rules = load("rjdm_cart")
    what_if = read_what_if(text, rules.model)
    screening = Screening(rules.evaluator(), source_of(people, rules.model), what_if=(what_if,))
    screening.frame()
    (found,) = screening.summary()["what_if"]
    before, after = verdicts(rules, people), verdicts(rewritten(old, new), people)
    pairs = Counter(zip(before["verdict"], after["verdict"], strict=True))
    assert {(each["from"], each["to"]): each["patients"] for each in found["changes"]} == {
        pair: count for pair, count in pairs.items() if pair[0] != pair[1]
    }
    assert found["verdicts"] == {word: (after["verdict"] == word).sum() for word in found["verdicts"]}
    moved = before["verdict"] != after["verdict"]
    top = [each.id for part in rules.model.parts for block in part.blocks for each in block.criteria]
    by = {id: int(((before[id] != after[id]) & moved).sum()) for id in top}
    assert found["by_criterion"] == {id: count for id, count in by.items() if count}


def test_without_a_criterion_it_is_as_if_it_were_satisfied(people: pl.DataFrame) -> None:
    rules = load("rjdm_cart")
    screening = Screening(rules.evaluator(), source_of(people, rules.model), what_if=(WhatIf(dropped=("I5",)),))
    screening.frame()
    summary = screening.summary()
    gained = sum(each["patients"] for each in summary["what_if"][0]["changes"] if each["to"] == "eligible")
    assert gained == summary["criteria"]["I5"]["gained"] > 0


WRONG = [
    ("lvef ≥ 50", "write `50 %`"),
    ("lveff ≥ 50 %", "did you mean `lvef`?"),
    ("lvef ≤ 50 %", "there is no such comparison to change; the rules have lvef ≥ 55 %"),
    ("height ≥ 50 cm", "the rules compare it nowhere"),
    ("ecg_abnormal", "write a comparison"),
    (" , ", "write what is to change"),
    ("ast ≤ 50 U/L", "there is no such comparison to change; the rules have ast ≤ 3.0 × ULN"),
    (
        "acute_mi WITHIN 3 months AFTER screening",
        "there is no such window to change; the rules have acute_mi WITHIN 6 months",
    ),
    ("acute_mi AT LEAST 3 months BEFORE screening", "there is no such window to change"),
    ("acute_mi WITHIN 3 months BEFORE enrollment", "there is no such window to change"),
    ("acute_gvhd WHERE (grade ≥ 1) WITHIN 1 year BEFORE screening", "there is no such window to change"),
    ("car_t_date WITHIN 3 months BEFORE screening", "what if car_t_date"),
    ("without I99", "there is no criterion I99"),
    ("hepatitis_b = surface", "is no option of the reading `hepatitis_b`"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_changes_that_do_not_fit_are_refused(text: str, message: str, tmp_path: pytest.TempPathFactory) -> None:
    people = f"{tmp_path}/people.csv"
    with open(people, "w", encoding="utf-8") as file:
        file.write("id,lvef\n1,50\n")
    result = run("screen", "rjdm_cart", people, "-o", f"{tmp_path}/out", "--what-if", text)
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_command_says_who_changes(tmp_path: pytest.TempPathFactory) -> None:
    people = f"{tmp_path}/people.csv"
    with open(people, "w", encoding="utf-8") as file:
        file.write("id,n2\n1,5\n2,7\n3,\n")
    rules = f"{tmp_path}/t.rules"
    with open(rules, "w", encoding="utf-8") as file:
        file.write('protocol T "t"\ndata\n  n2 "n" in mg/dL\ninclusion\n  (1) n "n"\n      n2 ≥ 6 mg/dL\n')
    result = run("screen", rules, people, "-o", f"{tmp_path}/out", "--what-if", "n2 ≥ 4 mg/dL")
    assert result.exit_code == 0, result.output
    assert "what if n2 ≥ 4 mg/dL\n  ineligible → eligible                      1\n  by I1 1\n" in result.stdout


def test_the_rules_themselves_stay_as_they_are() -> None:
    rules = protocol("n1 ≥ 2 mg/dL")
    evaluator = rules.evaluator()
    other = changed(evaluator, read_what_if("n1 ≥ 1 mg/dL", rules.model))
    record = {"n1": 1.5}
    assert (evaluator.evaluate(record).verdict, other.evaluate(record).verdict) == ("ineligible", "eligible")
    with pytest.raises(PopulationError):
        changed(evaluator, WhatIf(thresholds=("n2 ≥ 1 mg/dL",)))


DATES = """protocol D "d"
data
  screening "screening" date
  dose "last dose" date
  crp "CRP" repeated in mg/L
inclusion
  (1) "washed out"
      dose AT LEAST {} BEFORE screening
  (2) "calm"
      value OF LATEST(crp WITHIN {} BEFORE screening) ≤ 10 mg/L
"""
WINDOWS = [
    ("dose AT LEAST 2 weeks BEFORE screening", ("2 weeks", "28 days")),
    ("crp WITHIN 3 months BEFORE screening", ("28 days", "3 months")),
    ("dose AT LEAST 60 days BEFORE screening, crp WITHIN 1 week BEFORE screening", ("60 days", "1 week")),
]


@pytest.mark.parametrize(("text", "lengths"), WINDOWS)
def test_windows_of_dates_and_measurements_move(text: str, lengths: tuple[str, str]) -> None:
    rules = loads(DATES.format("28 days", "28 days"))
    blocks = [
        Synthesizer(each.graph, 2).block(n, 2000) for n, each in enumerate((rules, loads(DATES.format(*lengths))))
    ]
    people = pl.concat(blocks)
    found = rules.screen(people, what_if=[text])
    found.frame()
    (counted,) = found.summary()["what_if"]
    after = verdicts(loads(DATES.format(*lengths)), people)["verdict"]
    assert counted["verdicts"] == {word: (after == word).sum() for word in counted["verdicts"]}
    assert counted["changes"]


def test_of_several_dropped_criteria_each_counts_where_it_stood_in_the_way() -> None:
    rules = loads(
        'protocol T "t"\ndata\n  a "a" yes/no\n  b "b" yes/no\ninclusion\n  (1) "a"\n      a\nexclusion\n  (1) "b"\n      b\n'
    )
    people = pl.DataFrame({"id": [1, 2, 3, 4], "a": [True, False, True, None], "b": [False, False, True, None]})
    (found,) = rules.screen(people, what_if=["without I1, without E1"]).summary()["what_if"]
    assert found["by_criterion"] == {"I1": 2, "E1": 2}
    assert found["verdicts"]["eligible"] == 4
