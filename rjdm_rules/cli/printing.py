"""Printing for people: colours on a terminal only, progress on standard error, files written whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import click

T = TypeVar("T")
SIGN_COLOURS = {"✓": "green", "✗": "red", "?": "yellow", "–": "bright_black"}
VERDICT_COLOURS = {"eligible": "green", "ineligible": "red", "undetermined": "yellow"}
PROGRESS_AFTER = 1.0  # seconds


def verdict_text(verdict: str) -> str:
    return click.style(verdict, fg=VERDICT_COLOURS.get(verdict), bold=True)


def tree_text(lines: Iterable[str], excludes: bool = False) -> str:
    """The lines of an explanation with their signs in colour, broken to the terminal's width. In an exclusion
    (`excludes`) what holds speaks against the patient, and is red."""
    return "\n".join(_sign_in_colour(each, excludes) for each in lines)


def _sign_in_colour(line: str, excludes: bool) -> str:
    stripped = line.lstrip()
    shown = broken(line, len(line) - len(stripped) + 2)
    sign = stripped[:1]
    if sign not in SIGN_COLOURS:
        return shown
    colour = SIGN_COLOURS[{"✓": "✗", "✗": "✓"}.get(sign, sign) if excludes else sign]
    return shown.replace(sign, click.style(sign, fg=colour, bold=True), 1)


def broken(line: str, indent: int) -> str:
    """A line broken to the terminal's width, what follows indented; where output is no terminal it stays whole."""
    if not sys.stdout.isatty():
        return line
    width = max(40, shutil.get_terminal_size().columns)
    start = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line.strip(), width, initial_indent=start, subsequent_indent=" " * indent)


def note(text: str) -> None:
    """A message to standard error."""
    click.echo(text, err=True)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that it is there whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def progress(things: Iterable[T], what: str) -> Iterator[T]:
    """Counts along on standard error when it is a terminal and the work takes long."""
    if not sys.stderr.isatty():
        yield from things
        return
    start = shown = time.monotonic()
    number = 0
    for number, thing in enumerate(things, 1):
        yield thing
        if number % 500 == 0:
            now = time.monotonic()
            if now - start > PROGRESS_AFTER and now - shown > 0.2:
                shown = now
                sys.stderr.write(f"\r{number:,} {what} ({number / (now - start):,.0f} a second) ")
                sys.stderr.flush()
    if shown != start:
        sys.stderr.write(f"\r{number:,} {what} in {time.monotonic() - start:.1f} s{' ' * 20}\n")


def steps(what: str) -> Callable[[int, int], None]:
    """Tells how many of how many things are done, as `progress` does."""
    start = time.monotonic()

    def told(done: int, of: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - start > PROGRESS_AFTER:
            sys.stderr.write(f"\r{done} of {of} {what} ")
            sys.stderr.write("\r" + " " * 40 + "\r" if done == of else "")
            sys.stderr.flush()

    return told


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
