"""The rules on DuckDB and on a real Spark against the embedded engine, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pytest
from making import Maker, protocol
from populating import population
from running import run
from test_screening import dated, plainly

from rjdm_rules import Protocol, load, loads
from rjdm_rules.screening.duckdb_tables import DuckDatabase
from rjdm_rules.screening.evaluating import PopulationEvaluator
from rjdm_rules.screening.matching import PopulationError, matched
from rjdm_rules.screening.shape import Shape
from rjdm_rules.screening.sql_engine import SqlPopulation
from rjdm_rules.screening.sql_rules import DIALECTS, printed, sql_rules
from rjdm_rules.screening.sql_tables import SqlTable
from rjdm_rules.screening.synthesizing import Synthesizer

PATIENTS = 40
OCCURRENCES = {
    "e1": pl.List(pl.Struct({"date": pl.String, "grade": pl.Float64, "kind": pl.String, "load": pl.Float64, "sure": pl.Boolean})),
    "e2": pl.List(pl.Struct({"date": pl.String, "until": pl.String, "grade": pl.Float64})),
}  # fmt: skip


def made(seed: int) -> tuple[Protocol, pl.DataFrame]:
    """A random protocol, and a population of it as a database holds it: numbers as numbers."""
    maker = Maker(seed)
    rules = loads(maker.text())
    records = [plainly(maker.record()) for _ in range(PATIENTS)]
    records = [dated(each) for each in records] if seed % 2 else records
    for record in records:
        if isinstance(record.get("n1"), str):
            record["n1"] = 2
        for each in record.get("e1") or [] if isinstance(record.get("e1"), list) else []:
            if isinstance(each, dict) and "load" in each:
                each["load"] = 1.5
    frame = population(rules.model, records, typed_dates=True)
    return rules, frame.with_columns(frame[name].cast(type) for name, type in OCCURRENCES.items())


def embedded(rules: Protocol, frame: pl.DataFrame) -> pl.DataFrame:
    evaluator = PopulationEvaluator(rules.evaluator(), matched(rules.model, frame.columns), dict(frame.schema))
    return texted(evaluator.run(frame).frame)


def with_many_digits(people: pl.DataFrame) -> pl.DataFrame:
    """Some values with more digits than SQL takes."""
    some = (pl.int_range(pl.len()) % 50 == 0) & pl.col("ast").is_not_null()
    return people.with_columns(ast=pl.when(some).then(120.00000000000001).otherwise("ast"))


def texted(frame: pl.DataFrame) -> pl.DataFrame:
    facts = pl.col("deciding_facts").cast(pl.List(pl.String)).list.join(",")
    return frame.with_columns(pl.exclude("id", "deciding_facts").cast(pl.String), facts).sort("id")


def on_duckdb(rules: Protocol, frame: pl.DataFrame) -> SqlPopulation:
    connection = duckdb.connect()
    connection.register("people", frame.to_arrow())
    return SqlPopulation(rules.evaluator(), DuckDatabase(connection), ("people",))


@pytest.mark.parametrize("seed", range(40))
def test_duckdb_decides_as_the_embedded_engine(seed: int) -> None:
    rules, frame = made(seed)
    found = pl.concat(on_duckdb(rules, frame).batches())
    assert texted(found).equals(embedded(rules, frame))


def test_duckdb_decides_made_up_rjdm_patients() -> None:
    rules = load("rjdm_cart")
    frame = Synthesizer(rules.graph, 5).block(0, 3000)
    people = on_duckdb(rules, frame)
    assert texted(pl.concat(people.batches())).equals(embedded(rules, frame))
    assert people.rules.left == ()


def test_rows_that_sql_cannot_decide_are_decided_one_by_one() -> None:
    rules = protocol("n1 × n2 / n2 > 1 mg/dL")
    frame = pl.DataFrame({"id": [1, 2, 3], "n1": [1.000000000001, 1.0, 0.3], "n2": [0.123456789012345, 7.0, 0.0]})
    people = on_duckdb(rules, frame)
    (batch,) = people.database.decided(people.rules)
    assert batch["apart"].sum() == 1
    assert texted(pl.concat(people.batches())).equals(embedded(rules, frame))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"n2": [100.5]}, "outside the range 0 to 100"),
    ({"n2": [1.0], "n2_unit": ["furlong"]}, "is not a unit"),
    ({"n4": [1.5]}, "is not a count"),
    ({"o1": ["d"]}, "is not an option"),
    ({"n1": [1.0], "n1_uln": [0.0]}, "is not above zero"),
    ({"screening": [date(1500, 1, 1)]}, "the year 1500"),
    ({"e2": [[{"date": date(2026, 1, 2), "until": date(2026, 1, 1)}]]}, "before it begins"),
    ({"s1": [["p", "x"]]}, "is not an option"),
]


@pytest.mark.parametrize(("columns", "message"), BAD)
def test_values_that_cannot_be_used_are_refused(columns: dict[str, Any], message: str) -> None:
    rules = protocol("b1")
    with pytest.raises(PopulationError, match=message):
        list(on_duckdb(rules, pl.DataFrame({"id": ["a"], **columns})).batches())


@pytest.mark.parametrize(("columns", "message"), [
    ({"n1": ["1 mg/dL"]}, "`n1` holds texts, where SQL needs numbers"),
    ({"b1": ["yes"]}, "`b1` holds texts, where SQL needs yes/no values"),
    ({"e1": ["2026-01-01"]}, "`e1` holds texts, where SQL needs lists of dates or of structs"),
])  # fmt: skip
def test_columns_that_sql_cannot_read_are_refused_by_name(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(PopulationError, match=message):
        on_duckdb(protocol("b1"), pl.DataFrame({"id": ["a"], **columns}))


def test_names_and_values_never_become_sql() -> None:
    """A column, a table and a unit that would end a statement are names and values as any other."""
    hostile = 'x"; DROP TABLE people; --'
    rules = protocol("n1 ≥ 1 mg/dL")
    connection = duckdb.connect()
    frame = pl.DataFrame(
        {"id": ["'; DROP TABLE people; --"], "n1": [1.0], "n1_unit": ["mg/dL'; DROP TABLE people; --"], hostile: [1]}
    )
    held = frame.to_arrow()
    connection.execute("CREATE TABLE people AS SELECT * FROM held")
    connection.execute('ALTER TABLE people RENAME TO "people""; DROP TABLE people; --"')
    people = SqlPopulation(
        rules.evaluator(), DuckDatabase(connection), ('people"; DROP TABLE people; --',), allow_extra=True
    )
    with pytest.raises(PopulationError, match="is not a unit"):
        list(people.batches())
    assert connection.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchone() == (1,)
    assert held.num_rows == 1


def in_tables(rules: Protocol, frame: pl.DataFrame) -> tuple[duckdb.DuckDBPyConnection, SqlTable, Shape]:
    """The population with a table for each event, as databases without lists have it."""
    connection = duckdb.connect()
    people = on_duckdb(rules, frame)
    events = [name for name, item in rules.model.items.items() if item.kind == "event"]
    for event in events:
        rows = frame.select("id", event).explode(event, empty_as_null=False, keep_nulls=False)
        dates = rows[event].dtype
        rows = rows.unnest(event) if isinstance(dates, pl.Struct) else rows.rename({event: "date"})
        connection.register(event, rows.to_arrow())
    flags = [pl.when(pl.col(event).is_not_null()).then(True).alias(f"{event}_recorded") for event in events]
    connection.register("people", frame.with_columns(flags).drop(events).to_arrow())
    table = replace(people.table, tables={event: (event,) for event in events})
    return connection, table, people.shape


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_tables_of_occurrences_say_what_lists_say(seed: int) -> None:
    rules, frame = made(seed)
    connection, table, shape = in_tables(rules, frame)
    match = matched(rules.model, frame.columns)
    query = sql_rules(rules.evaluator(), match, table, shape)
    found = connection.sql(query.text("duckdb")).pl().sort("id")
    expected = embedded(rules, frame)
    settled = ~found["apart"]
    assert settled.sum() > PATIENTS / 2
    assert found.drop("apart").filter(settled).equals(expected.filter(settled))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_printed_sql_is_sql(dialect: str) -> None:
    import sqlglot

    result = run("sql", "rjdm_cart", "--dialect", dialect, "--table", "trial.people")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("-- RJDM-CART 1.0; readings: liver_exception = all_tests")
    query = sqlglot.parse_one(result.stdout, read=dialect)
    names = query.named_selects
    assert names[:3] == ["id", "verdict", "I1"] and names[-2:] == ["deciding_facts", "apart"]
    assert any(table.name == "people" and table.db == "trial" for table in query.find_all(sqlglot.exp.Table))


def test_printed_sql_runs() -> None:
    rules = load("rjdm_cart")
    frame = Synthesizer(rules.graph, 9).block(0, 500)
    units = ["creatinine_unit", "bilirubin_unit"]
    frame = frame.filter(pl.col(units[0]) == "mg/dL", pl.col(units[1]) == "umol/L").drop(units)
    connection = duckdb.connect()
    connection.register("patients", frame.to_arrow())
    found = connection.sql(printed(rules.evaluator(), "duckdb")).pl().sort("id")
    expected = embedded(rules, frame).filter(~found["apart"])
    assert found["apart"].sum() < 20
    assert found.filter(~pl.col("apart")).drop("apart").equals(expected)


def test_a_table_of_a_duckdb_file_is_a_population(tmp_path: Any) -> None:
    rules = load("rjdm_cart")
    frame = Synthesizer(rules.graph, 6).block(0, 300)
    held = frame.to_arrow()
    with duckdb.connect(str(tmp_path / "clinic.duckdb")) as connection:
        connection.execute("CREATE SCHEMA trial; CREATE TABLE trial.people AS SELECT * FROM held")
    assert held.num_rows == 300
    arguments = ["screen", "rjdm_cart", f"{tmp_path}/clinic.duckdb::trial.people", "-o", f"{tmp_path}/out"]
    assert run(*arguments).exit_code == 0
    found = pl.read_parquet(tmp_path / "out" / "verdicts.parquet")
    assert texted(found).equals(embedded(rules, frame))
    wrong = run("screen", "rjdm_cart", f"{tmp_path}/clinic.duckdb::nobody", "-o", f"{tmp_path}/out")
    assert wrong.exit_code == 2 and "nobody: the table cannot be read" in wrong.stderr
    assert "no such file" in run("screen", "rjdm_cart", f"{tmp_path}/none.duckdb::people", "-o", "out").stderr


# ---- Spark


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql")
    from shutil import which

    if which("java") is None:
        pytest.skip("Spark needs Java")
    session = (
        sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "3g").config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC").getOrCreate()
    )  # fmt: skip
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.mark.parametrize("seed", range(6))
def test_spark_decides_as_the_embedded_engine(spark: Any, seed: int, tmp_path: Any) -> None:
    from rjdm_rules.screening.spark_tables import SparkDatabase

    rules, frame = made(seed)
    frame.write_parquet(tmp_path / "people.parquet")
    database = SparkDatabase(spark.read.parquet(str(tmp_path / "people.parquet")))
    people = SqlPopulation(rules.evaluator(), database, (database.name,))
    assert texted(pl.concat(people.batches())).equals(embedded(rules, frame))


def test_spark_decides_made_up_rjdm_patients(spark: Any, tmp_path: Any) -> None:
    from rjdm_rules.screening.spark_tables import SparkDatabase

    rules = load("rjdm_cart")
    frame = Synthesizer(rules.graph, 5).block(0, 1000)
    frame.write_parquet(tmp_path / "people.parquet")
    database = SparkDatabase(spark.read.parquet(str(tmp_path / "people.parquet")))
    people = SqlPopulation(rules.evaluator(), database, (database.name,))
    assert texted(pl.concat(people.batches())).equals(embedded(rules, frame))


def test_spark_gives_a_dataframe_of_everyone(spark: Any, tmp_path: Any) -> None:
    from rjdm_rules.screening.spark_tables import screened

    rules = load("rjdm_cart")
    frame = Synthesizer(rules.graph, 5).block(0, 300)
    frame = with_many_digits(frame)
    frame.write_parquet(tmp_path / "people.parquet")
    found = screened(rules.evaluator(), spark.read.parquet(str(tmp_path / "people.parquet")))
    rows = pl.DataFrame([each.asDict() for each in found.collect()])
    assert texted(rows).equals(embedded(rules, frame))
    with pytest.raises(PopulationError):
        screened(rules.evaluator(), found)


# ---- the command


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_the_command_gives_the_same_on_every_engine(engine: str, tmp_path: Any, request: pytest.FixtureRequest) -> None:
    if engine == "spark":
        request.getfixturevalue("spark")
    rules = load("rjdm_cart")
    folder = tmp_path / "people"
    folder.mkdir()
    for part in range(2):
        people = Synthesizer(rules.graph, 9).block(part, 700)
        if part:
            people = with_many_digits(people)
        people.write_parquet(folder / f"{part}.parquet")
    here = run("screen", "rjdm_cart", str(folder), "-o", f"{tmp_path}/here", "--format", "json")
    there = run("screen", "rjdm_cart", str(folder), "-o", f"{tmp_path}/there", "--format", "json", "--engine", engine)
    assert there.exit_code == 0, there.output
    assert json.loads(there.stdout) | {"one_by_one": 0} == json.loads(here.stdout) | {"one_by_one": 0}
    assert json.loads(there.stdout)["one_by_one"] > 0
    a, b = (pl.read_parquet(f"{tmp_path}/{each}/verdicts.parquet").sort("id") for each in ("here", "there"))
    assert a.equals(b)
    assert (tmp_path / "there" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--by", "sex"), "duckdb: what-ifs, curves and groups need the embedded engine"),
        (("--what-if", "lvef ≥ 50 %"), "need the embedded engine"),
        (("--bad-values", "unknown"), "only the embedded engine takes bad values as unknown"),
        (("--long", "labs.csv"), "mapping files and --long need the embedded engine"),
        ((), "`age` holds texts, where SQL needs numbers"),
    ],
)
def test_what_an_engine_cannot_do_is_refused(arguments: tuple[str, ...], message: str, tmp_path: Any) -> None:
    pl.DataFrame({"id": ["a"], "age": ["9"]}).write_parquet(tmp_path / "p.parquet")
    result = run(
        "screen", "rjdm_cart", f"{tmp_path}/p.parquet", "-o", f"{tmp_path}/out", "--engine", "duckdb", *arguments
    )
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("none.duckdb::people", "none.duckdb: there is no such file"),
        ("wrong.duckdb::people", "wrong.duckdb: this is no DuckDB file that can be read"),
        ("people.csv", "DuckDB decides tables (clinic.duckdb::people) and Parquet"),
        ("none.parquet", "DuckDB decides tables"),
        ("cut.parquet", "cut.parquet: "),
        (".", "DuckDB decides tables"),
    ],
)
def test_populations_that_duckdb_cannot_open(where: str, message: str, tmp_path: Any) -> None:
    (tmp_path / "wrong.duckdb").write_text("no database")
    (tmp_path / "people.csv").write_text("id\n1\n")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    (tmp_path / "dir").mkdir()
    path = f"{tmp_path}/dir" if where == "." else f"{tmp_path}/{where}"
    result = run("screen", "rjdm_cart", path, "-o", f"{tmp_path}/out", "--engine", "duckdb")
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_batch_in_which_sql_decides_nobody(tmp_path: Any) -> None:
    rules = protocol("n1 × n2 / n2 > 1 mg/dL")
    pl.DataFrame({"id": ["a"], "n1": [1.000000000001], "n2": [0.123456789012345]}).write_parquet(tmp_path / "p.parquet")
    (tmp_path / "t.rules").write_text(next(rules.model.criteria()).place.source.text, encoding="utf-8")
    result = run("screen", f"{tmp_path}/t.rules", f"{tmp_path}/p.parquet", "-o", f"{tmp_path}/out", "--engine", "duckdb", "--format", "json")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["verdicts"]["eligible"] == json.loads(result.stdout)["one_by_one"] == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"n1": [float("nan"), 1.0]}, "the column `n1`: 1 value is no number (NaN)"),
        ({"screening": ["02.03.2026", "2026-03-02"]}, "not a date"),
        ({"screening": ["2026-02-30", "2026"]}, "there is no day 30"),
        ({"e1": [["02.03.2026"], ["2026"]]}, "not a date"),
        ({"e1": [[{"datum": "2026-01-01"}], []]}, "has a field `datum`, which is none of"),
    ],
)
def test_duckdb_refuses_what_the_embedded_engine_refuses(columns: dict[str, Any], message: str) -> None:
    rules = protocol("n1 > 2 mg/dL AND screening ≥ 2026-01-01 AND e1 AFTER 2026-01-01")
    with pytest.raises(PopulationError) as refused:
        list(on_duckdb(rules, pl.DataFrame({"id": ["a", "b"], **columns})).batches())
    assert message in str(refused.value)


@pytest.mark.parametrize("written", ["2026-03-03T99:00", "tomorrow at ten", "03.03.2026"])
def test_duckdb_refuses_texts_that_are_no_times(written: str) -> None:
    rules = loads('protocol T "t"\ndata\n  s "s" date\n  at "at" time\ninclusion\n  (1) "one"\n      at AFTER s\n')
    frame = pl.DataFrame({"id": ["a", "b"], "s": [date(2026, 3, 2)] * 2, "at": [written, "2026-03-03T10:00"]})
    with pytest.raises(PopulationError):
        list(on_duckdb(rules, frame).batches())
    fine = frame.with_columns(at=pl.Series(["2026-03-02T10:00", "2026-03-03"]))
    assert texted(pl.concat(on_duckdb(rules, fine).batches())).equals(embedded(rules, fine))
