"""The command: every command's output and exit code, good input and bad."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rjdm_rules.cli.commands import rjdm
from rjdm_rules.cli.shared import Commands


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(rjdm, list(arguments), input=stdin)


GOOD = {"id": "P1", "screening": "2026-03-02", "age": 9, "sex": "male"}


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.jsonl"
    path.write_text("\n".join(json.dumps({**GOOD, "id": f"P{n}"}) for n in range(3)) + "\n", encoding="utf-8")
    return path


def test_version_and_help() -> None:
    done = subprocess.run([sys.executable, "-m", "rjdm_rules", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("rjdm 0.")
    for command in ("check", "evaluate", "explain", "render", "draw", "data", "demo", "completion"):
        shown = run(command, "--help")
        assert shown.exit_code == 0 and "Examples:" in shown.output


def test_help_names_every_command_once() -> None:
    listed = [name for _, names in Commands.groups for name in names]
    assert sorted(listed) == sorted(rjdm.commands)
    assert run("help").output == run("--help").output
    assert run("help", "check").output.splitlines()[2:] == run("check", "--help").output.splitlines()[2:]
    assert "No such command 'nix'" in run("help", "nix").output


@pytest.mark.parametrize(("name", "meant"), Commands.also_called.items())
def test_a_command_by_another_name(name: str, meant: str) -> None:
    shown = run(name, "x.rules")
    assert shown.exit_code == 2 and f"`rjdm {meant}` does that" in shown.stderr
    assert meant.split()[0] in rjdm.commands or meant.startswith("--")


def test_rules_and_patients_the_wrong_way_round(patients: Path, tmp_path: Path) -> None:
    shown = run("evaluate", str(patients), "rjdm_cart")
    assert shown.exit_code == 2 and "the rules come first" in shown.stderr
    assert "P1" not in shown.output and "2026-03-02" not in shown.output  # no patient's data in a message
    other = tmp_path / "patients.txt"
    other.write_text('[{"id": "P1"}]', encoding="utf-8")
    assert "looks like patients" in run("check", str(other)).output
    rules = tmp_path / "a.rules"
    rules.write_text('protocol A "a"\n', encoding="utf-8")
    assert "this is a rules file" in run("evaluate", "rjdm_cart", str(rules)).stderr


def test_check() -> None:
    assert "no errors, no warnings" in run("check", "rjdm_cart").stdout
    for library in ("bohan_peter", "glucocorticoids", "organ_function"):
        assert run("check", library).exit_code == 0


def test_check_as_json(tmp_path: Path) -> None:
    path = tmp_path / "p.rules"
    path.write_text('protocol P "p"\ndata\n  a "a" in %\ninclusion\n  (1) c "c 5"\n    a ≥ 5\n', encoding="utf-8")
    shown = run("check", str(path), "--format", "json")
    assert shown.exit_code == 1
    (finding,) = json.loads(shown.stdout)
    assert finding == {
        "code": "R402", "severity": "error", "message": "`5` has no unit, and a number in % belongs here",
        "file": str(path), "line": 6, "column": 9, "end_line": 6, "end_column": 10, "help": "write `5 %`",
    }  # fmt: skip


BAD_FILES = {"empty": b"", "binary": b"\x00\xff\xfe", "latin1": b'protocol P "\xe9"', "huge": b"# x\n" * 15_000_000}


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_are_no_rules(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.rules"
    path.write_bytes(BAD_FILES[name])
    shown = run("check", str(path))
    assert shown.exit_code in (1, 2) and str(path) in shown.output
    assert "Traceback" not in shown.output


def test_a_file_that_is_not_there() -> None:
    shown = run("check", "nowhere.rules")
    assert shown.exit_code == 2 and "cannot be read" in shown.stderr
    assert "did you mean `rjdm_cart`" in run("evaluate", "rjdm_car", "-", stdin="{}").stderr


def test_evaluate_in_every_format(patients: Path) -> None:
    text = run("evaluate", "rjdm_cart", str(patients))
    assert text.exit_code == 0 and "P2: undetermined" in text.stdout
    lines = [
        json.loads(line)
        for line in run("evaluate", "rjdm_cart", str(patients), "--format", "jsonl").stdout.splitlines()
    ]
    whole = json.loads(run("evaluate", "rjdm_cart", str(patients), "--format", "json").stdout)
    assert lines == whole and len(whole) == 3
    keys = ["protocol", "version", "patient", "verdict", "readings", "criteria", "deciding_facts", "reasons"]
    assert list(whole[0]) == keys
    assert (whole[0]["protocol"], whole[0]["version"], whole[0]["patient"]) == ("RJDM-CART", "1.0", "P0")
    rows = list(csv.DictReader(io.StringIO(run("evaluate", "rjdm_cart", str(patients), "--format", "csv").stdout)))
    assert [row["verdict"] for row in rows] == ["undetermined"] * 3
    assert rows[0]["I6"] == "not applicable"


def test_evaluate_reads_what_people_have(tmp_path: Path) -> None:
    shapes = {
        "one.json": json.dumps(GOOD, indent=2),
        "array.json": json.dumps([GOOD, GOOD]),
        "lines.jsonl": json.dumps(GOOD) + "\n\n" + json.dumps(GOOD),
        "table.csv": "id,age,age_unit,sex,ast,ast_uln,acute_mi,consent_by,acute_gvhd\n"
        'P1,108,months,male,120,40,none,patient;guardian,"[{""date"":""2026-02-25"",""grade"":3}]"\n',
    }
    for name, text in shapes.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        shown = run("evaluate", "rjdm_cart", str(path), "--format", "jsonl")
        assert shown.exit_code == 0, (name, shown.stderr)
        assert json.loads(shown.stdout.splitlines()[0])["criteria"]["I1"] == "met"
    assert run("evaluate", "rjdm_cart", "-", "--format", "jsonl", stdin=shapes["one.json"]).exit_code == 0
    table = json.loads(run("evaluate", "rjdm_cart", str(tmp_path / "table.csv"), "--format", "jsonl").stdout)
    assert table["criteria"]["E5"] == "unknown" and table["criteria"]["I6"] == "not applicable"


BAD_LINES: list[tuple[str, str]] = [
    ('{"id": "B", "age": "nine"}', 'patient B: age: "nine" is not a number in years'),
    ('{"id": "B", "age": 9, "age": 10}', "`age` is given twice"),
    ('{"id": "B", "age": NaN}', "NaN is not a number that can be measured"),
    ('{"id": "B", "screening": "2026-02-30"}', "there is no day 30 in 2026-02"),
    ('{"id": "B", "lvef": "55 mg"}', "lvef: mg is no unit for it; it is recorded in %"),
    ('{"id": "B", "lvef": 101}', "lvef: 101 is outside the range 0 to 100 %"),
    ('{"id": "B", "lvfe": 61}', "did you mean `lvef`?"),
    ('{"id": "B", "lvef": [61]}', "is a list where one value belongs"),
    ('{"id": "B", ', "not JSON"),
    ("[1, 2", "not JSON"),
    ('"text"', "a record is an object of items"),
    ("[" * 100_000, "nested too deeply"),
    ('{"age": 1e999999999}', "longer than any measurement"),
    (f'{{"age": {"9" * 5000}}}', "not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "words"), BAD_LINES)
def test_a_bad_record_is_said_and_the_others_are_evaluated(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "patients.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{line}\n{json.dumps({**GOOD, 'id': 'P3'})}\n", encoding="utf-8")
    shown = run("evaluate", "rjdm_cart", str(path), "--format", "jsonl")
    assert shown.exit_code == 2
    assert [json.loads(each)["patient"] for each in shown.stdout.splitlines()] == ["P1", "P3"]
    assert words in shown.stderr and "line 2" in shown.stderr and "Traceback" not in shown.stderr
    strict = run("evaluate", "rjdm_cart", str(path), "--format", "jsonl", "--strict")
    assert strict.exit_code == 2 and len(strict.stdout.splitlines()) == 1


def test_an_item_that_is_not_declared_can_be_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({**GOOD, "shoe_size": 38}), encoding="utf-8")
    assert run("evaluate", "rjdm_cart", str(path)).exit_code == 2
    shown = run("evaluate", "rjdm_cart", str(path), "--allow-extra")
    assert shown.exit_code == 0 and "passed over: `shoe_size`" in shown.stderr


def test_readings(patients: Path) -> None:
    shown = run(
        "evaluate", "rjdm_cart", str(patients), "--format", "jsonl", "--reading", "hepatitis_b=surface_antigen_alone"
    )
    assert json.loads(shown.stdout.splitlines()[0])["readings"]["hepatitis_b"] == "surface_antigen_alone"
    wrong = run("evaluate", "rjdm_cart", str(patients), "--reading", "hepatitis=x")
    assert wrong.exit_code == 2 and "did you mean `hepatitis_b`?" in wrong.stderr
    wrong = run("evaluate", "rjdm_cart", str(patients), "--reading", "hepatitis_b=x")
    assert wrong.exit_code == 2 and "its options are either_with_dna" in wrong.stderr


def test_explain(patients: Path, tmp_path: Path) -> None:
    several = run("explain", "rjdm_cart", str(patients))
    assert several.exit_code == 2 and "say which one, as with --patient" in several.stderr
    shown = run("explain", "rjdm_cart", str(patients), "--patient", "P1")
    assert shown.exit_code == 0
    assert "Patient P1: undetermined" in shown.stdout and "What would settle it:" in shown.stdout
    assert "  – (6) If of childbearing potential" in shown.stdout
    one = run("explain", "rjdm_cart", str(patients), "I1", "--patient", "P1")
    assert one.stdout.splitlines()[1] == "  ✓ age 9 years, limit ≥ 5 years"
    whole = json.loads(run("explain", "rjdm_cart", str(patients), "--patient", "P1", "--format", "json").stdout)
    assert {"verdict", "alone_in_the_way", "explanation"} <= set(whole)
    assert run("explain", "rjdm_cart", str(patients), "I99", "--patient", "P1").exit_code == 2


def test_render_and_draw(tmp_path: Path, patients: Path) -> None:
    for name, start in (
        ("c.html", b"<!DOCTYPE html>"),
        ("c.md", b"# Universal"),
        ("o.svg", b"<?xml"),
        ("o.dot", b"digraph"),
    ):
        out = tmp_path / "made" / name
        command = ["draw", "rjdm_cart", "I5"] if name.startswith("o") else ["render", "rjdm_cart"]
        shown = run(*command, "-o", str(out))
        assert shown.exit_code == 0, shown.stderr
        assert out.read_bytes().startswith(start)
    assert run("draw", "rjdm_cart", "-o", str(tmp_path / "x.gif")).exit_code == 2
    assert run("render", "rjdm_cart", "-o", str(tmp_path / "x.odt")).exit_code == 2
    assert run("draw", "rjdm_cart", "I77", "-o", str(tmp_path / "x.svg")).exit_code == 2
    one = tmp_path / "one.json"
    one.write_text(json.dumps(GOOD), encoding="utf-8")
    assert run("draw", "rjdm_cart", "I1", "-o", str(tmp_path / "p.dot"), "--patient", str(one)).exit_code == 0
    assert "✓" in (tmp_path / "p.dot").read_text(encoding="utf-8")


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("x", encoding="utf-8")
    shown = run("render", "rjdm_cart", "-o", str(target / "below.html"))
    assert shown.exit_code == 2 and "cannot be written" in shown.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_data(tmp_path: Path) -> None:
    assert "lvef  –  left ventricular ejection fraction (LVEF)" in run("data", "rjdm_cart").stdout
    header = next(csv.reader(io.StringIO(run("data", "rjdm_cart", "--format", "csv").stdout)))
    assert {"id", "ast", "ast_unit", "ast_uln", "acute_gvhd"} <= set(header)
    schema: dict[str, Any] = json.loads(run("data", "rjdm_cart", "--format", "json-schema").stdout)
    assert schema["properties"]["tb"]["anyOf"][0] == {"enum": ["none", "latent", "active"]}
    table = tmp_path / "t.csv"
    table.write_text(",".join(header) + "\nP1" + "," * (len(header) - 1) + "\n", encoding="utf-8")
    assert run("evaluate", "rjdm_cart", str(table)).exit_code == 0


def test_demo(tmp_path: Path) -> None:
    shown = run("demo", "-o", str(tmp_path / "tour"))
    assert shown.exit_code == 0
    made = {path.name for path in (tmp_path / "tour").iterdir()}
    assert {"criteria.html", "criteria.md", "overview.svg", "organs_patient.svg", "patients.jsonl"} <= made
    assert "Traceback" not in shown.output and "\x1b[" not in shown.output


def test_many_patients_stream(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        for number in range(3000):
            stream.write(json.dumps({**GOOD, "id": number}) + "\n")
    shown = run("evaluate", "rjdm_cart", str(path), "--format", "jsonl")
    assert shown.exit_code == 0 and len(shown.stdout.splitlines()) == 3000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    "command", [("check", "rjdm_cart"), ("data", "rjdm_cart"), ("check", "rjdm_cart", "--format", "json")]
)
def test_an_output_that_cannot_be_written(command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rjdm_rules", *command], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2 and "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_criterion_of_a_part_is_found_by_its_number(tmp_path: Path) -> None:
    path, target = tmp_path / "t.rules", tmp_path / "o.dot"
    part = '  inclusion\n    (1) "c"\n      a\n'
    path.write_text(
        f'protocol P "p"\ndata\n  a "a" yes/no\npart donor "D"\n{part}part recipient "R"\n{part}', encoding="utf-8"
    )
    (tmp_path / "p.json").write_text("{}", encoding="utf-8")
    for command in (
        ("explain", str(path), str(tmp_path / "p.json"), "I1"),
        ("draw", str(path), "I1", "-o", str(target)),
    ):
        assert "did you mean donor.I1 or recipient.I1?" in run(*command).stderr


def test_a_library_has_nothing_to_evaluate(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text("{}", encoding="utf-8")
    shown = run("evaluate", "bohan_peter", str(path))
    assert shown.exit_code == 2 and "no criteria of its own" in shown.stderr
    assert run("render", "bohan_peter", "-o", str(tmp_path / "tables.md")).exit_code == 0
    assert "| definite |" in (tmp_path / "tables.md").read_text(encoding="utf-8")


def test_one_patient_of_several(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"id": "a", "age": 9}\n{"id": "b"}\n{"id": "a", "age": 4}\n', encoding="utf-8")
    assert "there twice" in run("explain", "rjdm_cart", str(path), "I1", "--patient", "a").stderr
    assert run("explain", "rjdm_cart", str(path), "I1", "--patient", "b").exit_code == 0
    target = tmp_path / "o.dot"
    assert run("draw", "rjdm_cart", "I1", "-o", str(target), "--patient", str(path), "--id", "b").exit_code == 0
    assert "--id" in run("draw", "rjdm_cart", "I1", "-o", str(target), "--patient", str(path)).stderr
    path.write_text('{"id": "b"}\n{"id": broken\n', encoding="utf-8")
    assert run("explain", "rjdm_cart", str(path), "I1", "--patient", "b").exit_code == 0
    assert "holds 2 patients" in run("explain", "rjdm_cart", str(path), "I1").stderr
    assert "line 2: not JSON" in run("explain", "rjdm_cart", str(path), "I1", "--patient", "c").stderr
    (tmp_path / "none.json").write_text("[]", encoding="utf-8")
    assert "no patients" in run("explain", "rjdm_cart", str(tmp_path / "none.json")).stderr


CSV_CELLS = [
    ("failed_immunosuppressants", ";", "is not a list of options"),
    ("acute_mi", ";", "not a date"),
]


@pytest.mark.parametrize(("column", "cell", "words"), CSV_CELLS)
def test_a_cell_of_separators_is_not_none(tmp_path: Path, column: str, cell: str, words: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"id,{column}\nP1,{cell}\n", encoding="utf-8")
    shown = run("evaluate", "rjdm_cart", str(path))
    assert shown.exit_code == 2 and words in shown.stderr


def test_a_csv_of_another_separator(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id;age\nP1;9\n", encoding="utf-8")
    assert "separated by semicolons" in run("evaluate", "rjdm_cart", str(path)).stderr
