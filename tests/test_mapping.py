"""Mapping files and tables of occurrences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from making import Maker, protocol
from populating import population
from running import run
from test_screening import dated, plainly

from rjdm_rules import load, loads
from rjdm_rules.screening.matching import PopulationError

RULES = """protocol TRIAL "a trial"
data
  screening "date of screening" date
  sex  "sex" one of female, male
  lvef "LVEF" in %
  ast  "AST" in U/L with ULN
  mi   "infarction" event
  ck   "CK" repeated in U/L
  risk "risk" several of smoking, obesity
inclusion
  (1) heart "LVEF at least 50 %"
      lvef ≥ 50 %
  (2) liver "AST at most 3 × ULN"
      ast ≤ 3.0 × ULN
  (3) muscle "Highest CK within 4 weeks at least 100 U/L"
      MAX(value OF ck WITHIN 4 weeks BEFORE screening) ≥ 100 U/L
exclusion
  (1) infarction "Infarction within 6 months, in women"
      sex IS female AND mi WITHIN 6 months BEFORE screening
  (2) risks "Smoking"
      risk INCLUDES smoking
"""
MAPPING = """
id = "pid"
[columns]
sex = "GENDER"
lvef = "EF"
ast = "AST_VAL"
ast_uln = "AST_HI"
risk = "HABITS"
[values.sex]
F = "female"
M = "male"
"9" = "unknown"
[values.lvef]
"-1" = "unknown"
[constants]
screening = 2026-03-02
[[tables]]
file = "labs.csv"
patient = "pid"
item = "code"
date = "day"
value = "result"
[tables.items]
"2157-6" = "ck"
[[tables]]
file = "infarctions.csv"
is = "mi"
patient = "pid"
date = "onset"
absent = ["mi"]
"""
FILES = {
    "trial.rules": RULES,
    "map.toml": MAPPING,
    "people.csv": "pid,GENDER,EF,AST_VAL,AST_HI,HABITS\n1,F,60,30,40,none\n2,M,-1,30,40,smoking\n3,9,55,200,40,obesity\n4,F,55,20,40,\n",
    "labs.csv": "pid,code,day,result\n1,2157-6,2026-02-20,150\n1,9999-9,2026-02-21,1\n3,2157-6,2026-02-20,90\n3,2157-6,2025-02-20,900\n",
    "infarctions.csv": "pid,onset\n4,2026-01\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_source_with_names_of_its_own(folder: Path) -> None:
    rules = load(folder / "trial.rules")
    screening = rules.screen(folder / "people.csv", allow_extra=True, mapping=folder / "map.toml")
    frame = screening.frame().with_columns(pl.exclude("deciding_facts").cast(pl.String))
    rows = {row["id"]: row for row in frame.iter_rows(named=True)}
    assert [rows["1"][each] for each in ("verdict", "I1", "I2", "I3", "E1", "E2")] == [
        "eligible",
        *["met"] * 3,
        *["not met"] * 2,
    ]
    assert rows["2"]["I1"] == "unknown" and rows["2"]["E2"] == "met" and rows["2"]["E1"] == "not met"
    assert rows["3"]["I3"] == "not met" and rows["3"]["I2"] == "not met" and rows["3"]["E1"] == "not met"
    assert rows["4"]["E1"] == "met" and rows["4"]["I3"] == "unknown" and rows["4"]["E2"] == "unknown"


def test_the_command_takes_mapping_and_long_tables(folder: Path) -> None:
    arguments = ["screen", str(folder / "trial.rules"), str(folder / "people.csv"), "-o", str(folder / "out")]
    result = run(*arguments, "--mapping", str(folder / "map.toml"))
    assert result.exit_code == 0, result.output
    assert "4 patients" in result.stdout


WRONG = [
    ('[columns]\nlveff = "EF"', "`lveff` is no item of this protocol; did you mean `lvef`?"),
    ('[columns]\nlvef = "EFF"', "there is no column `EFF`; did you mean `EF`?"),
    ("[columns]\nlvef = 3", "`columns.lvef` is a text: write it in quotes"),
    ("[colums]\n", "`colums` is none of id, columns, values, constants, tables"),
    ("columns = 3", "write [columns] and below it a line for each name"),
    ("lvef = ", "Invalid value"),
    ('[[tables]]\nis = "mi"', "a table needs a `file`"),
    ('[[tables]]\nfile = "labs.csv"\nis = "mio"', "`mio` is no item of this protocol; did you mean `mi`?"),
    ('[[tables]]\nfile = "none.csv"\nis = "mi"', "none.csv"),
    ('[[tables]]\nfile = "infarctions.csv"\nis = "mi"', "there is no column `patient` for patient"),
    ('[[tables]]\nfile = "labs.csv"\npatient = "pid"\nitem = "code"', "`2157-6` is no item of this protocol; say in [tables.items]"),
    ('[[tables]]\nfile = "labs.csv"\npatient = "pid"\nitem = "code"\nvalue = "result"\n[tables.items]\n"2157-6" = "lvef"', "has several values of `lvef`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_what_is_wrong_with_a_mapping_is_told(folder: Path, text: str, message: str) -> None:
    mapping = folder / "wrong.toml"
    mapping.write_text(f'id = "pid"\n{text}\n' if not text.startswith("lvef") else text, encoding="utf-8")
    rules = load(folder / "trial.rules")
    with pytest.raises(PopulationError) as error:
        rules.screen(folder / "people.csv", allow_extra=True, mapping=mapping)
    assert message in str(error.value)


@pytest.mark.parametrize("seed", range(6))
def test_long_tables_say_what_lists_say(seed: int, tmp_path: Path) -> None:
    maker = Maker(seed)
    rules = loads(maker.text())
    frame = population(rules.model, [dated(plainly(maker.record())) for _ in range(40)], typed_dates=True)
    events = [name for name, item in rules.model.items.items() if item.kind == "event"]
    frame = frame.with_columns(
        pl.when(pl.col(event).list.len() > 0).then(pl.col(event)).alias(event) for event in events
    )
    tables: list[Any] = []
    for event in events:
        rows = frame.select(pl.col("id").alias("patient"), event).explode(event, empty_as_null=False, keep_nulls=False)
        rows.unnest(event).with_columns(item=pl.lit(event)).write_parquet(tmp_path / f"{event}.parquet")
        tables.append(tmp_path / f"{event}.parquet")
    whole = rules.screen(frame, bad_values="unknown").frame()
    assert rules.screen(frame.drop(events), bad_values="unknown", long=tables).frame().equals(whole)


def test_values_that_are_not_recoded_stay() -> None:
    rules = protocol("b1")
    assert rules.screen(pl.DataFrame({"id": [1], "b1": ["yes"]})).frame()["I1"].to_list() == ["met"]


def test_a_plain_item_of_a_long_table_keeps_its_unit_and_limits(tmp_path: Path) -> None:
    rules = loads(
        'protocol U "u"\ndata\n  crea "creatinine" in µmol/L\n      molar mass 113.12 g/mol\n  alt "ALT" in U/L with ULN\n'
        'inclusion\n  (1) "c"\n      crea ≤ 100 µmol/L\n  (2) "a"\n      alt ≤ 2 × ULN\n'
    )
    labs = tmp_path / "labs.csv"
    labs.write_text(
        "patient,item,value,unit,uln\n1,crea,1.1,mg/dL,\n2,crea,1.2,mg/dL,\n3,crea,99,,\n1,alt,70,U/L,40\n2,alt,70,U/L,30\n3,alt,70,,\n"
    )
    found = rules.screen(pl.DataFrame({"id": [1, 2, 3]}), long=[labs]).frame()
    assert found["I1"].to_list() == ["met", "not met", "met"]
    assert found["I2"].to_list() == ["met", "not met", "unknown"]
    people = pl.DataFrame({"id": [1, 2, 3], "crea_unit": ["mg/dL"] * 3})
    with pytest.raises(PopulationError, match="`crea_unit` is a column and stands in a table of its own"):
        rules.screen(people, long=[labs])


SMALL = 'protocol S "s"\ndata\n  n "n" in mg/dL\n  mi "MI" event\n  drugs "drugs" several of a, b\ninclusion\n  (1) "n"\n      n > 1 mg/dL\n  (2) "m"\n      NOT mi\n  (3) "d"\n      drugs INCLUDES a\n'
SLIPS = [
    ('[[tables]]\nfile = "labs.csv"\nunit = "UNIT"\n', "there is no column `UNIT` for unit; did you mean"),
    ('[[tables]]\nfile = "labs.csv"\ndate = "day"\n', "there is no column `day` for date"),
]


@pytest.mark.parametrize(("text", "message"), SLIPS)
def test_columns_that_a_mapping_names_must_be_there(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text("patient,item,value,unit\n1,n,14,mg/dL\n")
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(PopulationError) as refused:
        loads(SMALL).screen(pl.DataFrame({"id": [1]}), mapping=str(tmp_path / "m.toml"))
    assert message in str(refused.value)


def test_a_column_of_a_long_table_that_means_nothing_is_a_slip(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text("patient,item,value,units\n1,n,14,g/L\n")
    with pytest.raises(PopulationError, match="the column `units` is no part of an occurrence; did you mean `unit`"):
        loads(SMALL).screen(pl.DataFrame({"id": [1]}), long=[tmp_path / "labs.csv"])


def test_rows_that_are_passed_over_are_counted(tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("patient,item,date\n1,I21,2026\n2,X,2026\n7,I21,2026\n")
    (tmp_path / "m.toml").write_text(
        '[[tables]]\nfile = "codes.csv"\nabsent = ["mi"]\n[tables.items]\nI21 = "mi"\nI210 = "mi"\n'
    )
    screening = loads(SMALL).screen(pl.DataFrame({"id": [1, 2]}), mapping=tmp_path / "m.toml")
    assert [each.split("codes.csv: ")[1] for each in screening.summary()["passed_over"]] == [
        "1 of 3 rows are of nobody in the population",
        "of the codes in [tables.items] these do not occur: I210",
        "1 of 3 rows have codes that are not in [tables.items]",
    ]
    assert "of nobody in the population" in screening.report()


def test_values_of_csv_are_recoded_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,n,mi,drugs\n1,2,NIE,A\n2,2,2026-01-01,?\n3,2,?,b;a\n")
    (tmp_path / "m.toml").write_text(
        '[values.mi]\nNIE = "none"\n"?" = "unknown"\n[values.drugs]\nA = "a"\n"?" = "unknown"\n'
    )
    found = loads(SMALL).screen(tmp_path / "p.csv", mapping=tmp_path / "m.toml").frame()
    assert found["I2"].to_list() == ["met", "not met", "unknown"]
    assert found["I3"].to_list() == ["met", "unknown", "met"]
