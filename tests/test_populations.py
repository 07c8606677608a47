"""Populations as they come: dates and occurrences of CSV, folders, frames of other libraries, and runs that go on."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest
from populating import csv

from rjdm_rules import loads
from rjdm_rules.screening import sources
from rjdm_rules.screening.matching import PopulationError
from rjdm_rules.screening.screen import Stopped

DATES = 'protocol D "d"\ndata\n  seen "seen" date\n  fit "fit" event\n      sure "sure" yes/no\ninclusion\n  (1) "one"\n      seen AFTER 2026-03-15\n  (2) "two"\n      fit WHERE (sure) BEFORE seen\n'
AMBIGUOUS = ["03/04/2026", "3.4.2026", "04-03-2026", "20260403", "2026/04/03"]


@pytest.mark.parametrize("written", AMBIGUOUS)
def test_a_date_that_may_be_another_is_not_guessed(written: str, tmp_path: Path) -> None:
    rules = loads(DATES)
    path = csv(tmp_path, f"id,seen\n1,{written}\n")
    with pytest.raises(PopulationError, match="row 1"):
        rules.screen(path).frame()


def test_dates_of_csv_whole_and_in_part(tmp_path: Path) -> None:
    rules = loads(DATES)
    assert rules.screen(csv(tmp_path, "id,seen\n1,2026-04-03\n2,\n")).frame()["I1"].to_list() == ["met", "unknown"]
    assert rules.screen(csv(tmp_path, "id,seen\n1,2026-04\n2,2026-04-03\n3,2026\n")).frame()["I1"].to_list() == ["met", "met", "unknown"]  # fmt: skip


def test_occurrences_of_csv_in_every_way_of_writing(tmp_path: Path) -> None:
    cells = ['"[{""date"": ""2026-01-01"", ""sure"": true}]"', "none", "", "2026-01-01", '"{""date"": ""2026"", ""sure"": false}"', "[]"]  # fmt: skip
    rows = "".join(f"{n},2026-03-02,{cell}\n" for n, cell in enumerate(cells))
    found = loads(DATES).screen(csv(tmp_path, "id,seen,fit\n" + rows)).frame()
    assert found["I2"].to_list() == ["met", "not met", "unknown", "unknown", "not met", "not met"]


LIMITED = """protocol L "l"
data
  n "n" in mg/dL
      range 0..{}
  m "m" in mg/dL
      range 0..100
      otherwise n
inclusion
  (1) "one"
      m ≤ 50 mg/dL
"""


def stopped_after_ten(rules: Any, people: Any, folder: Path, **more: Any) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        rules.screen(people, **more).write(folder, stop=stop)


def summary_of(rules: Any, people: Any, folder: Path, **more: Any) -> dict[str, Any]:
    rules.screen(people, **more).write(folder)
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def test_a_run_goes_on_only_where_rules_and_data_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BATCH", 10)
    many, few = (loads(LIMITED.format(most)) for most in (100, 2))
    people = csv(tmp_path, "id,n\n" + "".join(f"{n},{n}\n" for n in range(50)))
    stopped_after_ten(many, people, tmp_path / "a", bad_values="unknown")
    assert summary_of(few, people, tmp_path / "a", bad_values="unknown")["verdicts"]["eligible"] == 3
    ids, table = csv(tmp_path, "id\n" + "".join(f"{n}\n" for n in range(50)), "ids.csv"), tmp_path / "long.csv"
    table.write_text("patient,item,value\n" + "".join(f"{n},n,{n}\n" for n in range(50)))
    stopped_after_ten(many, ids, tmp_path / "b", long=[table])
    table.write_text("patient,item,value\n0,n,0\n1,n,1\n2,n,2\n")
    assert summary_of(many, ids, tmp_path / "b", long=[table])["verdicts"]["eligible"] == 3
    frame = pl.DataFrame({"id": range(50), "n": [90.0] * 50})
    stopped_after_ten(many, frame, tmp_path / "c")
    assert summary_of(many, frame.with_columns(n=pl.lit(1.0)), tmp_path / "c")["verdicts"]["eligible"] == 50


def test_bad_values_of_an_earlier_sitting_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BATCH", 10)
    rules = loads(LIMITED.format(100))
    people = csv(tmp_path, "id,n\n" + "".join(f"{n},{500 if n < 5 else n}\n" for n in range(50)))
    stopped_after_ten(rules, people, tmp_path / "a", bad_values="unknown")
    assert summary_of(rules, people, tmp_path / "a", bad_values="unknown")["bad_values"] == {"n": 5}


def test_files_of_a_folder_may_differ_in_what_their_cells_happen_to_hold(tmp_path: Path) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    csv(folder, "id,n,m\n1,8,\n2,30,\n", "a.csv")
    csv(folder, "id,n,m\n3,8.5,60\n", "b.csv")
    found = loads(LIMITED.format(100)).screen(folder).frame()
    assert found["I1"].to_list() == ["met", "met", "not met"]
    dates = tmp_path / "dates"
    dates.mkdir()
    csv(dates, "id,seen,fit\n1,2026-04-01,none\n", "a.csv")
    csv(dates, "id,seen,fit\n2,2026-03,2026-01-01\n", "b.csv")
    assert loads(DATES).screen(dates).frame()["I1"].to_list() == ["met", "unknown"]


class Arrow:
    """A frame of another library, which hands out Arrow."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.table = frame.to_arrow()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


def test_frames_of_other_libraries_and_counts_at_any_time() -> None:
    rules = loads(LIMITED.format(100))
    people = pl.DataFrame({"id": [1, 2, 3], "n": [1.0, 60.0, None]})
    screening = rules.screen(Arrow(people))
    first = screening.summary()
    assert first["verdicts"] == {"eligible": 1, "ineligible": 1, "undetermined": 1}
    screening.frame()
    screening.frame()
    assert screening.summary() == first
    with pytest.raises(TypeError, match="by is a list"):
        rules.screen(people, by="n: 10")
    with pytest.raises(PopulationError, match="the id stands more than once"):
        rules.screen(pl.DataFrame({"id": [1, 1]})).summary()


def test_years_alone_in_csv_are_dates_in_part(tmp_path: Path) -> None:
    found = loads(DATES).screen(csv(tmp_path, "id,seen,fit\n1,2027,2020\n2,2026,2021\n3,2020,none\n")).frame()
    assert found["I1"].to_list() == ["met", "unknown", "not met"]
    numbers = pl.DataFrame({"id": [1], "seen": [2027]})
    with pytest.raises(PopulationError, match="is not a date"):
        loads(DATES).screen(numbers).frame()
