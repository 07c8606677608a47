"""`rjdm screen` and `rjdm synthesize`: what is written, what is refused, and runs that are stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl
import pytest
from populating import csv
from running import run

from rjdm_rules import load, loads
from rjdm_rules.screening import sources
from rjdm_rules.screening.matching import PopulationError
from rjdm_rules.screening.raw_records import record_of
from rjdm_rules.screening.screen import Screening, Stopped
from rjdm_rules.screening.sources import opened, source_of
from rjdm_rules.screening.synthesizing import Synthesizer, write_population

TRIAL = """protocol TRIAL "a trial"
data
  age "age" in years
      range 0..120
  b1  "fact" yes/no
inclusion
  (1) old "Aged 18 or older"
      age ≥ 18 years
exclusion
  (1) fact "The fact"
      b1
"""


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    path = tmp_path / "trial.rules"
    path.write_text(TRIAL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "people.parquet"
    write_population(load("rjdm_cart").graph, 60_000, 3, path)
    return path


def written(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


# ---- what is written


def test_verdicts_and_summary(trial: Path, tmp_path: Path) -> None:
    population = csv(tmp_path, "id,age,b1\nA,20,no\nB,17,no\nC,,no\nD,30,yes\nE,3,yes\n")
    result = run("screen", str(trial), str(population), "-o", str(tmp_path / "out"), "--format", "json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["verdicts"] == {"eligible": 1, "ineligible": 3, "undetermined": 1}
    assert summary["criteria"]["I1"] == {
        "met": 2, "not met": 2, "unknown": 1, "not applicable": 0, "fails": 2, "fails_only": 1, "shapley": 1.5,
        "gained": 2,
    }  # fmt: skip
    assert summary["next_best_facts"] == [{"item": "age", "patients": 1, "alone": 1}]
    table = pl.read_parquet(tmp_path / "out" / "verdicts.parquet")
    assert table.columns == ["id", "verdict", "I1", "E1", "deciding_facts"]
    assert table.with_columns(pl.col("verdict").cast(pl.String)).rows()[2][:2] == ("C", "undetermined")
    assert table["deciding_facts"].to_list()[2] == ["age"]
    assert written(tmp_path / "out") == ["report.html", "summary.json", "verdicts.parquet"]


def test_a_folder_is_one_population(trial: Path, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    folder.mkdir()
    csv(folder, "id,age,b1\nA,20,no\n", "a.csv")
    csv(folder, "id,age,b1\nB,17,no\n", "b.csv")
    result = run("screen", str(trial), str(folder), "-o", str(tmp_path / "out"), "--format", "json")
    assert json.loads(result.stdout)["patients"] == 2
    csv(folder, "id,age\nC,17\n", "c.csv")
    result = run("screen", str(trial), str(folder), "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "the column `b1` is missing" in result.stderr


def test_csv_and_parquet_of_the_same_people_say_the_same(tmp_path: Path) -> None:
    graph = load("rjdm_cart").graph
    summaries = []
    for name in ("people.csv", "people.parquet"):
        write_population(graph, 400, 2, tmp_path / name)
        result = run("screen", "rjdm_cart", str(tmp_path / name), "-o", str(tmp_path / "out"), "--format", "json")
        assert result.exit_code == 0, result.output
        summaries.append(result.stdout)
    assert summaries[0] == summaries[1]


def test_frames_from_python(trial: Path) -> None:
    rules = load(trial)
    frame = pl.DataFrame({"id": ["A", "B"], "age": [20.0, None], "b1": [False, True]})
    for population in (frame, frame.lazy(), frame.to_arrow()):
        assert rules.screen(population).frame()["verdict"].to_list() == ["eligible", "ineligible"]
    with pytest.raises(PopulationError, match="and no list"):
        rules.screen([1, 2])


# ---- what is refused

REFUSED = [
    ("id,age,b1\nA,20,no\nB,17\n", "line 3: this row has 2 cells, the header 3"),
    (b"id,age,b1\nA,20,no\nB\xff,17,no\n", "line 3: the text is not UTF-8"),
    ("id,age,b1\nA,20,no\nA,17,no\n", "the id stands more than once: A"),
    ("id,age,b1\n", "the population is empty"),
    ("age,b1\n20,no\n", "has no column `id`"),
    ("id,agee,b1\nA,20,no\n", "`agee` is no item of this protocol; did you mean `age`?"),
    ("id,age,b1\nA,200,no\nB,5,perhaps\n", "row 2: \"perhaps\" is neither yes nor no"),
    ("id,age,age\nA,20,no\n", "the column `age` is there twice"),
    ("id;age;b1\nA;20,5;no\n", "the cells are separated by semicolons; save the file with commas"),
    ("id,age,b1\nA,20,no\n".encode("utf-16"), "the text is UTF-16; save the file as UTF-8"),
    ("id,age,b1\nA,20,N\n", "say in a mapping file what the data's own words mean ([values])"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_bad_populations_are_refused_and_nothing_is_written(
    trial: Path, tmp_path: Path, text: str | bytes, message: str
) -> None:
    result = run("screen", str(trial), str(csv(tmp_path, text)), "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert message in result.stderr
    assert written(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["people.parquet", "nothing.parquet", "people.txt"])
def test_files_that_are_no_population(trial: Path, tmp_path: Path, name: str) -> None:
    if name != "nothing.parquet":
        (tmp_path / name).write_bytes(b"PAR1 and then it was cut short")
    result = run("screen", str(trial), str(tmp_path / name), "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert name in result.stderr and "Traceback" not in result.output
    assert written(tmp_path / "out") == []


def test_a_parquet_file_that_is_cut_in_the_middle(people: Path, tmp_path: Path) -> None:
    data = people.read_bytes()
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(data[:200_000] + bytes(100_000) + data[300_000:])
    result = run("screen", "rjdm_cart", str(broken), "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr and "Traceback" not in result.output
    assert written(tmp_path / "out") == []


def test_bad_values_as_unknown_are_counted(trial: Path, tmp_path: Path) -> None:
    population = csv(tmp_path, "id,age,b1\nA,200,no\nB,20,no\n")
    result = run(
        "screen",
        str(trial),
        str(population),
        "-o",
        str(tmp_path / "out"),
        "--bad-values",
        "unknown",
        "--format",
        "json",
    )
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["bad_values"] == {"age": 1}
    assert summary["verdicts"] == {"eligible": 1, "ineligible": 0, "undetermined": 1}
    assert "age: 1 value taken as unknown, such as row 1" in result.stderr


def test_earlier_results_stay_where_a_run_fails(trial: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("screen", str(trial), str(csv(tmp_path, "id,age,b1\nA,20,no\n")), "-o", str(out)).exit_code == 0
    before = (out / "verdicts.parquet").read_bytes()
    assert run("screen", str(trial), str(csv(tmp_path, "id,age,b1\nA,900,no\n")), "-o", str(out)).exit_code == 2
    assert (out / "verdicts.parquet").read_bytes() == before
    assert written(out) == ["report.html", "summary.json", "verdicts.parquet"]


@pytest.mark.parametrize("free", [0, 1 << 62])
@pytest.mark.parametrize("command", ["screen", "synthesize"])
def test_a_full_disk_is_told_and_leaves_nothing(people: Path, tmp_path: Path, command: str, free: int) -> None:
    """A limit on the size of files stands for a full disk; it is told as such where little is free."""
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        f"from rjdm_rules.screening import sources; sources.FULL = {free};"
        "from rjdm_rules.cli import main; sys.argv = ['rjdm', *sys.argv[1:]]; main()"
    )
    out = tmp_path / "out"
    out.mkdir()
    arguments = {"screen": [str(people), "-o", str(out)], "synthesize": ["-n", "3000", "-o", str(out / "made.parquet")]}
    done = subprocess.run(
        [sys.executable, "-c", script, command, "rjdm_cart", *arguments[command]],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert "error: " in done.stderr and "Traceback" not in done.stderr
    assert ("the disk is full" in done.stderr) == bool(free)
    assert written(out) == []


# ---- runs that are stopped


def test_a_stopped_run_goes_on_where_it_was(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "BATCH", 10_000)
    rules = load("rjdm_cart")
    with_sites = tmp_path / "sites.parquet"
    site = (pl.int_range(pl.len()) // 10_000 + pl.int_range(pl.len()) % 2).cast(pl.String)  # new ones all along
    pl.read_parquet(people).with_columns(site=site).write_parquet(with_sites)

    def screening() -> Screening:
        asked = {"what_if": ["lvef ≥ 50 %"], "curves": ["lvef ≥ 50 to 60 %"], "by": ["sex", "age: 6, 12", "site"]}
        return rules.screen(with_sites, **asked)

    screening().write(tmp_path / "whole")
    stop = Event()

    def progress(done: int, of: int | None) -> None:
        if done >= 20_000:
            stop.set()

    with pytest.raises(Stopped) as stopped:
        screening().write(tmp_path / "out", progress, stop)
    assert 20_000 <= stopped.value.patients < 60_000
    assert written(tmp_path / "out") == ["unfinished.json", "unfinished.parquet"]
    seen: list[int] = []
    screening().write(tmp_path / "out", lambda done, of: seen.append(done))
    assert seen[0] == stopped.value.patients + 10_000
    assert written(tmp_path / "out") == ["report.html", "summary.json", "verdicts.parquet"]
    for name in ("whole", "out"):
        frame = pl.read_parquet(tmp_path / name / "verdicts.parquet")
        assert frame.height == 60_000
    whole, out = (pl.read_parquet(tmp_path / name / "verdicts.parquet") for name in ("whole", "out"))
    assert whole.equals(out)
    for name in ("summary.json", "report.html"):
        assert (tmp_path / "whole" / name).read_text() == (tmp_path / "out" / name).read_text()


def test_what_was_kept_of_other_rules_is_not_used(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH", 10_000)
    rules = load("rjdm_cart")
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        Screening(rules.evaluator(), opened(people, rules.model)).write(tmp_path / "out", stop=stop)
    other = rules.evaluator({"liver_exception": "transaminases_only"})
    seen: list[int] = []
    Screening(other, opened(people, rules.model)).write(tmp_path / "out", lambda done, of: seen.append(done))
    assert seen[0] == 10_000


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    write_population(load("rjdm_cart").graph, 400_000, 4, path)
    script = (
        "import sys, time; from rjdm_rules.screening import sources; sources.BATCH = 10_000;"
        "from rjdm_rules.screening.evaluating import PopulationEvaluator as Slow; run = Slow.run;"
        "Slow.run = lambda self, *given: (time.sleep(0.2), run(self, *given))[1];"
        "from rjdm_rules.cli import main; sys.argv[0] = 'rjdm'; main()"
    )
    command = [sys.executable, "-c", script, "screen", "rjdm_cart", str(path), "-o", str(tmp_path / "out")]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))  # fmt: skip
    for _ in range(200):
        if (tmp_path / "out").exists():
            break
        time.sleep(0.05)
    time.sleep(1)  # some batches are decided, most are not
    os.kill(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 2, errors
    assert "are kept, and the same command goes on from there" in errors
    assert written(tmp_path / "out") == ["unfinished.json", "unfinished.parquet"]
    state = json.loads((tmp_path / "out" / "unfinished.json").read_text())
    assert pl.read_parquet(tmp_path / "out" / "unfinished.parquet").height == state["patients"] > 0


# ---- made-up people


def test_made_up_people_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    graph = load("rjdm_cart").graph
    first = Synthesizer(graph, 1).block(1, 300)
    assert first.equals(Synthesizer(graph, 1).block(1, 300))
    assert not first.equals(Synthesizer(graph, 2).block(1, 300))
    assert first["id"][0] == "S00050001"
    for name in ("a.parquet", "b.parquet"):
        assert run("synthesize", "rjdm_cart", "-n", "500", "--seed", "5", "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_made_up_people_are_taken_and_of_every_verdict() -> None:
    rules = load("rjdm_cart")
    frame = Synthesizer(rules.graph, 8).block(0, 2000)
    screening = Screening(rules.evaluator(), source_of(frame, rules.model))
    verdicts: dict[str, Any] = screening.frame()["verdict"].value_counts().rows_by_key("verdict", unique=True)  # type: ignore[assignment]
    assert set(verdicts) == {"eligible", "ineligible", "undetermined"}
    assert not screening.bad
    match = screening.engine.match
    for row in frame.head(50).iter_rows(named=True):
        rules.evaluate(record_of(match, row))


def test_people_of_any_protocol_can_be_made_up() -> None:
    from making import Maker

    for seed in range(12):
        rules = loads(Maker(seed).text())
        frame = Synthesizer(rules.graph, seed).block(0, 200)
        Screening(rules.evaluator(), source_of(frame, rules.model)).frame()


FAVOURED = """protocol F "f"
data
  screening "screening" date
  sex "sex" one of female, male
  pregnant "pregnant" yes/no
  crp "CRP" repeated in mg/L
      range 0..500
  fit "fit" event
inclusion
  (1) "Latest CRP within 4 weeks 5 to 10 mg/L"
      value OF LATEST(crp WITHIN 4 weeks BEFORE screening) BETWEEN 5 mg/L AND 10 mg/L
  (2) "If female, not pregnant"
      IF sex IS female THEN NOT pregnant
  (3) "Fewer than two fits"
      COUNT(fit) < 2
"""


def test_made_up_people_are_plausible() -> None:
    """Most have what the rules ask for; nobody is of one sex since a criterion speaks of the other; events lie back."""
    rules = loads(FAVOURED)
    people = Synthesizer(rules.graph, 3).block(0, 4000)
    found = rules.screen(people).frame()
    assert (found["verdict"] == "eligible").mean() > 0.2  # type: ignore[operator]
    assert 0.4 < (people["sex"] == "female").mean() < 0.6  # type: ignore[operator]
    last = people.select(pl.col("fit").list.eval(pl.element()).list.max() <= pl.col("screening")).to_series()
    assert last.drop_nulls().all()
