"""What is wrong with a record, said by item and value, and how a message shows a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

MOST_DIGITS = 60
# Signs that are not seen: those that control something, and (in messages) those that turn the text behind them too.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSEEN = re.compile(CONTROL.pattern[:-1] + "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a record: the item (None: the record itself), what, and a way out."""

    item: str | None
    message: str
    help: str = ""

    def __str__(self) -> str:
        where = f"{self.item}: " if self.item else ""
        return f"{where}{self.message}" + (f"; {self.help}" if self.help else "")


class RecordError(ValueError):
    """A record that cannot be used. `problems` holds all that is wrong with it."""

    def __init__(self, patient: str, problems: list[Problem]) -> None:
        self.patient, self.problems = patient, problems
        super().__init__("\n".join(f"patient {visible(patient)}: {visible(str(problem))}" for problem in problems))


class ValueProblem(ValueError):
    """A value that does not fit; `help` is a way out."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help

    def each(self) -> list[ValueProblem]:
        """The problems that this one is made of."""
        return [self]

    def inside(self, where: str) -> ValueProblem:
        """The same problem, its message begun with the part of the value that it is about."""
        return ValueProblem(f"{where} {self}", self.help)


class ValueProblems(ValueProblem):
    """Several things that are wrong with one value."""

    def __init__(self, problems: list[ValueProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems

    def each(self) -> list[ValueProblem]:
        return self.problems


def refuse(problems: list[ValueProblem]) -> None:
    """Raises the problems, if there are any."""
    if problems:
        raise problems[0] if len(problems) == 1 else ValueProblems(problems)


def visible(text: str) -> str:
    """The text with signs that cannot be seen as their codes, so that a record cannot steer the terminal."""
    return _UNSEEN.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)


def shown(value: object) -> str:
    """A value as the message shows it, cut where it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, date):  # or a date with its time
        return value.isoformat()
    if isinstance(value, bytes | timedelta):
        return "a duration" if isinstance(value, timedelta) else "a value of bytes"
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        return "a number of more than 60 digits"
    if isinstance(value, list | tuple | set | dict) and len(value) > 8:
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, Decimal):
        value = float(value) if value.is_finite() and abs(value.adjusted()) < 300 else str(value)
    try:
        text = f'"{visible(value)}"' if isinstance(value, str) else repr(value)
    except (RecursionError, ValueError):
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "…"


def patient_id(record: object, position: int) -> str:
    """The id of a record, or its number among the records."""
    if isinstance(record, Mapping):
        held = record.get("id")
        if isinstance(held, str) and held.strip():
            return held
        if isinstance(held, int) and not isinstance(held, bool) and abs(held) < 10**MOST_DIGITS:
            return str(held)
    return f"#{position}"
