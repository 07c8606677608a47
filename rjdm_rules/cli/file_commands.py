"""The commands about what comes of a rules file: render, draw and data."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import click

from .shared import (
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


@click.command(
    cls=Examples,
    examples=("rjdm render rjdm_cart -o criteria.html", "rjdm render my_trial.rules -o criteria.md"),
)
@FILE
@click.option("-o", "--output", required=True, metavar="OUT", help="The document to write: .html or .md.")
@READING
def render(file: str, output: str, readings: tuple[str, ...]) -> None:
    """Write the eligibility section as a document.

    It holds the criteria with exact conditions, definitions, tables, readings and the data dictionary.
    """
    formats = {".html": "html", ".htm": "html", ".md": "markdown"}
    suffix = Path(output).suffix.lower()
    if suffix not in formats:
        refuse(f"{output}: write a name that ends with .html or .md")
    protocol = usable(file)
    evaluator = evaluator_for(protocol, readings)
    text = protocol.render(formats[suffix], evaluator.readings)
    written(output, text.encode("utf-8"))


@click.command(
    cls=Examples,
    examples=(
        "rjdm draw rjdm_cart -o overview.svg",
        "rjdm draw rjdm_cart I5 -o organs.png",
        "rjdm draw rjdm_cart I5 -o organs.svg --patient patient.json",
    ),
)
@FILE
@click.argument("criterion", required=False)
@click.option("-o", "--output", required=True, metavar="OUT", help="The picture to write: .svg, .png, .pdf or .dot.")
@click.option("--patient", "patient_file", metavar="FILE", help="Colour the diagram by this patient's outcomes.")
@click.option("--id", "wanted", help="The id of that patient, in a file of several.")
@click.option("--direction", type=click.Choice(["TB", "LR"]), help="Top to bottom, or left to right.")
@READING
def draw(
    file: str,
    criterion: str | None,
    output: str,
    patient_file: str | None,
    wanted: str | None,
    direction: str | None,
    readings: tuple[str, ...],
) -> None:
    """Draw the whole protocol, or one criterion.

    CRITERION is a number such as I3, I3.1 or E8; without it, the overview is drawn.
    """
    from ..diagrams.decision import UnknownCriterion
    from ..diagrams.render import FORMATS, CannotDraw
    from ..evaluation.problems import RecordError

    suffix = Path(output).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        refuse(f"{output}: write a name that ends with " + ", ".join(f".{each}" for each in FORMATS))
    protocol = with_criteria(usable(file))
    evaluator = evaluator_for(protocol, readings)
    if wanted and not patient_file:
        refuse("--id picks a patient from a file; name the file with --patient FILE")
    record = one_patient(patient_file, protocol, wanted, "--id").record if patient_file else None
    try:
        data = protocol.draw(criterion, record, suffix, evaluator.readings, direction)
    except (CannotDraw, UnknownCriterion, RecordError) as error:
        refuse(str(error))
    written(output, data)


@click.command(
    cls=Examples,
    examples=(
        "rjdm data rjdm_cart",
        "rjdm data rjdm_cart --format csv > patients.csv",
        "rjdm data rjdm_cart --format json-schema",
    ),
)
@FILE
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json-schema", "csv"]),
    default="text",
    help="The dictionary as text or JSON Schema, or an empty table to fill in.",
)
def data(file: str, form: str) -> None:
    """The data dictionary: every fact a record may hold."""
    from ..documents.dictionary import csv_header, dictionary_text, json_schema

    protocol = usable(file)
    if form == "json-schema":
        click.echo(json.dumps(json_schema(protocol.model), ensure_ascii=False, indent=2))
    elif form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerow(csv_header(protocol.model))
    else:
        click.echo(dictionary_text(protocol.graph))
