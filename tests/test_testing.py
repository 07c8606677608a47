"""Examples: how they run, what they cover, and the ones that are made to fill the gaps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner
from making import Maker

from rjdm_rules import Protocol, loads
from rjdm_rules.cli.commands import rjdm
from rjdm_rules.language.formatting import formatted
from rjdm_rules.language.source import Source
from rjdm_rules.testing.coverage import Coverage, coverage_of, percent
from rjdm_rules.testing.report import missing_lines, report_of
from rjdm_rules.testing.running import run_examples
from rjdm_rules.testing.suggesting import Suggester, suggestion_text

RULES = """protocol SMALL "A small protocol"

readings
  way "Which"
      one of one, other
      chosen one

data
  screening "date of screening" date
  birth     "date of birth"     date
  age       "age"               in years
      otherwise YEARS FROM birth TO screening
      range 0..120
  asthma    "asthma"            yes/no
  eczema    "eczema"            yes/no
  ast       "AST"               in U/L with ULN
      range 0..9999
  attack    "attack"            event
      grade 0..4
  drugs     "drugs"             several of x, y, z

inclusion
  (1) AND ANY((2), (3))
  (1) "Aged 18 years or older"
      age ≥ 18 years
  (2) "Asthma, or two drugs and no eczema"
      ANY(①, ②)
      ① "Asthma"
          asthma
      ② "Two drugs, no eczema"
          COUNT(drugs) ≥ 2 AND NOT eczema
  (3) "AST at most 3 × ULN"
      ast ≤ 3 × ULN

exclusion
  (1) "Attack of grade 2 or more within 3 months before screening, where one way is taken"
      attack WHERE (grade ≥ 2) WITHIN 3 months BEFORE screening AND way IS one
"""
GOOD = """
example good "A good patient"
  given
      screening = 2026-03-02
      age = 18 years
      asthma = yes
      eczema = yes
      drugs = none
      ast = 121 U/L (ULN 40 U/L)
      attack = none
  expect eligible
  expect I2.2 not met
  expect E1 not met
"""


def made(more: str = GOOD) -> Protocol:
    return loads(RULES + more)


def coverage(protocol: Protocol) -> Coverage:
    return coverage_of(protocol.evaluator())


# ---- running -------------------------------------------------------------------------------------------------------

EXPECTATIONS = [
    ("", "expect eligible", None),
    ("", "expect ineligible", "expected ineligible, got eligible"),
    ("", "expect I3 met", "expected I3 met, got not met"),
    ("asthma = unknown", "expect deciding asthma", None),
    ("asthma = unknown", "expect deciding asthma, ast", "expected deciding facts ast, asthma, got asthma"),
    ("", "expect deciding asthma", "expected deciding facts asthma, got none"),
    ("age = 17 years", "expect reasons I1", None),
    ("age = 17 years", 'expect reasons I1 "17 years"', None),
    ("age = 17 years", 'expect reasons I1 "19 years"', "expected reason I1 “19 years” in it"),
    ("age = 17 years", "expect reasons I1, I2", "expected reasons I1, I2, got I1"),
    ("attack = 2026-02-01 (grade 2)", "expect ineligible", None),
    ("attack = 2026-02-01 (grade 2)\n      way = other", "expect eligible", None),
]


@pytest.mark.parametrize(("given", "expected", "said"), EXPECTATIONS)
def test_expectations(given: str, expected: str, said: str | None) -> None:
    given = f"  given\n      {given}\n" if given else ""
    protocol = made(f'{GOOD}\nexample other "Another" like good\n{given}  {expected}\n')
    good, other = report_of("small.rules", protocol.evaluator()).runs
    assert good.passed
    lines = [
        line
        for failure in other.failures
        for line in [f"expected {_what(failure.what)}{failure.expected}, got {failure.got}"]
    ]
    assert (said is None) is other.passed, lines
    assert said is None or any(said in line for line in lines), lines


def _what(subject: str) -> str:
    return "" if subject == "verdict" else f"{subject} "


def test_a_failure_shows_where_it_went_another_way() -> None:
    protocol = made(f'{GOOD}\nexample young "Too young" like good\n  given\n      age = 17 years\n  expect eligible\n')
    failure = run_examples(protocol.graph)[1].failures[0]
    lines = [line for reason in failure.why for line in reason.lines()]
    assert lines[0].startswith("✗ Inclusion: not satisfied")
    assert any("17 years" in line for line in lines)
    assert not any("(2)" in line and "asthma" in line.lower() for line in lines[1:3]), "what holds is not shown"


WRONG = [
    ("expect I9 met", "R202"),
    ("expect met", "R807"),
    ("expect deciding nothing", "R201"),
    ("expect reasons I9", "R202"),
    ("expect eligible\n  expect eligible", "R206"),
    ("expect deciding ast\n  expect deciding age", "R206"),
]


@pytest.mark.parametrize(("line", "code"), WRONG)
def test_expectations_that_cannot_be(line: str, code: str) -> None:
    from rjdm_rules import RulesError

    with pytest.raises(RulesError, match=code):
        made(f'{GOOD}\nexample other "Another" like good\n  {line}\n')


def test_an_unknown_option_of_a_reading() -> None:
    from rjdm_rules import RulesError

    with pytest.raises(RulesError, match="`othr` is no option of `way`"):
        made(f'{GOOD}\nexample other "Another" like good\n  given\n      way = othr\n  expect eligible\n')


# ---- coverage ------------------------------------------------------------------------------------------------------


def seen(found: Coverage, words: str) -> dict[object, list[str]]:
    return next(dict(each) for condition, each in found.conditions.items() if words in condition.words)


def test_conditions_in_three_values() -> None:
    more = '\nexample unsure "Unsure" like good\n  given\n      asthma = unknown\n  expect undetermined\n'
    found = coverage(made(GOOD + more))
    assert seen(found, "asthma") == {True: ["good"], False: [], None: ["unsure"]}
    assert seen(found, "eczema") == {True: ["good", "unsure"], False: [], None: []}
    assert found.outcomes["I1"] == {True: ["good", "unsure"], False: [], None: []}
    assert not any("way" in condition.words for condition in found.conditions), "a reading is settled"


def test_criteria_that_decide_alone() -> None:
    more = """
example no_asthma "No asthma" like good
  given
      asthma = no
  expect ineligible

example both "Two reasons" like good
  given
      age = 17 years
      asthma = no
  expect ineligible
"""
    found = coverage(made(GOOD + more))
    assert found.alone["I1"] == {True: ["good"], False: []}, "in `both`, I2 fails too"
    assert found.alone["I2"] == {True: ["good"], False: ["no_asthma"]}
    assert found.alone["I2.1"] == {True: ["good"], False: ["no_asthma"]}
    assert found.alone["I2.2"] == {True: [], False: ["no_asthma"]}
    assert found.alone["I3"] == {True: [], False: ["no_asthma"]}
    assert found.alone["E1"] == {True: [], False: ["good"]}


THRESHOLDS = [
    ("age = 18 years", "age", "on"),
    ("age = 17 years", "age", "below"),
    ("age = 19 years", "age", "above"),
    ("age = 16 years", "age", None),
    ("birth = 2008-03-02\n      age = unknown", "age", "on"),
    ("birth = 2008-03-03\n      age = unknown", "age", "below"),
    ("ast = 120 U/L (ULN 40 U/L)", "AST", "on"),
    ("ast = 119 U/L (ULN 40 U/L)", "AST", "below"),
    ("ast = 121 U/L (ULN 40 U/L)", "AST", "above"),
    ("ast = 200 U/L (ULN 40 U/L)", "AST", None),
    ("drugs = x, y", "drugs", "on"),
    ("drugs = x", "drugs", "below"),
    ("attack = 2025-12-02 (grade 2)", "attack", "on"),
    ("attack = 2025-12-01 (grade 2)", "attack", "below"),
    ("attack = 2025-12-03 (grade 2)", "attack", "above"),
    ("attack = 2025-12-02 (grade 1)", "attack", None),
    ("attack = 2025-12", "attack", None),
]


@pytest.mark.parametrize(("given", "words", "side"), THRESHOLDS)
def test_beside_a_threshold(given: str, words: str, side: str | None) -> None:
    found = coverage(made(f'{GOOD}\nexample other "Another" like good\n  given\n      {given}\n'))
    sides = next(sides for threshold, sides in found.thresholds.items() if words in threshold.words)
    assert [each for each, names in sides.items() if "other" in names] == ([side] if side else [])


def test_a_percentage_says_all_only_of_all() -> None:
    assert [percent(199, 200), percent(200, 200), percent(0, 5)] == ["99 %", "100 %", "0 %"]


# ---- suggestions ---------------------------------------------------------------------------------------------------


def completed(protocol: Protocol, text: str) -> Protocol:
    """The protocol with all that is suggested."""
    suggester = Suggester(protocol.evaluator())
    return loads(text + "\n" + "\n".join(suggestion_text(each, protocol.model) for each in suggester.run()))


@pytest.mark.parametrize("examples", [GOOD, ""])
def test_suggestions_fill_every_gap(examples: str) -> None:
    whole = completed(made(examples), RULES + examples)
    found = coverage(whole)
    assert [line for line in missing_lines(found) if "reading" not in line] == []
    assert all(run.passed for run in run_examples(whole.graph))
    assert len({example.name for example in whole.model.examples}) == len(whole.model.examples)


FILLED = {  # data, condition: what earlier suggestions could not bring about, or only where it did not matter
    "between both limits": ('  k "k" in mmol/L with LLN with ULN\n      range 1..10\n', "k BETWEEN LLN AND ULN"),
    "enough measurements, and their mean": (
        '  s "s" date\n  r "r" repeated in mmHg\n      range 0..300\n',
        "COUNT(r WITHIN 8 weeks BEFORE s) ≥ 3 AND MEAN(value OF r WITHIN 8 weeks BEFORE s) BETWEEN 140 mmHg AND 179 mmHg",
    ),
    "a count": ('  c "c" count\n      range 0..5\n', "c ≤ 1"),
    "years behind a birthday": (
        '  s "s" date\n  b "b" date\n  age "age" in years\n      otherwise YEARS FROM b TO s\n      range 0..120\n',
        "age ≤ 80 years",
    ),
}


@pytest.mark.parametrize("name", FILLED)
def test_suggestions_fill(name: str) -> None:
    data, condition = FILLED[name]
    text = f'protocol T "t"\ndata\n{data}inclusion\n  (1) "x"\n      {condition}\n'
    protocol = loads(text)
    suggester = Suggester(protocol.evaluator())
    made = [suggestion_text(each, protocol.model) for each in suggester.run()]
    assert not suggester.missed
    found = coverage(loads(text + "\n" + "\n".join(made)))
    part, whole = found.counted_thresholds()
    assert part == whole > 0


STEPS = [
    ('  a "a" in %\n', "a > 10 %", "0.1"),
    ('  a "a" in %\n', "a > 55 %", "1"),
    ('  a "a" in U/L with ULN\n', "a > 3 × ULN", "0.1"),
    ('  a "a" count\n', "a > 3", "1"),
    ('  a "a" in years\n', "a > 5 years", "1"),
    ('  a "a" in mmol/L\n', "a > 3.5 mmol/L", "0.1"),
]


@pytest.mark.parametrize(("data", "condition", "step"), STEPS)
def test_how_close_just_beside_a_threshold_is(data: str, condition: str, step: str) -> None:
    found = coverage(loads(f'protocol T "t"\ndata\n{data}inclusion\n  (1) "x"\n      {condition}\n'))
    (threshold,) = found.thresholds
    assert threshold.step == Fraction(step)


def test_suggestions_are_in_the_canonical_layout() -> None:
    suggester = Suggester(made().evaluator())
    text = formatted(Source("t", RULES + GOOD))
    for each in suggester.run():
        text += "\n" + suggestion_text(each, made().model)
    assert formatted(Source("t", text)) == text


@pytest.mark.parametrize("seed", [0, 1, 4, 5, 6, 7, 8, 9])  # others take a minute
def test_suggestions_of_random_protocols_hold(seed: int) -> None:
    """Whatever is suggested reads again, comes out as it says, and fills the gap that it was made for."""
    text = Maker(seed).text()
    protocol = loads(text)
    before = coverage(protocol)
    whole = completed(protocol, text)
    assert all(run.passed for run in run_examples(whole.graph))
    after = coverage(whole)
    for truth in (True, False, None):
        assert after.counted(truth)[0] >= before.counted(truth)[0]
    names = [example.name for example in whole.model.examples]
    alone = [name for name in names if re.fullmatch(r"[IE]\d_(not_)?met", name)]
    for name in alone:
        assert name in after.alone[name[:2]][not name.endswith("not_met")], name


def test_random_protocols_are_mostly_filled() -> None:
    """The test above would say nothing of a solver that finds nothing."""
    part = whole = 0
    for seed in range(8, 11):
        text = Maker(seed).text()
        found = coverage(completed(loads(text), text))
        for truth in (True, False):
            part, whole = part + found.counted(truth)[0], whole + found.counted(truth)[1]
    assert part / whole > 0.75, f"{part} of {whole}"


# ---- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.rules"
    path.write_text(RULES + GOOD, encoding="utf-8")
    return path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(rjdm, ["test", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_the_report(small: Path, golden: Callable[[str, str], None]) -> None:
    code, said = run("small.rules", "--missing")
    assert code == 0
    golden("test_report.txt", said)


def test_a_failing_report(small: Path, golden: Callable[[str, str], None]) -> None:
    more = '\nexample severe "A severe attack" like good\n  given\n      attack = 2026-01-15 (grade 3)\n  expect eligible\n  expect E1 not met\n'
    small.write_text(RULES + GOOD + more, encoding="utf-8")
    code, said = run("small.rules")
    assert code == 1
    golden("test_failing.txt", said)


def test_json(small: Path) -> None:
    code, said = run("small.rules", "--format", "json")
    report = json.loads(said)[0]
    assert code == 0
    assert report["examples"] == [{"name": "good", "line": 39, "passed": True, "verdict": "eligible", "failures": []}]
    assert report["summary"]["alone"] == {"covered": 4, "of": 12}
    assert report["criteria"]["I1"]["alone"] == {"met": ["good"], "not met": []}
    assert {each["words"] for each in report["conditions"]} >= {"asthma", "eczema"}


def test_suggest_then_paste(small: Path) -> None:
    code, said = run("small.rules", "--suggest")
    assert code == 0
    small.write_text(RULES + GOOD + said, encoding="utf-8")
    code, said = run("small.rules")
    assert code == 0 and "100 %" in said


def test_marks_in_the_document(small: Path) -> None:
    code, _ = run("small.rules", "-o", "shown.html")
    page = (small.parent / "shown.html").read_text(encoding="utf-8")
    assert code == 0
    assert "Not all shown by examples" in page and 'title="good"' in page and "decides alone, not met" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["small.rules", "-o", "shown.txt"], "ends with .html"),
        (["organ_function"], "is a library"),
        (["nothing.rules"], "cannot be read"),
        (["small.rules", "--reading", "way=up"], "is no option"),
    ],
)
def test_what_cannot_be_done(small: Path, words: list[str], said: str) -> None:
    result = CliRunner().invoke(rjdm, ["test", *words])
    assert result.exit_code == 2 and said in result.output
