"""The commands of `rjdm`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

from ..version import __version__
from .printing import counted, note, progress, sign_text, verdict_text, write_whole
from .result_printers import PRINTERS

MOST_FINDINGS = 50


class Examples(click.Command):
    """A command whose help ends with examples, each on a line of its own."""

    def __init__(self, *arguments: Any, examples: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.examples))


def refuse(message: str) -> NoReturn:
    """Ends the command because it could not be done."""
    note(click.style("error: ", fg="red", bold=True) + message)
    sys.exit(2)


def usable(name: str) -> Any:
    """A checked protocol; ends the command with its errors where there are any."""
    from ..language.diagnostics import RulesError
    from ..loading import load
    from ..protocol.libraries import UnreadableFile

    try:
        return load(name)
    except UnreadableFile as error:
        refuse(str(error))
    except RulesError as error:
        errors = [each for each in error.diagnostics if each.severity == "error"]
        for each in errors[:MOST_FINDINGS]:
            note(each.as_text())
        refuse(f"{name} has {counted(len(errors), 'error')}; `rjdm check {name}` shows all")


def evaluator_for(protocol: Any, readings: tuple[str, ...]) -> Any:
    from ..evaluation.results import UnknownReading

    chosen = {}
    for each in readings:
        name, sign, option = each.partition("=")
        if not sign:
            refuse(f"--reading {each}: write --reading NAME=OPTION")
        chosen[name.strip()] = option.strip()
    try:
        return protocol.evaluator(chosen)
    except UnknownReading as error:
        refuse(str(error))


FILE = click.argument("file", metavar="FILE")
READING = click.option(
    "--reading", "readings", multiple=True, metavar="NAME=OPTION", help="Take a reading another way."
)
ALLOW_EXTRA = click.option(
    "--allow-extra", is_flag=True, help="Pass over items that the protocol does not declare, and say so."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rjdm", message="%(prog)s %(version)s")
def rjdm() -> None:
    """Clinical-trial criteria as one readable file that runs, explains itself and draws itself.

    FILE is a path to a .rules file or the name of a bundled protocol (rjdm_cart).
    """


@rjdm.command(cls=Examples, examples=("rjdm check rjdm_cart", "rjdm check my_trial.rules --format json"))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the findings."
)
def check(files: tuple[str, ...], form: str) -> None:
    """Read and check rules files; say all that is wrong, where, and how to mend it."""
    from ..loading import check as check_file
    from ..protocol.libraries import UnreadableFile

    findings, unreadable = [], False
    for name in files:
        try:
            checked = check_file(name)
        except UnreadableFile as error:
            note(click.style("error: ", fg="red", bold=True) + str(error))
            unreadable = True
            continue
        findings += checked.diagnostics
        if form == "text":
            _print_findings(name, checked)
    if form == "json":
        click.echo(json.dumps([each.as_json() for each in findings], ensure_ascii=False, indent=2))
    if unreadable:
        sys.exit(2)
    if any(each.severity == "error" for each in findings):
        sys.exit(1)


def _print_findings(name: str, checked: Any) -> None:
    for each in checked.diagnostics[:MOST_FINDINGS]:
        head, _, rest = each.as_text().partition("\n")
        colour = "red" if each.severity == "error" else "yellow"
        click.echo(click.style(head, fg=colour) + "\n" + rest + "\n")
    left = len(checked.diagnostics) - MOST_FINDINGS
    if left > 0:
        click.echo(f"… and {left} more; mend these first, or see all with --format json\n")
    errors = sum(each.severity == "error" for each in checked.diagnostics)
    warnings = len(checked.diagnostics) - errors
    said = (
        f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
        if errors or warnings
        else "no errors, no warnings"
    )
    criteria = ""
    if checked.protocol is not None:
        protocol = checked.protocol
        tops = sum(len(block.criteria) for part in protocol.parts for block in part.blocks)
        criteria = f" ({counted(len(protocol.items), 'data item')}"
        criteria += f", {counted(tops, 'criterion').replace('criterions', 'criteria')})" if tops else ")"
    click.echo(f"{name}: {said}{criteria}")


@rjdm.command(
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
    """Verdict and outcome of every criterion for each patient.

    PATIENTS are files of JSON (an object or an array), JSON Lines or CSV; - is standard input.
    """
    evaluator = evaluator_for(usable(file), readings)
    printer = PRINTERS[form](evaluator)
    bad = 0
    for result in _results(evaluator, patients, allow_extra):
        if isinstance(result, str):
            note(result)
            bad += 1
            if strict:
                break
            continue
        printer.one(result)
    printer.end()
    if bad:
        note(f"{counted(bad, 'bad record')}{' (stopped)' if strict else '; all others were evaluated'}")
        sys.exit(2)


def _results(evaluator: Any, patients: tuple[str, ...], allow_extra: bool) -> Iterator[Any]:
    """Results, and messages (texts) for records that could not be evaluated."""
    from ..evaluation.records import RecordError, patient_id
    from .patients import UnreadablePatients, read_patients

    position = 0
    said_extra: set[str] = set()
    for name in patients:
        try:
            for entry in progress(read_patients(name, evaluator.protocol), "patients"):
                position += 1
                if entry.problem:
                    yield f"{entry.where}: {entry.problem}"
                    continue
                try:
                    if allow_extra:
                        _say_extra(entry.record, evaluator.protocol, said_extra)
                    result = evaluator.evaluate(entry.record, position, allow_extra)
                except RecordError as error:
                    yield "\n".join(f"{entry.where}: patient {error.patient}: {problem}" for problem in error.problems)
                    continue
                for message in result.messages:
                    note(f"{entry.where}: patient {patient_id(entry.record, position)}: {message}")
                yield result
        except UnreadablePatients as error:
            yield str(error)


def _say_extra(record: Any, protocol: Any, said: set[str]) -> None:
    if isinstance(record, dict):
        for name in record:
            if name != "id" and name not in protocol.items and name not in said:
                said.add(name)
                note(f"passed over: `{name}` is not an item of this protocol")


@rjdm.command(
    cls=Examples,
    examples=("rjdm explain rjdm_cart patient.json", "rjdm explain rjdm_cart patients.jsonl I5 --patient P003"),
)
@FILE
@click.argument("patient_file", metavar="PATIENT")
@click.argument("criterion", required=False)
@click.option("--patient", "wanted", help="The id of the patient, in a file of several.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the reasons.")
@READING
@ALLOW_EXTRA
def explain(
    file: str,
    patient_file: str,
    criterion: str | None,
    wanted: str | None,
    form: str,
    readings: tuple[str, ...],
    allow_extra: bool,
) -> None:
    """The tree of reasons for one patient, with the values and dates that decided.

    ✓ holds, ✗ does not hold, ? is not known, – does not apply.
    """
    from ..evaluation.records import RecordError

    protocol = usable(file)
    evaluator = evaluator_for(protocol, readings)
    entry = one_patient(patient_file, protocol, wanted)
    try:
        explanation = evaluator.explain(entry.record, allow_extra)
    except RecordError as error:
        refuse("\n".join(f"{entry.where}: {line}" for line in str(error).splitlines()))
    found = None
    if criterion:
        found = explanation.criterion(criterion)
        if found is None:
            from ..language.diagnostics import did_you_mean

            ids = list(explanation.result.criteria)
            refuse(
                f"there is no criterion `{criterion}`; {did_you_mean(criterion, ids) or 'they are ' + ', '.join(ids)}"
            )
    if form == "json":
        _explain_json(explanation, found)
        return
    if found is not None:
        click.echo("\n".join(sign_text(line) for line in found.lines()))
        return
    _explain_text(explanation)


def one_patient(name: str, protocol: Any, wanted: str | None) -> Any:
    """The only patient of a file, or the one with the given id."""
    from ..evaluation.records import patient_id
    from .patients import UnreadablePatients, read_patients

    ids = []
    first = None
    try:
        for position, entry in enumerate(read_patients(name, protocol.model), 1):
            if entry.problem:
                refuse(f"{entry.where}: {entry.problem}")
            identity = patient_id(entry.record, position)
            if wanted is not None and identity == wanted:
                return entry
            first = first or entry
            ids.append(identity)
    except UnreadablePatients as error:
        refuse(str(error))
    if wanted is not None:
        refuse(f"{name}: there is no patient {wanted}")
    if len(ids) > 1:
        refuse(f"{name} holds {len(ids)} patients; say which one with --patient, such as --patient {ids[0]}")
    return first


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
        alone = explanation.alone[part]
        if verdict == "ineligible" and len(alone) == 1:
            click.echo(f"Only {alone[0]} stands in the way.")
        elif verdict == "ineligible" and alone:
            click.echo(f"Any one of {', '.join(alone)} would open the way.")
        elif verdict == "ineligible":
            click.echo("Several criteria stand in the way together.")
    if result.deciding_facts:
        click.echo("What would settle it:")
        for name in result.deciding_facts:
            item = protocol.items[name]
            click.echo(f"  ? {item.label.text} ({name}){': ' + item.ask.text if item.ask else ''}")
    for message in result.messages:
        click.echo(f"Note: {message}.")
    for part, trees in explanation.trees.items():
        if part:
            click.echo(click.style(f"\n{part}", bold=True))
        for tree in trees:
            click.echo("")
            click.echo("\n".join(sign_text(line) for line in tree.lines()))


@rjdm.command(
    cls=Examples,
    examples=("rjdm render rjdm_cart -o criteria.html", "rjdm render my_trial.rules -o criteria.md"),
)
@FILE
@click.option("-o", "--output", required=True, metavar="OUT", help="The document to write: .html or .md.")
@READING
def render(file: str, output: str, readings: tuple[str, ...]) -> None:
    """Write the eligibility section: criteria with exact conditions, definitions, data dictionary."""
    formats = {".html": "html", ".htm": "html", ".md": "markdown"}
    suffix = Path(output).suffix.lower()
    if suffix not in formats:
        refuse(f"{output}: write a name that ends with .html or .md")
    protocol = usable(file)
    evaluator = evaluator_for(protocol, readings)
    text = protocol.render(formats[suffix], evaluator.readings)
    written(output, text.encode("utf-8"))


def written(output: str, data: bytes) -> None:
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        write_whole(Path(output), data)
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")
    note(f"wrote {output}")


@rjdm.command(
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
@click.option("--direction", type=click.Choice(["TB", "LR"]), help="Top to bottom, or left to right.")
@READING
def draw(
    file: str,
    criterion: str | None,
    output: str,
    patient_file: str | None,
    direction: str | None,
    readings: tuple[str, ...],
) -> None:
    """Draw the whole protocol, or the decision diagram of one criterion (such as I3, I3.1 or E8)."""
    from ..diagrams.render import FORMATS, CannotDraw
    from ..diagrams.trees import UnknownCriterion
    from ..evaluation.records import RecordError

    suffix = Path(output).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        refuse(f"{output}: write a name that ends with " + ", ".join(f".{each}" for each in FORMATS))
    protocol = usable(file)
    evaluator = evaluator_for(protocol, readings)
    record = one_patient(patient_file, protocol, None).record if patient_file else None
    try:
        data = protocol.draw(criterion, record, suffix, evaluator.readings, direction)
    except (CannotDraw, UnknownCriterion, RecordError) as error:
        refuse(str(error))
    written(output, data)


@rjdm.command(
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
    """The data dictionary: every fact that a patient record may hold."""
    from ..documents.dictionary import csv_header, dictionary_text, json_schema

    protocol = usable(file)
    if form == "json-schema":
        click.echo(json.dumps(json_schema(protocol.model), ensure_ascii=False, indent=2))
    elif form == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerow(csv_header(protocol.model))
    else:
        click.echo(dictionary_text(protocol.graph))


@rjdm.command(cls=Examples, examples=("rjdm demo", "rjdm demo -o tour"))
@click.option(
    "-o",
    "--output",
    default="rjdm-demo",
    show_default=True,
    metavar="FOLDER",
    help="Where to write pages and diagrams.",
)
def demo(output: str) -> None:
    """The whole tour on the bundled protocol and patients."""
    from .demo import tour

    try:
        tour(Path(output))
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")


@rjdm.command(
    cls=Examples,
    examples=('eval "$(rjdm completion bash)"', "rjdm completion fish > ~/.config/fish/completions/rjdm.fish"),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell code that completes rjdm's commands and options."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(rjdm, {}, "rjdm", "_RJDM_COMPLETE").source())
