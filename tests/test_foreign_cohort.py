"""A cohort that others made: synthetic FHIR of `carebundle`, flattened, read through a mapping file, and screened; held
against a plain reading of the FHIR resources themselves."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rjdm_rules import load

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 1, 1)
DIABETES, KIDNEY, SULFONYLUREA = {"E11.9", "E11.65"}, {"N18.31", "N18.32"}, {"199246", "310490"}
Bundle = dict[str, Any]


@pytest.fixture(scope="module")
def bundles() -> list[Bundle]:
    """The bundles of patients, of whom every third has only HbA1c and lipids measured."""
    carebundle = pytest.importorskip("carebundle")
    shared = {"sex": "mixed", "age_range": (35, 85), "prevalence": {"type2_diabetes": 0.8, "ckd_stage3": 0.2}}
    whole = carebundle.generate_cohort(count=200, seed=3, **shared)
    lean = carebundle.generate_cohort(count=100, seed=4, panels=["hba1c", "lipid"], include_vitals=False, **shared)
    return [json.loads(carebundle.to_json(each)) for each in (*whole, *lean)]


def resources(bundle: Bundle, kind: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind]


def code(concept: dict[str, Any]) -> str:
    return str(concept["coding"][0]["code"])


def measured(bundle: Bundle) -> list[tuple[str, str, float, str]]:
    """Code, day, value and unit of every observation and component."""
    found = []
    for each in resources(bundle, "Observation"):
        for part in each.get("component", [each]):
            if "valueQuantity" in part:
                held = part["valueQuantity"]
                found.append((code(part["code"]), each["effectiveDateTime"][:10], held["value"], held["code"]))
    return found


def flattened(bundles: list[Bundle], folder: Path) -> pl.DataFrame:
    """The resources as tables: patients, observations, conditions, prescriptions."""
    patients, observations, conditions, prescriptions = [], [], [], []
    for number, bundle in enumerate(bundles):
        (patient,) = resources(bundle, "Patient")
        key = f"P{number:04}"
        patients.append({"patient": key, "birthDate": patient["birthDate"], "gender": patient["gender"]})
        observations += [
            {"subject": key, "code": code, "date": day, "value": value, "unit": unit}
            for code, day, value, unit in measured(bundle)
        ]
        conditions += [
            {"subject": key, "code": code(each["code"]), "onset": each["onsetDateTime"][:10]}
            for each in resources(bundle, "Condition")
        ]
        prescriptions += [
            {"subject": key, "code": code(each["medicationCodeableConcept"]), "authored": each["authoredOn"][:10]}
            for each in resources(bundle, "MedicationRequest")
        ]
    for name, rows in (("observations", observations), ("conditions", conditions), ("prescriptions", prescriptions)):
        pl.DataFrame(rows).write_parquet(folder / f"{name}.parquet")
    return pl.DataFrame(patients)


def by_hand(bundle: Bundle) -> dict[str, bool | None]:
    """The truth of each criterion, read from the resources; None where it is unknown."""
    (patient,) = resources(bundle, "Patient")
    values = {code: (value, unit) for code, _, value, unit in measured(bundle)}
    onsets = {
        code(each["code"]): date.fromisoformat(each["onsetDateTime"][:10]) for each in resources(bundle, "Condition")
    }
    drugs = {code(each["medicationCodeableConcept"]) for each in resources(bundle, "MedicationRequest")}
    born = date.fromisoformat(patient["birthDate"])
    age = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))

    def holds(code: str, unit: str, test: Any) -> bool | None:
        if code not in values:
            return None
        value, held = values[code]
        assert held == unit
        return bool(test(value))

    most = 115 if patient["gender"] == "male" else 100
    kidney = [
        holds("98979-8", "mL/min/{1.73_m2}", lambda value: value < 60),
        holds("2160-0", "mg/dL", lambda value: value * 10_000 / 113.12 > most),
        bool(KIDNEY & set(onsets)),
    ]
    return {
        "I1": 45 <= age <= 75,
        "I2": any(onsets[each] <= date(2025, 7, 1) for each in DIABETES & set(onsets)),
        "I3": holds("4548-4", "%", lambda value: 6.5 <= value <= 8.5),
        "E1": True if True in kidney else None if None in kidney else False,
        "E2": holds("2823-3", "mmol/L", lambda value: value > 4.8),
        "E3": holds("8480-6", "mm[Hg]", lambda value: value >= 150),
        "E4": bool(SULFONYLUREA & drugs),
        "E5": holds("1742-6", "U/L", lambda value: value > 60),
    }


def test_a_foreign_cohort_comes_out_as_by_hand(bundles: list[Bundle], tmp_path: Path) -> None:
    mapping = tmp_path / "clinic.toml"
    mapping.write_text((DATA / "clinic.toml").read_text(encoding="utf-8"), encoding="utf-8")
    patients = flattened(bundles, tmp_path)
    patients.write_parquet(tmp_path / "patients.parquet")
    rules = load(DATA / "clinic.rules")
    screening = rules.screen(tmp_path / "patients.parquet", mapping=mapping, by=["sex"])
    found = screening.frame()
    words = {True: "met", False: "not met", None: "unknown"}
    expected = [by_hand(bundle) for bundle in bundles]
    for id in expected[0]:
        assert found[id].cast(pl.String).to_list() == [words[each[id]] for each in expected], id
    for verdict, truths in zip(found["verdict"], expected, strict=True):
        good = [truths[id] if id[0] == "I" else None if truths[id] is None else not truths[id] for id in truths]
        assert verdict == ("ineligible" if False in good else "undetermined" if None in good else "eligible")
    counts = screening.summary()["verdicts"]
    assert all(count > 5 for count in counts.values()), counts
    spread = {id: {each[id] for each in expected} for id in expected[0]}
    assert all(len(each) > 1 for each in spread.values()), spread
