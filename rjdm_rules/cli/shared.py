"""What the commands share: options, examples in their help, loading with messages."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from .printing import counted, note, write_whole

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


class Commands(click.Group):
    """The commands by what they are for, with a way out for the names that people try."""

    groups: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("Write", ("new", "check", "format", "test", "watch")),
        ("Evaluate", ("evaluate", "explain", "form", "data")),
        ("Screen a population", ("screen", "sql", "synthesize")),
        ("Show", ("render", "draw", "demo")),
        ("Set up", ("language-server", "completion")),
    )
    also_called: Mapping[str, str] = {
        "fix": "check --fix FILE",
        "lint": "check FILE",
        "validate": "check FILE",
        "suggest": "test --suggest FILE",
        "coverage": "test FILE",
        "examples": "test FILE",
        "run": "evaluate FILE PATIENTS",
        "eval": "evaluate FILE PATIENTS",
        "population": "screen FILE POPULATION -o OUT",
        "simulate-patients": "synthesize FILE -o people.parquet",
        "fmt": "format FILE",
        "init": "new NAME",
        "create": "new NAME",
        "diagram": "draw FILE",
        "document": "render FILE -o criteria.html",
        "report": "render FILE -o criteria.html",
        "dictionary": "data FILE",
        "why": "explain FILE PATIENT",
        "preview": "watch FILE",
        "serve": "watch FILE",
        "checklist": "form FILE -o checklist.docx",
        "questionnaire": "data FILE --format fhir",
        "lsp": "language-server",
        "version": "--version",
    }

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0]
        if name == "help":
            return name, help_command, args[1:]
        if name not in self.commands and name in self.also_called:
            refuse(f"there is no command `{name}`: `rjdm {self.also_called[name]}` does that")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in self.groups:
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(120)) for name in names])


@click.command("help")
@click.argument("name", required=False)
@click.pass_context
def help_command(ctx: click.Context, name: str | None) -> None:
    assert ctx.parent is not None and isinstance(ctx.parent.command, click.Group)
    if name is None:
        click.echo(ctx.parent.get_help())
        return
    _, command, _ = ctx.parent.command.resolve_command(ctx.parent, [name])
    assert command is not None
    click.echo(command.get_help(click.Context(command, info_name=name, parent=ctx.parent)))


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


def with_criteria(protocol: Any) -> Any:
    """The protocol; ends the command for a library, which has nothing to evaluate or draw."""
    if protocol.model.kind == "library":
        refuse(f"{protocol.model.id} is a library; it has no criteria of its own")
    return protocol


def evaluator_for(protocol: Any, readings: tuple[str, ...]) -> Any:
    """The evaluator under `--reading NAME=OPTION`, or the end of the command."""
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


def one_patient(name: str, protocol: Any, wanted: str | None, option: str = "--patient") -> Any:
    """The only patient of a file, or the one with the given id; `option` is how to give it."""
    from ..evaluation.problems import patient_id, visible
    from .patients import UnreadablePatients, read_patients

    ids: list[str] = []
    bad: list[str] = []
    parts: list[str] = []  # of records, each wrong by itself
    first = found = None
    try:
        for position, entry in enumerate(read_patients(name, protocol.model), 1):
            if entry.loose:
                parts.append(entry.refusal)
                continue
            identity = patient_id(entry.record, position)
            if wanted is not None and identity == wanted:
                if found is not None:
                    refuse(f"{name}: patient {wanted} is there twice ({found.where}, {entry.where}); which one?")
                found = entry
            if entry.problems:
                bad.append(entry.refusal)
                continue
            first = first or entry
            ids.append(identity)
    except UnreadablePatients as error:
        refuse(str(error))
    if found is not None and found.problems:
        refuse("\n".join([found.refusal, *parts]))
    if found is not None:
        return found
    if bad and (wanted is not None or not ids):
        refuse(f"{name}: there is no patient {wanted}; but {bad[0]}" if wanted else "\n".join([bad[0], *parts]))
    if wanted is not None:
        refuse(f"{name}: there is no patient {wanted}")
    if first is None:
        refuse(f"{name}: there are no patients in this file")
    if len(ids) + len(bad) > 1:
        refuse(f"{name} holds {len(ids) + len(bad)} patients; say which one, as with {option} {visible(ids[0])}")
    return first


def written(output: str, data: bytes, quiet: bool = False) -> None:
    """Writes a document whole, or ends the command."""
    try:
        write_whole(Path(output), data)
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")
    if not quiet:
        note(f"wrote {output}")
