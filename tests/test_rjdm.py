"""The RJDM protocol: the shared cases, and every figure of the source document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rjdm_rules import Protocol, load
from rjdm_rules.assets import asset
from rjdm_rules.evaluation.explaining import outcome_of
from rjdm_rules.evaluation.results import verdict_of
from rjdm_rules.testing.coverage import coverage_of
from rjdm_rules.testing.report import failure_lines, missing_lines
from rjdm_rules.testing.running import run_examples

DATA = Path(__file__).parent / "data"
OTHER_READINGS = {
    "liver_exception": "transaminases_only",
    "weakness_nesting": "cmas_only",
    "hepatitis_b": "surface_antigen_alone",
}


def cases() -> list[dict[str, Any]]:
    lines = (DATA / "rjdm_patients.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("name", "readings"), [("default_readings", {}), ("other_readings", OTHER_READINGS)])
def test_the_made_up_patients(rjdm: Protocol, name: str, readings: dict[str, str]) -> None:
    for case in cases():
        result = rjdm.evaluate(case["record"], readings)
        expected = case[name]
        assert result.verdict == expected["verdict"], case["record"]["id"]
        found = {criterion: result.criteria[criterion] for criterion in expected["criteria"]}
        assert found == expected["criteria"], case["record"]["id"]
        assert bool(result.deciding_facts) == (result.verdict == "undetermined")


def test_the_reference_says_the_same_of_them(rjdm: Protocol) -> None:
    evaluator = rjdm.evaluator()
    (part,) = rjdm.model.parts
    for case in cases()[:150]:
        reference = evaluator.reference(case["record"])
        assert verdict_of(part, reference) == case["default_readings"]["verdict"]
        for criterion in rjdm.model.criteria():
            assert outcome_of(criterion, reference) == case["default_readings"]["criteria"][criterion.id]


def test_the_deciding_facts_settle_it(rjdm: Protocol) -> None:
    """Without the deciding facts nothing else can settle the verdict; each is an item that is not fully known."""
    undetermined = [case["record"] for case in cases() if case["default_readings"]["verdict"] == "undetermined"]
    for record in undetermined:
        result = rjdm.evaluate(record)
        others = {name: value for name, value in record.items() if name not in result.deciding_facts}
        assert rjdm.evaluate(others).verdict == "undetermined"


def test_what_alone_stands_in_the_way(rjdm: Protocol) -> None:
    evaluator = rjdm.evaluator()
    for case in [case for case in cases() if case["default_readings"]["verdict"] == "ineligible"][:60]:
        explanation = rjdm.explain(case["record"])
        for id in explanation.alone[None]:
            block = "inclusion" if id.startswith("I") else "exclusion"
            outcome = explanation.result.criteria[id]
            assert outcome == ("not met" if block == "inclusion" else "met")
        assert explanation.result == evaluator.evaluate(case["record"])


def test_numbering_and_kinds(rjdm: Protocol) -> None:
    ids = [criterion.id for criterion in rjdm.model.criteria()]
    assert [id for id in ids if "." not in id] == [f"I{n}" for n in range(1, 8)] + [f"E{n}" for n in range(1, 13)]
    assert [id for id in ids if id.startswith("I3.")] == [f"I3.{n}" for n in range(1, 6)]
    assert [id for id in ids if id.startswith("I5.")] == ["I5.cardiac", "I5.renal", "I5.liver", "I5.lung"]
    assert rjdm.warnings == ()


def test_every_criterion_names_its_source_and_every_item_its_question(rjdm: Protocol) -> None:
    assert [each.id for each in rjdm.model.criteria() if not each.sources] == []
    assert [each.name for each in rjdm.model.items.values() if not each.ask] == []


def test_every_figure_of_the_source_is_in_the_rules(rjdm: Protocol) -> None:
    """Walks the numbers of the source document; each must stand in the rules file."""
    source = (DATA / "nct06686524_source.txt").read_text(encoding="utf-8")
    source = source.replace("107/kg", "10^7/kg")  # the listing lost the exponent
    source = re.sub(r"\bone year\b", "1 year", source)
    source = re.sub(r"[①-⑤]|^- \(\d+\)", " ", source, flags=re.MULTILINE)  # references and the listing's own numbering
    source = re.sub(
        r"1\.73m2|CD19|10\^7", lambda match: {"1.73m2": "1.73", "CD19": "19", "10^7": "7"}[match.group()], source
    )
    figures = {format(float(number), "g") for number in re.findall(r"\d+(?:\.\d+)?", source)}
    words = {"two": "2", "three": "3", "five": "5"}
    figures |= {number for word, number in words.items() if re.search(rf"\b{word}\b", source)}
    rules = asset("rules", "rjdm_cart.rules").read_text(encoding="utf-8") + asset(
        "rules", "organ_function.rules"
    ).read_text(encoding="utf-8")
    rules = re.sub(r"\bone year\b", "1 year", rules)
    there = {format(float(number), "g") for number in re.findall(r"\d+(?:\.\d+)?", re.sub(r"10\^7", "7", rules))}
    there |= {number for word, number in words.items() if re.search(rf"\b{word}\b", rules)}
    assert sorted(figures - there) == []
    assert {"5", "6", "48", "2", "0.25", "1.5", "55", "30", "1.73", "3", "92", "4", "9", "18"} <= figures


def test_the_examples_come_out_as_expected(rjdm: Protocol) -> None:
    runs = run_examples(rjdm.graph)
    assert len(runs) > 70
    assert [line for run in runs for line in failure_lines(run)] == []


def test_the_examples_show_everything(rjdm: Protocol) -> None:
    """Each condition true and false, each criterion deciding alone both ways, each option of a reading taken."""
    coverage = coverage_of(rjdm.evaluator())
    lacking = [line for line in missing_lines(coverage) if re.search(r"\b(true|false|alone|reading|met)\b", line)]
    assert lacking == []
    for part, whole in (coverage.counted(True), coverage.counted(False), coverage.counted_alone()):
        assert part == whole > 50


def test_the_bundled_patients_are_among_the_examples(rjdm: Protocol) -> None:
    lines = asset("rules", "example_patients.jsonl").read_text(encoding="utf-8").splitlines()
    examples = {example.name: example for example in rjdm.model.examples}
    for record in map(json.loads, lines):
        assert rjdm.evaluate(record).criteria == rjdm.evaluate(dict(examples[record["id"]].record)).criteria


def test_bohan_and_peter() -> None:
    rjdm = load("rjdm_cart")
    signs = ["proximal_weakness", "biopsy_typical", "enzymes_raised", "emg_typical"]
    for count, met in ((4, "met"), (3, "met"), (2, "met"), (1, "not met"), (0, "not met")):
        record = {name: index < count for index, name in enumerate(signs)} | {"rash_typical": True}
        assert rjdm.evaluate(record).criteria["I2"] == met
        assert rjdm.evaluate(record | {"rash_typical": False}).criteria["I2"] == "not met"
    assert rjdm.evaluate({"rash_typical": True, signs[0]: True, signs[1]: True}).criteria["I2"] == "met"


@pytest.mark.parametrize(
    ("drug", "equivalent"),
    [("prednisone", 5), ("prednisolone", 5), ("methylprednisolone", 4), ("triamcinolone", 4), ("dexamethasone", 0.75),
     ("hydrocortisone", 20), ("cortisone", 25)],
)  # fmt: skip
def test_glucocorticoid_equivalents(rjdm: Protocol, drug: str, equivalent: float) -> None:
    """5 mg of prednisone: a fifth of each equivalent is 1 mg/kg/d of prednisone, exactly."""
    rest = {
        "gc_failed": True,
        "gc_duration": 6,
        "failed_immunosuppressants": ["methotrexate", "other"],
        "gc_drug": drug,
    }
    assert rjdm.evaluate({**rest, "gc_dose": equivalent / 5}).criteria["I3.1"] == "met"
    assert rjdm.evaluate({**rest, "gc_dose": equivalent / 5 - 0.001}).criteria["I3.1"] == "not met"


def test_the_codes_have_their_check_digit(rjdm: Protocol) -> None:
    for item in rjdm.model.items.values():
        for system, code in item.codes:
            if system == "LOINC":
                digits, _, check = code.partition("-")
                total = 0
                for place, digit in enumerate(reversed(digits)):
                    doubled = int(digit) * (2 if place % 2 == 0 else 1)
                    total += doubled // 10 + doubled % 10
                assert (10 - total % 10) % 10 == int(check), code
