"""The commands for those who write rules files: check, format and test."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .printing import broken, counted, note, progress, tree_text
from .shared import FILE, MOST_FINDINGS, READING, Examples, evaluator_for, refuse, usable, with_criteria, written

COLOURS = {"error": "red", "warning": "yellow", "remark": "cyan"}
MOST_REMARKS = 5  # of one code
MOST_MISSING = 10


@click.command(
    cls=Examples,
    examples=(
        "rjdm check rjdm_cart",
        "rjdm check my_trial.rules --fix",
        "rjdm check my_trial.rules --format json",
        "rjdm check --explain R103",
    ),
)
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--fix", is_flag=True, help="Mend what can have meant one thing only, then check.")
@click.option("--explain", "code", metavar="CODE", help="What a code such as R103 means, with an example.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the findings."
)
def check(files: tuple[str, ...], fix: bool, code: str | None, form: str) -> None:
    """Check rules files: what is wrong, where, and how to mend it.

    Warnings and remarks tell what is probably not meant. A comment `# allow R902: why` beside a statement
    silences one there.
    """
    from ..loading import check as check_file
    from ..protocol.libraries import UnreadableFile

    if code:
        click.echo(page_text(code))
        return
    if not files:
        refuse("name the files to check, as in `rjdm check my_trial.rules`")
    findings, unreadable = [], False
    for name in files:
        try:
            if fix:
                _mend(name)
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


@click.command(
    "format",
    cls=Examples,
    examples=("rjdm format my_trial.rules", "rjdm format --check *.rules", "rjdm format --diff my_trial.rules"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit with 1 where something would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def format_(files: tuple[str, ...], only_check: bool, diff: bool) -> None:
    """Write rules files in the canonical layout: columns, line breaks and signs. The meaning stays.

    - reads standard input and prints the result.
    """
    from ..language.formatting import CannotFormat
    from ..protocol.libraries import UnreadableFile

    changed, failed = 0, False
    for name in files:
        try:
            changed += _format(name, only_check, diff)
        except UnreadableFile as error:
            note(click.style("error: ", fg="red", bold=True) + str(error))
            failed = True
        except CannotFormat as error:
            for each in error.diagnostics[:MOST_FINDINGS]:
                note(each.as_text())
            note(f"{name} is left as it is: {counted(len(error.diagnostics), 'error')} in how it is written")
            failed = True
    if failed:
        sys.exit(2)
    if only_check and changed:
        sys.exit(1)


def _format(name: str, only_check: bool, diff: bool) -> bool:
    """Formats one file; whether it changes. Raises UnreadableFile, CannotFormat."""
    from ..language.formatting import differences, formatted
    from ..loading import find
    from ..protocol.libraries import decoded_source, read_source

    stream = name == "-"
    if stream:
        source = decoded_source(sys.stdin.buffer.read(), "standard input")
    else:
        source = read_source(find(name)[0] if only_check or diff else own_file(name), name)
    text = formatted(source)
    ended = text.replace("\n", "\r\n") if "\r\n" in source.text else text
    changes = ended != source.text
    if diff:
        for line in differences(source.text, ended, source.name):
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.echo(click.style(line, fg=colour))
    elif stream and not only_check:
        click.echo(text, nl=False)
    elif only_check:
        if changes:
            click.echo(f"{source.name} would change")
    elif changes:
        written(name, ended.encode("utf-8"))
    else:
        note(f"{name} stays as it is")
    return changes


@click.command(
    cls=Examples,
    examples=(
        "rjdm test my_trial.rules",
        "rjdm test my_trial.rules --missing",
        "rjdm test my_trial.rules --suggest >> my_trial.rules",
        "rjdm test my_trial.rules -o coverage.html",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--missing", is_flag=True, help="List everything that no example shows.")
@click.option("--suggest", is_flag=True, help="Print examples for what is missing, made by solving for them.")
@click.option("-o", "--output", metavar="OUT", help="Write the criteria with what examples show of each, as .html.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the report.")
@READING
def test(
    files: tuple[str, ...], missing: bool, suggest: bool, output: str | None, form: str, readings: tuple[str, ...]
) -> None:
    """Run the examples of rules files, and say what they cover.

    Conditions: true, false and unknown. Criteria: deciding alone. Thresholds: on, just below, just above.
    """
    from ..testing.report import as_json, report_of

    if output and (len(files) > 1 or Path(output).suffix.lower() not in (".html", ".htm")):
        refuse("-o takes one FILE, and a name that ends with .html")
    reports, failed = [], False
    for name in files:
        protocol = with_criteria(usable(name))
        evaluator = evaluator_for(protocol, readings)
        if suggest:
            failed |= _suggest(name, evaluator)
            continue
        report = report_of(name, evaluator)
        failed |= bool(report.failed)
        reports.append(report)
        if form == "text":
            _print_report(report, missing)
        if output:
            from ..documents.section import render_section
            from ..testing.report import marks_of

            text = render_section(protocol.graph, "html", evaluator.readings, marks_of(report.coverage))
            written(output, text.encode("utf-8"))
    if form == "json" and not suggest:
        click.echo(json.dumps([as_json(report) for report in reports], ensure_ascii=False, indent=2))
    if failed:
        sys.exit(1)


def _suggest(name: str, evaluator: Any) -> bool:
    """Prints the examples that are missing; whether something was left for which none was found."""
    from ..testing.suggesting import Suggester, suggestion_text

    suggester = Suggester(evaluator)
    number, group = 0, ""
    for number, suggestion in enumerate(progress(suggester.run(), "examples"), 1):
        if number == 1:
            click.echo("\n# Suggested examples: confirm each verdict, or mend the rules; then take this line out.")
        if suggestion.group != group:
            group = suggestion.group
            click.echo(f"\n# ---- {group}")
        click.echo("\n" + suggestion_text(suggestion, evaluator.protocol), nl=False)
    for missed in suggester.missed:
        note(f"{name}: no patient was found for this, which need not mean that there is none: {missed.what}")
    note(f"{name}: {counted(number, 'example')} suggested")
    return bool(suggester.missed)


def _print_report(report: Any, missing: bool) -> None:
    from ..testing.report import failure_lines, missing_lines, summary_lines

    for run in report.failed:
        lines = list(failure_lines(run))
        click.echo(click.style(lines[0], fg="red"))
        click.echo(tree_text(lines[1:]) + "\n")
    number = len(report.runs)
    if not number:
        said = "no examples"
    elif report.failed:
        said = f"{counted(number, 'example')}, {len(report.failed)} not as expected"
    else:
        said = f"{counted(number, 'example')}, {'all ' if number > 1 else ''}as expected"
    click.echo(f"{report.file}: {said}")
    for line in summary_lines(report.coverage):
        click.echo(f"  {line}")
    absent = missing_lines(report.coverage)
    shown = absent if missing else absent[:MOST_MISSING]
    if shown:
        click.echo("\nNot shown by an example:")
    for line in shown:
        click.echo(broken(f"  {line}", 4))
    if len(absent) > len(shown):
        click.echo(f"  … and {len(absent) - len(shown)} more; see all with --missing, get examples with --suggest")


@click.command(cls=Examples, examples=("rjdm new my_trial", 'rjdm new my_trial --title "A trial of something"'))
@click.argument("name")
@click.option("--title", help="The title of the protocol.")
def new(name: str, title: str | None) -> None:
    """Write NAME.rules: a commented protocol to begin with, which passes check and test."""
    from ..editor.starting import starter, title_of

    name = name.removesuffix(".rules")
    path = Path(f"{name}.rules")
    if not re.fullmatch(r"[^\W\d][\w-]*", path.stem):
        refuse(f"{path.stem}: a name has letters, digits, - and _, and begins with a letter")
    if path.exists():
        refuse(f"{path} is there already, and is not written over")
    if title is not None and not re.fullmatch(r"[^\"\\\x00-\x1f]{1,200}", title):
        refuse("the title is one line of text, without straight quotes and backslashes")
    written(str(path), starter(path.stem, title or title_of(path.stem)).encode("utf-8"))
    note(f"next: rjdm check {path}; rjdm test {path}; rjdm watch {path}")


@click.command(cls=Examples, examples=("rjdm watch my_trial.rules", "rjdm watch my_trial.rules --browser"))
@FILE
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port of the page; any free one without this."
)
@click.option("--browser", is_flag=True, help="Open the page in the browser.")
def watch(file: str, port: int, browser: bool) -> None:
    """Check, test and render a file on each save, with a page that reloads itself (on this machine only)."""
    import webbrowser

    from ..editor.watching import HOST, Watch
    from ..loading import find
    from ..protocol.libraries import UnreadableFile, read_source

    try:
        path, _ = find(file)
        read_source(path, file)
        watched = Watch(file, path, _say_state, port)
    except UnreadableFile as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{HOST}:{port} cannot be served ({error.strerror or error})")
    note(f"{watched.address} (Ctrl-C ends it)")
    if browser:
        webbrowser.open(watched.address)
    try:
        watched.run()
    except KeyboardInterrupt:
        note("ended")


def _say_state(state: Any) -> None:
    """What one look at the file gave, in a few lines."""
    import time

    if state.problem:
        note(state.problem)
        return
    first = next((each for each in state.findings if each.severity == "error"), None)
    if first is not None:
        click.echo(first.as_text())
    warnings = sum(each.severity == "warning" for each in state.findings)
    said = f"{counted(state.errors, 'error')}, {counted(warnings, 'warning')}"
    if state.report is not None:
        fared = f"{len(state.report.failed)} not" if state.report.failed else "all"
        said += f", {counted(len(state.report.runs), 'example')}, {fared} as expected"
    click.echo(click.style(f"{time.strftime('%H:%M:%S')} {said}", fg="green" if state.good else "red"))


def own_file(name: str) -> Path:
    """The path of a file that may be written to; ends the command for a bundled one. Raises UnreadableFile."""
    from ..loading import find

    path, shown = find(name)
    if shown != name:
        refuse(f"{name} is bundled and is not changed; copy it first")
    return path


def _mend(name: str) -> None:
    """Writes a file with its certain fixes made, and says which."""
    from ..language.fixing import mended
    from ..protocol.check import check_source
    from ..protocol.libraries import read_source

    path = own_file(name)
    source = read_source(path, name)
    result = mended(source, lambda each: check_source(each, path.parent).diagnostics)
    if result.text == source.text:
        return
    for finding in result.done:
        title = next(fix.title for fix in finding.fixes if fix.certain)
        note(f"{finding.place}: mended {finding.code}: {title}")
    written(name, result.text.encode("utf-8"))


def _print_findings(name: str, checked: Any) -> None:
    serious = [each for each in checked.diagnostics if each.severity != "remark"]
    remarks = [each for each in checked.diagnostics if each.severity == "remark"]
    for each in serious[:MOST_FINDINGS]:
        head, _, rest = each.as_text().partition("\n")
        click.echo(click.style(head, fg=COLOURS[each.severity]) + "\n" + rest + "\n")
    left = len(serious) - MOST_FINDINGS
    if left > 0:
        click.echo(f"… and {left} more; mend these first, or see all with --format json\n")
    _print_remarks(remarks)
    errors = sum(each.severity == "error" for each in serious)
    said = [counted(errors, "error") if errors else "no errors"]
    said += [counted(len(serious) - errors, "warning") if len(serious) > errors else "no warnings"]
    said += [counted(len(remarks), "remark")] if remarks else []
    click.echo(f"{name}: {', '.join(said)}{_size(checked.protocol)}")


def _print_remarks(remarks: Sequence[Any]) -> None:
    """Remarks in short: a line each, with one help for all of a code."""
    for code in dict.fromkeys(each.code for each in remarks):
        alike = [each for each in remarks if each.code == code]
        for each in alike[:MOST_REMARKS]:
            click.echo(click.style(f"{each.place}: remark {code}: {each.message}", fg=COLOURS["remark"]))
        if len(alike) > MOST_REMARKS:
            click.echo(f"  … and {len(alike) - MOST_REMARKS} more of these")
        click.echo(f"  help: {alike[0].help}\n")


def _size(protocol: Any) -> str:
    if protocol is None:
        return ""
    tops = sum(len(block.criteria) for part in protocol.parts for block in part.blocks)
    criteria = f", {counted(tops, 'criterion').replace('criterions', 'criteria')}" if tops else ""
    return f" ({counted(len(protocol.items), 'data item')}{criteria})"


def page_text(code: str) -> str:
    """The page of a code for a terminal; ends the command where there is no such code."""
    from ..assets import asset
    from ..language.diagnostics import did_you_mean

    path = asset("codes", f"{code.upper()}.md")
    if not re.fullmatch(r"[Rr]\d{3}", code) or not path.is_file():
        known = sorted(each.stem for each in asset("codes").glob("R[0-9]*.md"))
        help = did_you_mean(code.upper(), known) or f"codes go from {known[0]} to {known[-1]}"
        refuse(f"there is no code {code}; {help}")
    lines, fenced = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            lines.append(f"    {line}".rstrip())
        else:
            lines.append(click.style(line.lstrip("# "), bold=True) if line.startswith("#") else line)
    return "\n".join(lines).strip()
