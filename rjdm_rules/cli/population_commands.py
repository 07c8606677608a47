"""The commands about populations: screen and synthesize."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..screening.summaries import by_part, different
from .printing import counted, note
from .shared import ALLOW_EXTRA, FILE, READING, Examples, evaluator_for, refuse, usable, with_criteria

NEEDS = "screening needs more packages: pip install 'rjdm-rules[screen]'"
PACKAGES = ("polars", "numpy", "pyarrow", "scipy", "sqlglot")
MOST_FACTS, WIDE = 5, 33


@click.command(
    cls=Examples,
    examples=(
        "rjdm screen rjdm_cart people.parquet -o screened",
        "rjdm screen rjdm_cart folder-of-csv -o screened --bad-values unknown",
        "rjdm screen rjdm_cart people.parquet -o screened --by sex --by 'age: 6, 12' --curve 'lvef >= 40 to 60 %'",
        "rjdm screen rjdm_cart people.parquet -o screened --format json",
    ),
)
@FILE
@click.argument("population", metavar="POPULATION")
@click.option("-o", "--output", required=True, metavar="OUT", help="The folder for verdicts, summary and report.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the summary.")
@click.option(
    "--bad-values",
    type=click.Choice(["refuse", "unknown"]),
    default="refuse",
    help="Values that cannot be used: refuse the population, or take them as unknown and count them.",
)
@click.option("--mapping", metavar="FILE", help="How the source calls columns and values, and its tables (.toml).")
@click.option(
    "--long",
    "longs",
    multiple=True,
    metavar="FILE",
    help="A table of occurrences or measurements: patient, item, date, value, unit, attributes.",
)
@click.option(
    "--what-if",
    "what_ifs",
    multiple=True,
    metavar="CHANGE",
    help="Count who changes: 'lvef >= 50 %', 'stroke WITHIN 3 months BEFORE screening', 'without I5', "
    "'READING = OPTION', or several with commas.",
)
@click.option(
    "--curve",
    "curves",
    multiple=True,
    metavar="RANGE",
    help="Eligible patients over the range of a threshold: 'lvef >= 40 to 60 %'.",
)
@click.option(
    "--by", multiple=True, metavar="COLUMN", help="Outcomes by group: 'site', 'sex', or 'age: 6, 12' for bands of age."
)
@click.option(
    "--engine",
    type=click.Choice(["polars", "duckdb", "spark"]),
    default="polars",
    show_default=True,
    help="What decides: this machine's columns, or the rules as SQL on DuckDB or Spark.",
)
@READING
@ALLOW_EXTRA
def screen(
    file: str,
    population: str,
    output: str,
    form: str,
    bad_values: str,
    mapping: str | None,
    longs: tuple[str, ...],
    what_ifs: tuple[str, ...],
    curves: tuple[str, ...],
    by: tuple[str, ...],
    engine: str,
    readings: tuple[str, ...],
    allow_extra: bool,
) -> None:
    """Screen a population: verdict and outcomes of everyone, what they come to, and a report to look at.

    POPULATION is a Parquet or CSV file, a folder of them, or a table of a database (clinic.duckdb::people,
    postgresql://user@host/clinic::people): one row a patient, columns named as the items, with ast_unit and ast_uln
    beside ast; events are dates, lists of dates, or lists of structs. A run over files that is stopped with Ctrl-C
    goes on where it was when it is started again.
    """
    try:
        from ..evaluation.results import UnknownReading
        from ..screening.asking import asked
        from ..screening.engines import in_database
        from ..screening.opening import population_of
        from ..screening.screen import REPORT, SUMMARY, VERDICTS, PopulationError, Screening, Stopped
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        refuse(NEEDS)
    evaluator = evaluator_for(with_criteria(usable(file)), readings)
    try:
        if engine != "polars" and (mapping or longs):
            refuse(f"{engine}: mapping files and --long need the embedded engine")
        held = Path(mapping) if mapping else None
        here = engine == "polars"
        source = population_of(population, evaluator.protocol, held, longs) if here else in_database(engine, population)
        more = asked(evaluator.protocol, what_ifs, curves, by)
        screening = Screening(evaluator, source, allow_extra, bad_values, **more)
        for line in str(screening.missing()).splitlines():
            note(line)
        for line in screening.engine.notes:
            note(line)
        if allow_extra and screening.engine.match.extra:
            note("passed over: " + ", ".join(screening.engine.match.extra))
        with Bar() as bar:
            screening.write(Path(output), bar)
    except (PopulationError, UnknownReading) as error:
        refuse(str(error))
    except Stopped as stopped:
        kept = f"{stopped.patients:,} patients are kept, and the same command goes on from there"
        note(f"stopped; {kept if stopped.patients else 'nothing is kept'}")
        sys.exit(2)
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")
    for column, count in screening.bad.items():
        note(f"{column}: {counted(count, 'value')} taken as unknown, such as row {screening.examples[column][0].row}")
    summary = screening.summary()
    click.echo(json.dumps(summary, indent=2, ensure_ascii=False) if form == "json" else summary_text(summary))
    *others, report = (str(Path(output) / name) for name in (VERDICTS, SUMMARY, REPORT))
    note(f"wrote {', '.join(others)} and {report}")


def summary_text(summary: dict[str, Any]) -> str:
    """The verdicts, the criteria that fail most, the facts to look up, and what was asked for, as a terminal shows
    them."""
    patients = summary["patients"]
    lines = [f"{patients:,} {'patient' if patients == 1 else 'patients'}"]
    for part, verdicts in by_part(summary["verdicts"]):
        lines += [f"  {part}"] if part else []
        lines += [f"  {word:13} {count:>12,}  {share(count, patients):>7}" for word, count in verdicts.items()]
    failing = [(id, each) for id, each in summary["criteria"].items() if each["shapley"] is not None and each["fails"]]
    failing.sort(key=lambda each: -each[1]["shapley"])
    if failing:
        lines += ["", "why patients are ineligible      fails    alone   gained   share of exclusions"]
        total = sum(each["shapley"] for _, each in failing)
        for id, each in failing:
            counts = f"{each['fails']:>15,} {each['fails_only']:>8,} {each.get('gained', 0):>8,}"
            lines.append(f"  {id:20} {counts} {share(each['shapley'], total):>9}")
    facts = summary["next_best_facts"]
    if facts:
        lines += ["", "what to look up next             patients    alone"]
        for each in facts[:MOST_FACTS]:
            lines.append(f"  {each['item']:25} {each['patients']:>13,} {each['alone']:>8,}")
    for each in summary.get("what_if", ()):
        lines += ["", f"what if {each['what_if']}"]
        lines += [f"  {c['from'] + ' → ' + c['to']:31} {c['patients']:>12,}" for c in each["changes"]]
        by = ", ".join(f"{id} {count:,}" for id, count in each["by_criterion"].items())
        lines += [f"  by {by}"] if by else [] if each["changes"] else ["  nobody changes"]
    return "\n".join([*lines, *curve_lines(summary), *group_lines(summary)])


def curve_lines(summary: dict[str, Any]) -> list[str]:
    lines = []
    for curve in summary.get("curves", ()):
        for part, _ in by_part(curve["points"][0]["verdicts"]):
            title = f"{curve['curve']}{', ' + part if part else ''}"
            lines += ["", title] if len(title) > WIDE else [""]
            lines.append(f"{'' if len(title) > WIDE else title:{WIDE}}    eligible undetermined   ineligible")
            for point in curve["points"]:
                counts = " ".join(f"{count:>12,}" for count in in_order(dict(by_part(point["verdicts"]))[part]))
                now = " now" if point["threshold"] in curve["now"] else ""
                lines.append(f"  {point['threshold']:>12g} {curve['unit']:17} {counts}{now}")
    return lines


def group_lines(summary: dict[str, Any]) -> list[str]:
    lines = []
    for grouping in summary.get("groups", ()):
        unit = f" in {grouping['unit']}" if grouping["unit"] else ""
        lines += ["", f"{'by ' + grouping['by'] + unit:25} patients  eligible  undetermined  ineligible"]
        for group in grouping["groups"]:
            for part, verdicts in by_part(group["verdicts"]):
                shares = [share(count, group["patients"]) for count in in_order(verdicts)]
                name = f"{group['group']}{', ' + part if part else ''}"
                lines.append(f"  {name:22} {group['patients']:>9,} {shares[0]:>9} {shares[1]:>13} {shares[2]:>11}")
        apart = different(grouping)
        lines += [f"  the groups differ in who fails {', '.join(apart)}"] if apart else []
    return lines


def in_order(verdicts: Mapping[str, int]) -> list[int]:
    return [verdicts[word] for word in ("eligible", "undetermined", "ineligible")]


def share(part: float, whole: float) -> str:
    if 0 < part < 0.0005 * whole:
        return "<0.1 %"
    return f"{100 * part / whole:.1f} %" if whole else "–"


@click.command(
    cls=Examples,
    examples=(
        "rjdm sql rjdm_cart --dialect postgres > rules.sql",
        "rjdm sql rjdm_cart --dialect bigquery --table trial.patients",
    ),
)
@FILE
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "spark", "postgres", "snowflake", "bigquery"]),
    default="postgres",
    show_default=True,
    help="The database's SQL.",
)
@click.option("--table", default="patients", show_default=True, help="The table of the patients, as schema.name too.")
@READING
def sql(file: str, dialect: str, table: str, readings: tuple[str, ...]) -> None:
    """Print the rules as one SQL query, with what it expects of the tables.

    The result has a row for each patient: verdict, outcomes, deciding facts, and `apart` where SQL cannot decide.
    """
    evaluator = evaluator_for(with_criteria(usable(file)), readings)
    try:
        from ..screening.sql_rules import printed
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        refuse(NEEDS)
    click.echo(printed(evaluator, dialect, table), nl=False)


class Bar:
    """A progress bar on a terminal: how many patients, how fast, and how long it will take."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self.start = time.monotonic()
        self.first: int | None = None

    def __enter__(self) -> Bar:
        return self

    def __call__(self, done: int, of: int | None) -> None:
        if not self.shown:
            return
        if self.first is None:  # what an earlier run had decided says nothing of the speed
            self.first = max(done - 250_000, 0)
        speed = (done - self.first) / max(time.monotonic() - self.start, 0.001)
        text = f"{done:,} patients, {round(speed):,} a second"
        if of:
            width = 24
            filled = round(width * done / of)
            left = round((of - done) / speed) if speed else 0
            text = f"[{'█' * filled}{'·' * (width - filled)}] {text}, {left // 60}:{left % 60:02d} left"
        click.echo(f"\r{text}\x1b[K", nl=False, err=True)

    def __exit__(self, *_: object) -> None:
        if self.shown:
            click.echo("\r\x1b[K", nl=False, err=True)


@click.command(
    cls=Examples,
    examples=(
        "rjdm synthesize rjdm_cart -n 1000000 --seed 1 -o people.parquet",
        "rjdm synthesize trial.rules -n 1000 -o people.csv",
    ),
)
@FILE
@click.option("-n", "--patients", type=click.IntRange(1), default=1000, show_default=True, help="How many patients.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same people.")
@click.option("-o", "--output", required=True, metavar="OUT", help="The file to write: .parquet or .csv.")
def synthesize(file: str, patients: int, seed: int, output: str) -> None:
    """Make up a population for a protocol: plausible values, borders, gaps and events.

    The same file, number and seed make the same people. Nobody in it is real.
    """
    try:
        from ..screening.matching import PopulationError
        from ..screening.synthesizing import write_population
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        refuse(NEEDS)
    protocol = with_criteria(usable(file))
    try:
        write_population(protocol.graph, patients, seed, Path(output))
    except PopulationError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")
    note(f"wrote {output}")
