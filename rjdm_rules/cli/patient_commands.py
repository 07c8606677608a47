"""The commands about patients: evaluate and explain."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .file_commands import DATE, PAGE_OR_WORD, PAPER, THEME, themed
from .printing import counted, note, progress, steps, tree_text, verdict_text
from .result_printers import PRINTERS
from .shared import (
    ALLOW_EXTRA,
    FILE,
    READING,
    Examples,
    evaluator_for,
    one_patient,
    refuse,
    usable,
    with_criteria,
    written,
)

if TYPE_CHECKING:
    from ..publishing.publish import Order


@click.command(
    cls=Examples,
    examples=(
        "rjdm evaluate rjdm_cart patients.jsonl",
        "rjdm evaluate rjdm_cart patients.csv --format csv > outcomes.csv",
        "cat patient.json | rjdm evaluate rjdm_cart - --format json",
        "rjdm evaluate rjdm_cart patients.jsonl --reading liver_exception=transaminases_only",
    ),
)
@FILE
@click.argument("patients", nargs=-1, required=True, metavar="PATIENTS...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl", "csv"]),
    default="text",
    help="How to print the results.",
)
@READING
@ALLOW_EXTRA
@click.option("--strict", is_flag=True, help="Stop at the first bad record.")
def evaluate(
    file: str, patients: tuple[str, ...], form: str, readings: tuple[str, ...], allow_extra: bool, strict: bool
) -> None:
    """Verdict and outcome of every criterion, patient by patient.

    PATIENTS are files of JSON (an object or an array; a result saved by a form too), JSON Lines, CSV, or the Excel
    template of `rjdm data` filled in; - is standard input.
    """
    evaluator = evaluator_for(with_criteria(usable(file)), readings)
    printer = PRINTERS[form](evaluator)
    good = bad = parts = unreadable = 0
    for result in _results(evaluator, patients, allow_extra):
        if isinstance(result, str):
            note(result)
            unreadable += isinstance(result, Unreadable)
            parts += isinstance(result, Loose)
            bad += not isinstance(result, Unreadable | Loose)
            if strict:
                break
            continue
        good += 1
        printer.one(result)
    printer.end()
    if bad or parts:
        found = [counted(bad, "bad record")] if bad else []
        found += [f"{counted(parts, 'occurrence')} refused"] if parts else []
        note(f"{' and '.join(found)}{' (stopped)' if strict else '; all others were evaluated' if good else ''}")
    if bad or parts or unreadable:
        sys.exit(2)


class Unreadable(str):
    """What is wrong with a whole file of patients."""


class Loose(str):
    """What is wrong with a part of a record that stands by itself."""


def _results(evaluator: Any, patients: tuple[str, ...], allow_extra: bool) -> Iterator[Any]:
    """Results, and messages (texts) for records that could not be evaluated."""
    from ..evaluation.problems import RecordError, patient_id
    from .patients import UnreadablePatients, read_patients

    position = 0
    said_extra: set[str] = set()
    for name in patients:
        try:
            for entry in progress(read_patients(name, evaluator.protocol), "patients"):
                position += 1
                if entry.problems:
                    yield Loose(entry.refusal) if entry.loose else entry.refusal
                    continue
                try:
                    if allow_extra:
                        _say_extra(entry.record, evaluator.protocol, said_extra)
                    result = evaluator.evaluate(entry.record, position, allow_extra)
                except RecordError as error:
                    yield "\n".join(f"{entry.where}: {problem}" for problem in str(error).splitlines())
                    continue
                for message in result.messages:
                    note(f"{entry.where}: patient {patient_id(entry.record, position)}: {message}")
                say_differences(entry, result)
                yield result
        except UnreadablePatients as error:
            yield Unreadable(str(error))


def say_differences(entry: Any, result: Any) -> None:
    """Notes where a saved result no longer holds."""
    for difference in entry.differences(result):
        note(f"{entry.where}: of the saved result: {difference}")


def _say_extra(record: Any, protocol: Any, said: set[str]) -> None:
    if isinstance(record, dict):
        for name in record:
            if name != "id" and name not in protocol.items and name not in said:
                said.add(name)
                note(f"passed over: `{name}` is not an item of this protocol")


@click.command(
    cls=Examples,
    examples=(
        "rjdm explain rjdm_cart patient.json",
        "rjdm explain rjdm_cart patients.jsonl I5 --patient P003",
        "rjdm explain rjdm_cart patient.json -o report.html",
        "rjdm explain rjdm_cart patient.json -o report.docx --date 2026-03-02",
    ),
)
@FILE
@click.argument("patient_file", metavar="PATIENT")
@click.argument("criterion", required=False)
@click.option("--patient", "wanted", help="The id of the patient, in a file of several.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the reasons.")
@click.option("-o", "--output", metavar="OUT", help="Write a report to sign in place of printing: .html or .docx.")
@PAPER
@DATE
@THEME
@READING
@ALLOW_EXTRA
def explain(
    file: str,
    patient_file: str,
    criterion: str | None,
    wanted: str | None,
    form: str,
    output: str | None,
    paper: str,
    date: str,
    theme_folder: str | None,
    readings: tuple[str, ...],
    allow_extra: bool,
) -> None:
    """The tree of reasons for one patient, with values and dates.

    ✓ holds, ✗ does not hold, ? is not known, – does not apply. With -o, a report: verdict, every criterion with the
    facts behind it, what to look up, diagrams, and room to sign. Nothing of the patient is written elsewhere.
    """
    from ..evaluation.problems import RecordError

    protocol = with_criteria(usable(file))
    evaluator = evaluator_for(protocol, readings)
    if output is not None:
        if criterion or form != "text":
            refuse("a report (-o) is about all criteria, and is no JSON; leave the criterion and --format out")
        order = _report_order(output, paper, date, theme_folder)
    elif date or theme_folder:
        refuse("--date and --theme are for a report; say where to write it with -o report.html")
    entry = one_patient(patient_file, protocol, wanted)
    if output is not None:
        _write_report(output, protocol, entry, order, evaluator.readings, allow_extra)
        return
    try:
        explanation = evaluator.explain(entry.record, allow_extra)
    except RecordError as error:
        refuse("\n".join(f"{entry.where}: {line}" for line in str(error).splitlines()))
    found = None
    if criterion:
        found = explanation.criterion(criterion)
        if found is None:
            from ..words.pieces import no_such_criterion

            refuse(no_such_criterion(criterion, protocol.model))
    say_differences(entry, explanation.result)
    if form == "json":
        _explain_json(explanation, found)
        return
    if found is not None:
        click.echo(tree_text(found.lines(), criterion in protocol.model.excluding))
        return
    _explain_text(explanation)


def _report_order(output: str, paper: str, date: str, theme_folder: str | None) -> Order:
    from ..publishing.publish import Order
    from ..theme import ThemeError

    suffix = Path(output).suffix.lower()
    if suffix not in PAGE_OR_WORD:
        refuse(f"{output}: write a name that ends with .html or .docx")
    try:
        return Order("patient", PAGE_OR_WORD[suffix], "en", themed(theme_folder), paper, date)
    except (ThemeError, ValueError) as error:
        refuse(str(error))


def _write_report(
    output: str, protocol: Any, entry: Any, order: Order, readings: Mapping[str, str], allow_extra: bool
) -> None:
    from ..diagrams.render import CannotDraw
    from ..documents.word import CannotWriteWord
    from ..evaluation.problems import RecordError
    from ..theme import ThemeError

    try:
        data = protocol.report(entry.record, order, readings, allow_extra=allow_extra, progress=steps("diagrams"))
    except RecordError as error:
        refuse("\n".join(f"{entry.where}: {line}" for line in str(error).splitlines()))
    except (CannotDraw, CannotWriteWord, ThemeError) as error:
        refuse(str(error))
    if entry.said is not None:
        say_differences(entry, protocol.evaluator(readings).evaluate(entry.record, allow_extra=allow_extra))
    written(output, data)


def _explain_json(explanation: Any, found: Any) -> None:
    if found is not None:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return
    trees = {part or "": [reason.as_json() for reason in reasons] for part, reasons in explanation.trees.items()}
    alone = {part or "": list(ids) for part, ids in explanation.alone.items()}
    plain = list(trees) == [""]
    data = {
        **explanation.result.as_json(),
        "alone_in_the_way": alone[""] if plain else alone,
        "explanation": trees[""] if plain else trees,
    }
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _explain_text(explanation: Any) -> None:
    result, protocol = explanation.result, explanation.protocol
    for part, verdict in result.verdicts.items():
        label = f" ({part})" if part else ""
        click.echo(f"Patient {result.patient}{label}: {verdict_text(verdict)}")
        if verdict == "ineligible":
            click.echo(explanation.in_the_way(part))
    if result.deciding_facts:
        click.echo("What would settle it:")
        for name in result.deciding_facts:
            item = protocol.items[name]
            click.echo(f"  ? {item.label.text} ({name}){': ' + item.ask.text if item.ask else ''}")
    for message in result.messages:
        click.echo(f"Note: {message}.")
    for part in protocol.parts:
        if part.name:
            click.echo(click.style(f"\n{part.name}", bold=True))
        for block, tree in zip(part.blocks, explanation.trees[part.name], strict=True):
            click.echo("")
            click.echo(tree_text(tree.lines(), block.kind == "exclusion"))
