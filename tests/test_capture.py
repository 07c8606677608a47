"""Data capture: the Excel template and its reading, the FHIR Questionnaire, the dictionary as a page."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from jsonschema import Draft202012Validator
from making import Maker
from making import protocol as made
from running import run
from written import VALUES, WRITTEN

from rjdm_rules import Protocol, RecordError, load, loads
from rjdm_rules.documents.dictionary import csv_header, json_schema
from rjdm_rules.documents.questions import questions_of, units_for
from rjdm_rules.evaluation.explaining import outcome_of
from rjdm_rules.evaluation.reference import Reference
from rjdm_rules.forms.capture import captured
from rjdm_rules.forms.enabling import closings
from rjdm_rules.forms.excel import template
from rjdm_rules.forms.questionnaire import questionnaire
from rjdm_rules.units.ucum import ucum_code
from rjdm_rules.units.unit import conversion, read_unit

DATA = Path(__file__).parent / "data"
LABS = """protocol LABS "Two laboratories"
data
  day "day of the visit" date
  moment "time of the visit" time
  potassium "potassium" in mmol/L with ULN with LLN
      range 1..10
  visits "visits" count
      range 0..50
  ratio "ratio" number
  drugs "drugs" several of a "aspirin", b "warfarin"
  smokes "smoking" yes/no
  crp "C-reactive protein" repeated in mg/L
      range 0..500
  fall "fall" event
      sort one of slip, trip
      force in N
      hurt yes/no
  stay "stay in hospital" event until date
inclusion
  (1) "All of it"
      ALL(potassium BETWEEN LLN AND ULN, visits ≥ 2, ratio < 0.5, drugs INCLUDES a, smokes, day BEFORE 2026-04-01, moment BEFORE 2026-04-01)
  (2) "Measured"
      MAX(value OF crp WITHIN 28 days BEFORE day) ≤ 10 mg/L
exclusion
  (1) "Fell"
      fall WHERE (sort IS slip AND force ≥ 2 N AND hurt) WITHIN 3 months BEFORE day
  (2) "In hospital"
      stay WITHIN 7 days BEFORE day
"""


# ---- the Excel template


def filled(protocol: Protocol, records: list[dict[str, Any]], path: Path) -> Path:
    """The template with these records, entered as people would."""
    book = openpyxl.load_workbook(io.BytesIO(template(protocol.evaluator())))
    patients = book["Patients"]
    columns = {cell.value: cell.column for cell in patients[2]}
    events = book["Events"] if "Events" in book.sheetnames else None
    event_columns = {cell.value: cell.column for cell in events[2]} if events else {}
    row = 3
    for number, record in enumerate(records, 3):
        for name, value in record.items():
            item = protocol.model.items.get(name)
            if isinstance(value, list) and item is not None and item.kind == "event" and value:
                for each in value:
                    cells = {
                        "patient": record["id"],
                        "item": name,
                        **(each if isinstance(each, dict) else {"date": each}),
                    }
                    for key, held in list(cells.items()):
                        if isinstance(held, dict):
                            cells |= {f"{key}_{part}" if part != "value" else key: one for part, one in held.items()}
                    for key, held in cells.items():
                        if held is not None:
                            told = "; ".join(held) if isinstance(held, list) else held
                            events.cell(row, event_columns[key], "yes" if told is True else told)
                    row += 1
                continue
            parts = value if isinstance(value, dict) else {"value": value}
            for part, held in parts.items():
                told = "none" if held == [] else "; ".join(held) if isinstance(held, list) else held
                cell = patients.cell(number, columns[name if part == "value" else f"{name}_{part}"])
                cell.value = {True: "yes", False: "no"}[told] if isinstance(told, bool) else told
    book.save(path)
    return path


def evaluated(file: Path, *arguments: str) -> Any:
    done = run("evaluate", arguments[0] if arguments else "rjdm_cart", str(file), "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_filled_template_says_what_the_records_say(
    rjdm: Protocol, cases: list[dict[str, Any]], tmp_path: Path
) -> None:
    results = evaluated(filled(rjdm, cases[:150], tmp_path / "filled.xlsx"))
    for record, result in zip(cases[:150], results, strict=True):
        wanted = rjdm.evaluate(record)
        assert (result["patient"], result["verdict"]) == (record["id"], wanted.verdict)
        assert result["criteria"] == dict(wanted.criteria) and result["deciding_facts"] == list(wanted.deciding_facts)


def test_occurrences_measurements_and_limits_come_back(tmp_path: Path) -> None:
    (tmp_path / "labs.rules").write_text(LABS, encoding="utf-8")
    protocol = loads(LABS)
    good = {
        "id": "A", "day": "2026-03-02", "moment": "2026-03-02T08:30", "visits": 3, "ratio": 0.25, "drugs": ["a", "b"], "smokes": True,
        "potassium": {"value": 4.2, "unit": "mmol/L", "uln": 5.1, "lln": 3.5},
        "crp": [{"date": "2026-02-20", "value": 8.5}, {"date": "2026-02-27", "value": 1.1, "unit": "mg/dL"}],
        "fall": [{"date": "2026-02", "sort": "slip", "force": {"value": 3, "unit": "kN"}, "hurt": True}],
        "stay": [{"date": "2026-02-01", "until": "ongoing"}],
    }  # fmt: skip
    records = [good, {"id": "B", "day": "2026", "drugs": [], "crp": "none", "fall": "none", "stay": "yes"}]
    results = evaluated(filled(protocol, records, tmp_path / "filled.xlsx"), str(tmp_path / "labs.rules"))
    for record, result in zip(records, results, strict=True):
        assert result["criteria"] == dict(protocol.evaluate(record).criteria)
    assert results[0]["criteria"]["E1"] == "met"


def template_with(tmp_path: Path, rows: dict[str, Any], events: dict[str, Any] | None = None) -> Path:
    """A template of the laboratories with cells filled in by their column."""
    protocol = loads(LABS)
    (tmp_path / "labs.rules").write_text(LABS, encoding="utf-8")
    book = openpyxl.load_workbook(io.BytesIO(template(protocol.evaluator())))
    for sheet, cells in (("Patients", rows), ("Events", events or {})):
        columns = {cell.value: cell.column for cell in book[sheet][2]}
        for name, value in cells.items():
            book[sheet].cell(3, columns[name]).value = value
    path = tmp_path / "filled.xlsx"
    book.save(path)
    return path


def test_cells_as_excel_keeps_them(tmp_path: Path) -> None:
    """Real dates, truths, whole numbers kept as decimals, and a percentage that Excel keeps as a part of one."""
    file = template_with(
        tmp_path,
        {"id": 7, "day": date(2026, 3, 2), "moment": datetime(2026, 3, 2, 8, 30), "visits": 3.0, "smokes": True},
    )
    book = openpyxl.load_workbook(file)
    cell = book["Patients"].cell(3, {c.value: c.column for c in book["Patients"][2]}["ratio"])
    cell.value, cell.number_format = 0.25, "0%"
    book.save(file)
    done = run("explain", str(tmp_path / "labs.rules"), str(file), "--patient", "7", "-o", str(tmp_path / "7.html"))
    assert done.exit_code == 0, done.output
    facts = re.sub(r"<[^>]+>", " ", (tmp_path / "7.html").read_text(encoding="utf-8").split('id="recorded"')[1])
    told = " ".join(facts.split())
    for fact in (
        "Day of the visit 2026-03-02",
        "Time of the visit 2026-03-02T08:30",
        "Visits 3",
        "Ratio 0.25",
        "Smoking yes",
    ):
        assert fact in told


PROBLEMS = [
    ({"id": "A", "visits": "=1+1"}, {}, "filled.xlsx, Patients, row 3: H3: a formula; enter the value itself"),
    ({"id": "A", "visits": "#N/A"}, {}, "an error of Excel"),
    ({"id": "A", "visits": "many"}, {}, 'Patients, row 3: patient A: visits: "many" is not a number'),
    ({"id": "A", "potassium": 40}, {}, "outside the range 1 to 10 mmol/L"),
    ({"id": "A"}, {"patient": "B", "item": "fall", "date": "2026"}, "Events, row 3: patient B is not in the first sheet"),
    ({"id": "A"}, {"item": "fall", "date": "2026"}, "Events, row 3: no patient is named"),
    ({"id": "A"}, {"patient": "A", "item": "falls"}, "`falls` is no event of this protocol; did you mean `fall`?"),
    ({"id": "A", "fall": "none"}, {"patient": "A", "item": "fall", "date": "2026"},
     "`fall` is given in row 3 of the first sheet too; empty the cell there, or take this row out"),
    ({"id": "A"}, {"patient": "A", "item": "stay", "date": "2026", "sort": "slip"}, "`sort` is no attribute of `stay`"),
    ({}, {}, "there are no patients in this file"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "events", "said"), PROBLEMS)
def test_what_a_workbook_is_refused_for(
    tmp_path: Path, rows: dict[str, Any], events: dict[str, Any], said: str
) -> None:
    file = template_with(tmp_path, rows, events)
    done = run("evaluate", str(tmp_path / "labs.rules"), str(file))
    assert done.exit_code == 2 and said in done.output.replace("\n", " ")


def test_all_that_is_wrong_with_a_workbook_is_told_at_once(tmp_path: Path) -> None:
    """Each at its own place; the patient of a refused occurrence is not judged without it."""
    events = {"patient": "A", "item": "stay", "date": "2026-13", "until": "2025"}
    file = template_with(tmp_path, {"id": "A", "visits": "many", "potassium": 40, "day": "=1+1"}, events)
    done = run("evaluate", str(tmp_path / "labs.rules"), str(file))
    told = done.output.splitlines()
    assert done.exit_code == 2 and told[-1] == "1 bad record and 1 occurrence refused"
    for place, said in (
        ("Patients, row 3: ", "a formula; enter the value itself"),
        ("Patients, row 3: ", 'visits: "many" is not a number'),
        ("Patients, row 3: ", 'potassium: "40" is outside the range 1 to 10 mmol/L'),
        ("Patients, row 3: ", "an occurrence cannot be used (Events, row 3)"),
        ("Events, row 3: ", '"2026-13"'),
    ):
        assert sum(place in line and said in line for line in told) == 1, (said, done.output)


def test_files_that_are_no_template(tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_text("id,age\n1,2\n", encoding="utf-8")
    assert "this is no Excel workbook" in run("evaluate", "rjdm_cart", str(file)).output
    book = openpyxl.Workbook()
    book.save(file)
    assert "there is no sheet `Patients` (there is Sheet)" in run("evaluate", "rjdm_cart", str(file)).output
    book.active.title = "Patients"
    book.active.append(["name", "age"])
    book.save(file)
    assert "no row of the first five begins with `id`" in run("evaluate", "rjdm_cart", str(file)).output
    book.active.append(["id", "age", "age"])
    book.save(file)
    assert "the column `age` is there twice" in run("evaluate", "rjdm_cart", str(file)).output
    assert "cannot be read" in run("evaluate", "rjdm_cart", str(tmp_path / "nowhere.xlsx")).output


def test_without_the_package_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    done = run("data", "rjdm_cart", "-o", str(tmp_path / "t.xlsx"))
    assert done.exit_code == 2 and "pip install 'rjdm-rules[excel]'" in done.output


def parts_of(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


def test_the_template_has_drop_downs_units_and_every_column(rjdm: Protocol) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template(rjdm.evaluator())))
    sheet = book["Patients"]
    assert [cell.value for cell in sheet[2]] == csv_header(rjdm.model)
    assert sheet.freeze_panes == "B3" and book["Lists"].sheet_state == "hidden"
    lists = {tuple(cell.value for cell in column if cell.value) for column in book["Lists"].columns}
    assert (
        ("yes", "no") in lists
        and ("negative", "positive") in lists
        and tuple(units_for(rjdm.model.items["ast"])) in lists
    )
    by_column = {str(each.sqref).split("3:")[0]: each for each in sheet.data_validations.dataValidation}
    lvef = by_column[sheet.cell(2, csv_header(rjdm.model).index("lvef") + 1).column_letter]
    assert (lvef.type, lvef.formula1, lvef.formula2, lvef.errorStyle) == ("decimal", "0.0", "100.0", "warning")
    assert "ejection fraction" in lvef.prompt and all(len(each.prompt) <= 255 for each in by_column.values())
    named = {row[0].value for row in book["Dictionary"].iter_rows(min_row=2)}
    assert named == set(rjdm.model.items)


def test_every_text_of_a_rules_file_is_text_in_excel() -> None:
    hostile = load(DATA / "hostile.rules")
    data = template(hostile.evaluator())
    assert data == template(load(DATA / "hostile.rules").evaluator())
    for name, part in parts_of(data).items():
        if name.startswith("xl/worksheets/"):
            assert "<f>" not in part and "<f " not in part  # no cell is a formula
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", part)
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            assert all(cell.data_type in ("s", "n") and not isinstance(cell.value, int | float) for cell in row)
    assert "2026" not in parts_of(data)["docProps/core.xml"]


# ---- the Questionnaire


def items_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [found for each in node.get("item", []) for found in (each, *items_of(each))]


@pytest.mark.parametrize("name", ["rjdm_cart", "labs", "hostile", "random"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_questionnaire_is_fhir(name: str, language: str) -> None:
    from fhir.resources.questionnaire import Questionnaire

    texts = {"labs": LABS, "random": Maker(11).text()}
    protocol = loads(texts[name]) if name in texts else load(DATA / "hostile.rules" if name == "hostile" else name)
    made = questionnaire(protocol.evaluator(), language)
    Questionnaire.model_validate_json(json.dumps(made))
    every = items_of(made)
    links = [each["linkId"] for each in every]
    assert len(links) == len(set(links)) and set(protocol.model.items) <= set(links)
    for each in every:
        assert (each["type"] != "group" or each["item"]) and not (each["type"] == "display" and "item" in each)
        assert all(when["question"] in links for when in each.get("enableWhen", ()))
        assert len(each.get("enableWhen", ())) < 2 or each["enableBehavior"] == "all"
    assert re.fullmatch(r"[A-Z]\w{1,254}", made["name"])


def test_questions_with_types_options_units_and_codes(rjdm: Protocol) -> None:
    every = {each["linkId"]: each for each in items_of(questionnaire(rjdm.evaluator()))}
    assert every["sex"]["type"] == "coding" and every["sex"]["answerConstraint"] == "optionsOnly"
    assert [each["valueCoding"]["code"] for each in every["sex"]["answerOption"]] == ["female", "male"]
    assert every["urine_pregnancy_test"]["code"] == [{"system": "http://loinc.org", "code": "2106-3"}]
    assert every["failed_immunosuppressants"]["repeats"] is True
    assert every["failed_immunosuppressants"]["answerOption"][-1]["valueCoding"]["code"] == "none"
    ast = every["ast"]
    units = [each["valueCoding"]["code"] for each in ast["extension"] if each["url"].endswith("unitOption")]
    assert units == ["U/L", "ukat/L"] and every["ast.uln"]["type"] == "quantity"
    low, high = (each["valueQuantity"] for each in ast["extension"] if "Quantity" in each["url"])
    assert (low["value"], high["value"], high["code"]) == (0, 100000, "U/L")
    assert every["acute_gvhd"]["type"] == "boolean" and every["acute_gvhd.occurrence"]["repeats"] is True
    assert [each["linkId"] for each in every["acute_gvhd.occurrence"]["item"]] == [
        "acute_gvhd.date", "acute_gvhd.until", "acute_gvhd.ongoing", "acute_gvhd.grade",
    ]  # fmt: skip
    (translation,) = every["sex"]["_text"]["extension"]
    assert translation["extension"][0] == {"url": "lang", "valueCode": "zh-CN"}


def test_what_opens_a_question_of_the_bundled_protocol(rjdm: Protocol) -> None:
    every = {each["linkId"]: each for each in items_of(questionnaire(rjdm.evaluator()))}
    assert every["car_t_risk_eliminated"]["enableWhen"] == [
        {"question": "prior_car_t", "operator": "!=", "answerBoolean": False}
    ]
    opened = {
        (each["question"], str(each.get("answerCoding", each.get("answerBoolean"))))
        for each in every["urine_pregnancy_test"]["enableWhen"]
    }
    assert opened == {("sex", "{'code': 'male'}"), ("childbearing_potential", "False")}
    assert "enableWhen" not in every["severe_arrhythmia"]  # one cause for exclusion does not hide the others
    assert every["acute_gvhd.occurrence"]["enableWhen"] == [
        {"question": "acute_gvhd", "operator": "=", "answerBoolean": True}
    ]


def outcomes(protocol: Protocol, record: dict[str, Any]) -> dict[str, str]:
    evaluator = protocol.evaluator()
    reference: Reference = evaluator.reference(record)
    return {each.id: outcome_of(each, reference) for each in protocol.model.criteria()}


def closed_questions(protocol: Protocol) -> Any:
    order = [name for names in questions_of(protocol.graph, protocol.evaluator().readings).values() for name in names]
    return closings(protocol.graph, protocol.evaluator().readings, order)


def assert_closed_questions_do_not_matter(protocol: Protocol, record: dict[str, Any], other: dict[str, Any]) -> int:
    """Whatever is answered to the questions that a record closes, no outcome changes."""
    tried = 0
    for name, closing in closed_questions(protocol).items():
        if any(
            record.get(each.item) == each.answer or (each.answer == "none" and record.get(each.item) == [])
            for each in closing
        ):
            before = outcomes(protocol, {k: v for k, v in record.items() if k != name})
            for value in (record.get(name), other.get(name)):
                if value is not None:
                    tried += 1
                    assert outcomes(protocol, {**record, name: value}) == before, (name, value, record)
    return tried


def test_closed_questions_change_nothing_in_the_bundled_protocol(rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    tried = sum(
        assert_closed_questions_do_not_matter(rjdm, one, two)
        for one, two in zip(cases[:60], cases[60:120], strict=True)
    )
    assert tried > 300


@pytest.mark.parametrize("block", range(6))
def test_closed_questions_change_nothing_in_random_protocols(block: int) -> None:
    tried = 0
    for seed in range(6000 + block * 25, 6025 + block * 25):
        maker = Maker(seed)
        protocol = loads(maker.text())
        for _ in range(4):
            tried += assert_closed_questions_do_not_matter(protocol, maker.record(0.1), maker.record(0.1))
    assert tried > 0


UNITS = [
    ("years", "a"), ("mmHg", "mm[Hg]"), ("mL/min/1.73m2", "mL/min/{1.73_m2}"), ("IU/mL", "[IU]/mL"), ("µmol/L", "umol/L"), ("points", "{points}"),
    ("copies/mL", "{copies}/mL"), ("mg/kg/d", "mg/kg/d"), ("°C", "Cel"), ("10*9/L", "10*9/L"), ("cells/uL", "{cells}/uL"), ("%", "%"), ("", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "code"), UNITS)
def test_units_as_ucum(unit: str, code: str) -> None:
    assert ucum_code(unit) == code
    if unit and "{points}" not in code:
        assert conversion(read_unit(unit), read_unit(code)) == (1, 0)  # the same unit, read back


# ---- the page, and the command


def test_the_dictionary_has_every_item_and_option(rjdm: Protocol) -> None:
    for language in ("en", "zh"):
        html = captured(rjdm.evaluator(), "html", language).decode()
        for item in rjdm.model.items.values():
            section = re.search(rf'(?s)<section class="item" id="item-{item.name}">.*?</section>', html)
            assert section is not None
            for option in item.options:
                assert option.name in section.group().replace("<wbr>", "")
    assert "Patient&#39;s Global" in captured(rjdm.evaluator(), "html").decode()
    hostile = captured(load(DATA / "hostile.rules").evaluator(), "html").decode()
    assert "<script" not in hostile and "{{7*7}}" in unescape(hostile)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.pdf"], "write a name that ends with .xlsx, .html, .csv, .json or .txt"),
        (["--format", "fhir", "-o", "x.xlsx"], "fhir is written to a file that ends with .json"),
        (["--language", "zh"], "text is as the rules file has it"),
        (["-o", "x.csv", "--theme", "nowhere"], "csv is as the rules file has it"),
        (["--format", "xlsx"], "say where to write it with -o patients.xlsx"),
        (["--format", "html", "-o", "x.html", "--theme", "nowhere"], "there is no such folder"),
        (["--format", "fhir", "--reading", "x=y"], "there is no reading `x`"),
    ],
)
def test_what_data_refuses(arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("data", "rjdm_cart", *arguments)
    assert done.exit_code == 2 and said in done.output and not list(tmp_path.iterdir())
    assert "library" in run("data", "organ_function", "--format", "fhir").output


def test_the_name_of_the_file_says_the_format(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    names = {"a.csv": "id,", "b.json": '"$schema"', "c.html": "<!DOCTYPE html>", "d.txt": "symmetric proximal"}
    for name, begins in names.items():
        assert run("data", "rjdm_cart", "-o", str(tmp_path / name)).exit_code == 0
        assert begins in (tmp_path / name).read_text(encoding="utf-8")
    assert run("data", "rjdm_cart", "--format", "fhir", "-o", str(tmp_path / "q.json")).exit_code == 0
    assert json.loads((tmp_path / "q.json").read_text(encoding="utf-8"))["resourceType"] == "Questionnaire"
    assert json.loads(run("data", "rjdm_cart", "--format", "fhir").stdout)["title"]


# ---- what a workbook must not get wrong in silence

GLYCATED = """protocol SUGAR "Sugar"
data
  day "day" date
  hba1c "HbA1c" in % with ULN
      range 0..100
  crp "C-reactive share" repeated in % with ULN
  fall "fall" event
      item "what was dropped" one of cup, plate
      sure yes/no
      seen date
      grade 0..4
inclusion
  (1) "At most 1.2 × ULN"
      hba1c ≤ 1.2 × ULN
  (2) "Shares at most ULN"
      COUNT(crp WHERE (value > ULN)) = 0
  (3) "One cup at most"
      COUNT(fall WHERE (item IS cup)) ≤ 1
"""


def sugar_book() -> Any:
    return openpyxl.load_workbook(io.BytesIO(template(loads(GLYCATED).evaluator())))


def enter(sheet: Any, row: int, number_format: str = "", **cells: Any) -> None:
    columns = {cell.value: cell.column for cell in sheet[2]}
    for name, value in cells.items():
        cell = sheet.cell(row, columns[name.replace("__", ".")])
        cell.value = value
        if number_format:
            cell.number_format = number_format


def sugar(book: Any, tmp_path: Path, change: Callable[[dict[str, bytes]], None] | None = None) -> Any:
    """What `evaluate` says of a workbook, one of its parts changed after saving."""
    (tmp_path / "sugar.rules").write_text(GLYCATED, encoding="utf-8")
    path = tmp_path / "sugar.xlsx"
    book.save(path)
    if change:
        with zipfile.ZipFile(path) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        change(parts)
        with zipfile.ZipFile(path, "w") as file:
            for name, data in parts.items():
                file.writestr(name, data)
    return run("evaluate", str(tmp_path / "sugar.rules"), str(path), "--format", "json")


@pytest.mark.parametrize(
    ("number_format", "value", "uln", "outcome"),
    [
        ("0.0%", 0.07, 0.065, "met"),  # Excel keeps 7 % as 0.07: the limit too
        ("0.0%", 0.08, 0.065, "not met"),
        ('0.0"%"', 7, 6.5, "met"),  # the sign is only written behind the number
        ("0.0\\%", 8, 6.5, "not met"),
        ('[Red]0.0_%"x"', 7, 6.5, "met"),  # a gap as wide as a sign
    ],
)
def test_percentages_and_their_limits(
    tmp_path: Path, number_format: str, value: float, uln: float, outcome: str
) -> None:
    book = sugar_book()
    enter(book["Patients"], 3, number_format, hba1c=value, hba1c_uln=uln)
    enter(book["Patients"], 3, id="A")
    enter(book["Events"], 3, number_format, value=value, uln=uln)
    enter(book["Events"], 3, patient="A", item="crp", date="2026")
    result = json.loads(sugar(book, tmp_path).stdout)[0]["criteria"]
    assert result["I1"] == outcome and result["I2"] == "not met"


def test_no_row_is_lost_where_a_file_gives_the_size_of_its_sheet_wrongly(tmp_path: Path) -> None:
    def small(parts: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        parts[name] = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B3"', parts[name])

    book = sugar_book()
    for row in range(3, 8):
        enter(book["Patients"], row, id=f"P{row}", hba1c=5, hba1c_uln=6)
    results = json.loads(sugar(book, tmp_path, small).stdout)
    assert [each["criteria"]["I1"] for each in results] == ["met"] * 5
    book["Patients"].cell(3, 40).value = "beside the table"
    refused = sugar(book, tmp_path, lambda parts: small(parts))
    assert refused.exit_code == 2 and "AN3: this column has no name" in refused.stderr


@pytest.mark.parametrize(
    "name", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml", "[Content_Types].xml"]
)
def test_a_damaged_workbook_is_said_to_be_damaged(tmp_path: Path, name: str) -> None:
    def cut(parts: dict[str, bytes]) -> None:
        parts[name] = parts[name][: len(parts[name]) // 2]

    done = sugar(sugar_book(), tmp_path, cut)
    assert done.exit_code == 2 and "this is no Excel workbook (.xlsx), or it is damaged" in done.stderr


def test_an_occurrence_that_is_refused_decides_nothing(tmp_path: Path) -> None:
    """Its patients are not judged without it; nobody else is judged with it; nobody's number changes by it."""
    book = sugar_book()
    for row, id in enumerate(("A", "A", "B", "", "C", ""), 3):
        enter(book["Patients"], row, id=id or None, day="2026-03-02")
    for row, patient in enumerate(("A", None, "X", "B", "C", None, "C"), 3):
        enter(book["Events"], row, patient=patient, item="fall", date="2026", fall__item="cup")
    enter(book["Events"], 10, patient="B", item="fall", date="=A1")
    done = sugar(book, tmp_path)
    assert done.exit_code == 2
    told = {line.split("sugar.xlsx, ")[1] for line in done.stderr.splitlines() if "sugar.xlsx" in line}
    assert told == {
        "Patients, row 3: an occurrence cannot be used (Events, row 3)",
        "Patients, row 4: an occurrence cannot be used (Events, row 3)",
        "Patients, row 5: an occurrence cannot be used (Events, row 10)",
        "Events, row 3: patient A is in the first sheet 2 times; which one is it?",
        "Events, row 4: no patient is named, so that it counts for nobody",
        "Events, row 8: no patient is named, so that it counts for nobody",
        "Events, row 5: patient X is not in the first sheet, so that it counts for nobody",
        "Events, row 10: C10: a formula; enter the value itself",
    }
    found = {each["patient"]: each for each in json.loads(done.stdout)}
    assert list(found) == ["#4", "C", "#6"]
    assert found["C"]["criteria"]["I3"] == "not met" and found["#4"]["criteria"]["I3"] == "unknown"


def test_an_attribute_called_as_a_column_of_the_sheet(tmp_path: Path) -> None:
    book = sugar_book()
    enter(book["Patients"], 3, id="A")
    for row in (3, 4):
        enter(book["Events"], row, patient="A", item="fall", date="2026", fall__item="cup")
    assert json.loads(sugar(book, tmp_path).stdout)[0]["criteria"]["I3"] == "not met"


def test_what_is_recorded_with_an_event_is_checked_in_the_sheet() -> None:
    sheet = sugar_book()["Events"]
    by_column = {str(each.sqref).split("3:")[0]: each for each in sheet.data_validations.dataValidation}
    letters = {cell.value: cell.column_letter for cell in sheet[2]}
    assert by_column[letters["sure"]].type == "list" and by_column[letters["fall.item"]].type == "list"
    grade = by_column[letters["grade"]]
    assert (grade.type, grade.formula1, grade.formula2) == ("whole", "0.0", "4.0")
    assert sheet.column_dimensions[letters["seen"]].number_format == "@"  # a partial date stays one


def test_headings_of_the_sheet_tell_attribute_and_unit() -> None:
    book = sugar_book()
    heads = {cell.value: book["Events"].cell(1, cell.column).value for cell in book["Events"][2]}
    assert heads["grade"] == "grade (fall)" and heads["fall.item"] == "what was dropped (fall)"
    assert (heads["value"], heads["unit"]) == ("C-reactive share, %", "C-reactive share: unit")
    assert book["Patients"].row_dimensions[1].height >= 34
    crp, weight = 'crp "CRP" repeated in mg/L', 'weight "weight" repeated in kg'
    two = loads(f'protocol T "T"\ndata\n  {crp}\n  {weight}\ninclusion\n  (1) "x"\n      crp OR weight\n')
    sheet = openpyxl.load_workbook(io.BytesIO(template(two.evaluator())))["Events"]
    heads = {cell.value: sheet.cell(1, cell.column).value for cell in sheet[2]}
    assert heads["value"] == "CRP, mg/L / weight, kg"  # not named once more in brackets


def test_a_repeated_measurement_is_asked_for_on_the_sheet_of_events() -> None:
    sheet = sugar_book()["Patients"]
    letters = {cell.value: cell.column_letter for cell in sheet[2]}
    told = {str(each.sqref).split("3:")[0]: each.prompt for each in sheet.data_validations.dataValidation}
    assert "Write none where it was never measured. Use the sheet Events for its values" in told[letters["crp"]]
    assert "Write none where it never happened, or dates separated by ;" in told[letters["fall"]]


def test_a_time_as_tables_write_it(tmp_path: Path) -> None:
    rules = tmp_path / "t.rules"
    rules.write_text(
        'protocol T "t"\ndata\n  visit "visit" time\ninclusion\n  (1) "c"\n      visit BEFORE 2026-03-02\n',
        encoding="utf-8",
    )
    (tmp_path / "t.csv").write_text("id,visit\nA,2026-03-01 06:30\nB,2026-03-02 06:30:10\n", encoding="utf-8")
    assert [each["verdict"] for each in evaluated(tmp_path / "t.csv", str(rules))] == ["eligible", "ineligible"]


def test_text_that_looks_like_a_formula_stays_text_when_it_is_edited() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(template(load(DATA / "hostile.rules").evaluator())))["Patients"]
    begins = [cell for cell in sheet[1] if str(cell.value)[:1] in "=+-@"]
    assert begins and all(cell.quotePrefix for cell in begins)


def test_tables_of_other_programs(tmp_path: Path) -> None:
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    assert "save it as one of these" in run("evaluate", "rjdm_cart", str(tmp_path / "old.xls")).stderr


def test_names_that_stand_on_names_for_long() -> None:
    lines = [f'  d{n} "step {n}" yes/no\n    = {"a" if n == 0 else f"d{n - 1}"} AND b' for n in range(600)]
    text = 'protocol DEEP "d"\ndata\n  a "a" yes/no\n  b "b" yes/no\ndefine\n'
    made = questionnaire(loads(text + "\n".join(lines) + '\ninclusion\n  (1) "c"\n      d599\n').evaluator())
    every = {each["linkId"]: each for each in items_of(made)}
    assert every["b"]["enableWhen"] == [{"question": "a", "operator": "!=", "answerBoolean": False}]


@pytest.mark.parametrize("name", ["occurrence", "ongoing"])
def test_attributes_called_as_a_part_of_the_questionnaire(name: str) -> None:
    text = f'protocol P "p"\ndata\n  e "e" event until date\n      {name} yes/no\ninclusion\n  (1) "c"\n      COUNT(e) = 0\n'
    links = [each["linkId"] for each in items_of(questionnaire(loads(text).evaluator()))]
    assert len(links) == len(set(links)) and f"e.attribute.{name}" in links


# ---- the Questionnaire as a form carries it out: all closed questions left out at once


def as_answered(item: Any, value: Any) -> Any:
    if value is None:
        return None
    if item.kind == "event":
        return value not in ("none", "no", [])
    return {"yes": True, "no": False}.get(value, value) if item.kind == "truth" else value


def left_out(protocol: Protocol, questions: list[dict[str, Any]], record: dict[str, Any]) -> set[str]:
    """The questions that `enableWhen` closes; an answer to a closed question counts as none."""
    closed: set[str] = set()
    for each in questions:
        if each["linkId"] not in protocol.model.items:
            continue
        for when in each.get("enableWhen", ()):
            name = when["question"]
            given = None if name in closed else as_answered(protocol.model.items[name], record.get(name))
            wanted = when.get("answerBoolean", when.get("answerCoding", {}).get("code"))
            assert when["operator"] == "!="
            if given is not None and given == wanted:
                closed.add(each["linkId"])
    return closed


@pytest.mark.parametrize("block", range(4))
def test_leaving_out_all_closed_questions_changes_nothing(block: int) -> None:
    tried = 0
    for seed in range(8000 + block * 25, 8025 + block * 25):
        maker = Maker(seed)
        text = maker.text()
        if seed % 2:  # a criterion that may be not applicable
            text = text.replace('"inclusion 2"\n      ', f'"inclusion 2"\n      IF {maker.leaf()} THEN ', 1)
            text = re.sub(r"inclusion\n  .*\n", "inclusion\n  ALL((1)..(3))\n", text, count=1)
        protocol = loads(text)
        questions = items_of(questionnaire(protocol.evaluator()))
        for _ in range(6):
            record, other = maker.record(0.1), maker.record(0.0)
            closed = left_out(protocol, questions, record)
            bare = {name: value for name, value in record.items() if name not in closed}
            before = outcomes(protocol, record)
            assert outcomes(protocol, bare) == before
            assert outcomes(protocol, bare | {name: other[name] for name in closed if name in other}) == before
            tried += len(closed)
    assert tried > 0


def test_what_is_evaluated_fits_the_json_schema(rjdm: Protocol, cases: list[dict[str, Any]]) -> None:
    """And what the schema refuses, is refused: it is looser only in what a schema cannot say."""
    for protocol, records in (
        (loads(VALUES), [{name: value} for name, values in WRITTEN.items() for value in values]),
        (made("b1"), [Maker(seed).record() for seed in range(300)]),
        (rjdm, [dict(record) for record in cases]),
    ):
        schema = json_schema(protocol.model)
        Draft202012Validator.check_schema(schema)
        valid = Draft202012Validator(schema).is_valid
        fitting = refused = 0
        for record in [
            *records,
            {"id": "A\u200eB"},
            {"id": None},
            {"id": 7},
            {"id": "A\x1b"},
            {"id": 1.5},
            {"wieght": 3},
            [],
            5,
        ]:
            try:
                protocol.evaluate(record)
            except RecordError:
                refused += not valid(record)
            else:
                assert valid(record), record
                fitting += 1
        assert fitting > 5 and refused >= 5
