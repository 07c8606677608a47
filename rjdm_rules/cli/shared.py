"""What the commands share: options, examples in their help, loading with messages."""

from __future__ import annotations

import sys
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
    from ..evaluation.problems import patient_id
    from .patients import UnreadablePatients, read_patients

    ids: list[str] = []
    bad: list[str] = []
    first = found = None
    try:
        for position, entry in enumerate(read_patients(name, protocol.model), 1):
            if entry.problem:
                bad.append(f"{entry.where}: {entry.problem}")
                continue
            identity = patient_id(entry.record, position)
            first = first or entry
            ids.append(identity)
            if wanted is not None and identity == wanted:
                if found is not None:
                    refuse(f"{name}: patient {wanted} is there twice ({found.where}, {entry.where}); which one?")
                found = entry
    except UnreadablePatients as error:
        refuse(str(error))
    if found is not None:
        return found
    if bad:
        refuse(bad[0])
    if wanted is not None:
        refuse(f"{name}: there is no patient {wanted}")
    if first is None:
        refuse(f"{name}: there are no patients in this file")
    if len(ids) > 1:
        refuse(f"{name} holds {len(ids)} patients; say which one, as with {option} {ids[0]}")
    return first


def written(output: str, data: bytes) -> None:
    """Writes a document whole, or ends the command."""
    try:
        write_whole(Path(output), data)
    except OSError as error:
        refuse(f"{output}: cannot be written ({error.strerror or error})")
    note(f"wrote {output}")
