"""From a patient record (as in JSON) to checked facts. What does not fit is refused by item and value, not guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from ..language.diagnostics import did_you_mean
from ..protocol.model import Item, Protocol
from ..protocol.numbers import number_text
from ..units.unit import Unit, UnitError, conversion, read_unit
from ..values.bounds import INFINITY, UNKNOWN, Bounds, known
from ..values.calendar import days_of, seconds_of
from .facts import Chosen, Facts, Measured, Occurrence
from .problems import CONTROL, MOST_DIGITS, Problem, RecordError, ValueProblem, patient_id, refuse, shown

HIGHEST_POWER, MOST_OCCURRENCES, MOST_SAID = 60, 10_000, 8
_RAISED = re.compile(r"(?<![0-9.])10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})")  # 10⁹, as powers of ten are printed
_PLAIN_POWERS = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_QUANTITY = re.compile(
    r"\s*([+\-−]?[0-9]+(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]{1,3})?)(?:\s*[×x*]\s*10\^([+\-−]?[0-9]{1,2}))?\s*(.*?)\s*\Z",
    re.DOTALL,
)
_MULTIPLE = re.compile(r"[×x*X]?\s*(ULN|LLN)\Z", re.IGNORECASE)
LIMIT_KEYS = {"uln": "ULN", "lln": "LLN"}
PASS_OVER = "leave it out, or pass it over with --allow-extra (in Python allow_extra=True)"


def read_record(
    protocol: Protocol, record: object, position: int = 1, allow_extra: bool = False
) -> tuple[Facts, list[object]]:
    """The facts of a record, and the names of items that were passed over (`allow_extra`).

    Raises RecordError with every problem of the record.
    """
    patient = patient_id(record, position)
    if not isinstance(record, Mapping):
        raise RecordError(patient, [Problem(None, f"a record is an object of items, not {shown(record)}")])
    facts: dict[str, object] = {}
    problems: list[Problem] = []
    extra: list[object] = []
    for name, value in record.items():
        if name == "id":
            _check_id(value, problems)
            continue
        item = protocol.items.get(name) if isinstance(name, str) else None
        if item is None:
            extra.append(name)
            if not allow_extra:
                word = shown(name).strip('"')
                help = did_you_mean(word, protocol.items) or PASS_OVER
                problems.append(Problem(word, f"`{word}` is not an item of this protocol", help))
            continue
        if value is None:
            continue
        try:
            facts[item.name] = read_value(item, value)
        except ValueProblem as problem:
            problems += [Problem(item.name, str(each), each.help) for each in problem.each()]
    if problems:
        raise RecordError(patient, problems)
    return facts, extra


def _check_id(value: object, problems: list[Problem]) -> None:
    if isinstance(value, str) and CONTROL.search(value):
        problems.append(Problem("id", f"{shown(value)} holds signs that cannot be seen", "take them out"))
        return
    plain = isinstance(value, str) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**MOST_DIGITS
    )
    if value is not None and not plain:
        problems.append(Problem("id", f"{shown(value)} is no patient id", "write a text or a whole number"))


def read_value(item: Item, value: object) -> object:
    """One fact of the item's type. Raises ValueProblem."""
    return READERS[item.kind](item, value)


# ---- by type -------------------------------------------------------------------------------------------------------


def _truth(item: Item, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _YES_NO:
        return _YES_NO[value.strip().lower()]
    raise ValueProblem(f"{shown(value)} is neither yes nor no", "write yes or no")


_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def _option(item: Item, value: object) -> frozenset[str]:
    if isinstance(value, str) and value in item.option_names:
        return frozenset((value,))
    help = did_you_mean(value, item.option_names) if isinstance(value, str) else ""
    raise ValueProblem(f"{shown(value)} is not an option", help or "the options are " + ", ".join(item.option_names))


def _options(item: Item, value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise ValueProblem(
            f"{shown(value)} is not a list of options", 'write a list, such as ["a", "b"]; [] is none of them'
        )
    return Chosen(option for each in value for option in _option(item, each))


def exact(value: object) -> Fraction:
    """A number without loss: 0.1 is one tenth. Raises ValueProblem."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction | str):
        raise ValueProblem(f"{shown(value)} is not a number")
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int):
        number = Decimal(value) if abs(value) < 10**MOST_DIGITS else Decimal("Infinity")
    else:
        try:
            text = repr(value) if isinstance(value, float) else str(value).strip().replace("−", "-")
            number = Decimal(text if text.isascii() and "_" not in text else "no number")
        except InvalidOperation:
            raise ValueProblem(f"{shown(value)} is not a number", _digits_help(value)) from None
    if not number.is_finite():
        raise ValueProblem(
            f"{shown(value)} is not a number that can be measured", "leave the item out if it is unknown"
        )
    if number and (abs(number.adjusted()) > HIGHEST_POWER or len(number.as_tuple().digits) > MOST_DIGITS):
        raise ValueProblem(f"{shown(value)} is longer than any measurement")
    return Fraction(number)


def _measured(item: Item, value: object) -> Measured:
    if isinstance(value, Mapping):
        return _measured_parts(item, value)
    number, unit, multiple = _written(item, value)
    if multiple:
        _declares(item, multiple)
        return Measured(times={multiple: number})
    amount = _accepted(item, _to_declared(item, number, unit), value)
    return Measured(known(amount), written=_written_unit(item, unit))


def _measured_parts(item: Item, value: Mapping[object, object]) -> Measured:
    """`{"value": 120, "unit": "U/L", "uln": 40}`: limits are in the unit of the value."""
    for key in value:
        if key not in ("value", "unit", "uln", "lln"):
            help = (
                did_you_mean(str(key), ("value", "unit", "uln", "lln")) or "a measured value has value, unit, uln, lln"
            )
            raise ValueProblem(f"`{key}` is no part of a measured value", help)
    unit = value.get("unit")
    if unit is not None and not isinstance(unit, str):
        raise ValueProblem(f"{shown(unit)} is not a unit")
    held = value.get("value")
    number, written, multiple = _written(item, held) if held is not None else (None, None, None)
    if written is not None and unit is not None and read_unit_of(written) != read_unit_of(unit):
        raise ValueProblem(f"{shown(held)} names one unit and `unit` another ({unit})")
    unit = written if written is not None else unit
    limits = {}
    for key, limit in LIMIT_KEYS.items():
        if value.get(key) is not None:
            _declares(item, limit)
            amount = _limit_amount(item, value[key], unit)
            if amount <= 0:
                raise ValueProblem(f"{key} {shown(value[key])} is not above zero")
            limits[limit] = amount
    if len(limits) == 2 and limits["LLN"] > limits["ULN"]:
        raise ValueProblem("the lower limit of normal lies above the upper one")
    if number is None:
        return Measured(UNKNOWN, limits)
    if multiple:
        _declares(item, multiple)
        if multiple in limits:
            amount = _accepted(item, number * limits[multiple], held)
            return Measured(known(amount), limits)
        return Measured(UNKNOWN, limits, {multiple: number})
    amount = _accepted(item, _to_declared(item, number, unit), held)
    return Measured(known(amount), limits, written=_written_unit(item, unit))


def _limit_amount(item: Item, held: object, unit: str | None) -> Fraction:
    """A limit of normal in the declared unit; it is in the unit of the value unless it names its own."""
    number, own, multiple = _written(item, held)
    if multiple:
        raise ValueProblem(f"{shown(held)} is no limit of normal")
    return _to_declared(item, number, own or unit)


def _declares(item: Item, limit: str) -> None:
    if limit not in item.limits:
        raise ValueProblem(f"`{item.name}` has no {limit}", "leave the limit out")


def _written(item: Item, value: object) -> tuple[Fraction, str | None, str | None]:
    """Number, unit as written (None: the declared one) and the limit of which it is a multiple."""
    if not isinstance(value, str):
        if isinstance(value, list | tuple | set | Mapping):
            raise ValueProblem(f"{shown(value)} is a list where one value belongs", f"write one value{_in_unit(item)}")
        return exact(value), None, None
    match = _QUANTITY.match(_plain_powers(value))
    if not match:
        raise ValueProblem(f"{shown(value)} is not a number{_in_unit(item)}", _number_help(item, value))
    number = exact(match.group(1)) * Fraction(10) ** int((match.group(2) or "0").replace("−", "-"))
    if number and not Fraction(1, 10**HIGHEST_POWER) < abs(number) < 10**HIGHEST_POWER:
        raise ValueProblem(f"{shown(value)} is longer than any measurement")
    rest = match.group(3)
    if not rest:
        return number, None, None
    multiple = _MULTIPLE.match(rest)
    if multiple:
        return number, None, multiple.group(1).upper()
    if rest == "." or rest[0] in ",'" or (rest[0].isdigit() and not rest.startswith(("10*", "10^"))):
        raise ValueProblem(
            f"{shown(value)} is not a number{_in_unit(item)}", "write decimals with a point, thousands without a sign"
        )
    if "(" in rest and re.search(r"\(\D*\d[^()]*\)$", rest):
        help = 'write {"value": …, "unit": …, "lln": …, "uln": …}' if item.limits else "take the brackets out"
        raise ValueProblem(f"{shown(value)} holds more than a number and its unit", help)
    return number, rest, None


def _plain_powers(text: str) -> str:
    return _RAISED.sub(lambda match: "10^" + match.group(1).translate(_PLAIN_POWERS), text)


def _in_unit(item: Item) -> str:
    return f" in {item.unit.text}" if item.unit and item.unit.text else ""


def _digits_help(value: object) -> str:
    other = isinstance(value, str) and any(sign.isdecimal() and not sign.isascii() for sign in value)
    return "write it with the digits 0 to 9" if other else ""


def _number_help(item: Item, value: str) -> str:
    if help := _digits_help(value):
        return help
    if value.strip()[:1] in ("<", ">", "≤", "≥", "~", "≈"):
        return "a bound is no value; leave the item out, or record the limit of detection that your protocol prescribes"
    unit = item.unit.text if item.unit and item.unit.text not in ("", "1") else ""
    return f'write a number such as 9, or with its unit as in "9 {unit}"' if unit else "write a number such as 9"


def read_unit_of(text: str) -> Unit:
    try:
        return read_unit(_plain_powers(text))
    except UnitError as error:
        raise ValueProblem(str(error), error.help) from None


def _readable(unit: str) -> bool:
    try:
        return bool(read_unit(_plain_powers(unit)))
    except UnitError:
        return False


def _written_unit(item: Item, unit: str | None) -> tuple[str, Fraction, Fraction] | None:
    """The unit of the record with its conversion, where it is another one than declared."""
    if unit is None or item.unit is None or unit == item.unit.text:
        return None
    factors = conversion(read_unit_of(unit), item.unit, item.molar_mass)
    return (unit, *factors) if factors and (factors[0] != 1 or factors[1] != 0) else None


def _to_declared(item: Item, number: Fraction, unit: str | None) -> Fraction:
    assert item.unit is not None
    if unit is None:
        return number
    if not item.unit.text and not _readable(unit):
        raise ValueProblem(f"it has no unit, and {shown(unit)} is none", "write the number alone")
    written = read_unit_of(unit)
    factors = conversion(written, item.unit, item.molar_mass)
    if factors is None or (item.unit.plain and not written.plain):
        wanted = item.unit.text or "a plain number"
        raise ValueProblem(f"{unit} is no unit for it", f"it is recorded in {wanted}")
    return number * factors[0] + factors[1]


def _accepted(item: Item, number: Fraction, value: object) -> Fraction:
    if item.kind == "count" and (number.denominator != 1 or number < 0):
        raise ValueProblem(f"{shown(value)} is not a count", "write a whole number from 0 upwards")
    if item.span and not item.span.low <= number <= item.span.high:
        low, high = number_text(item.span.low), number_text(item.span.high)
        unit = f" {item.unit.text}" if item.unit and item.unit.text else ""
        help = "check the value and its unit" if unit else "check the value"
        raise ValueProblem(f"{shown(value)} is outside the range {low} to {high}{unit}", help)
    return number


def _date(item: Item, value: object) -> Bounds:
    if isinstance(value, str) and value.strip().lower() in ("none", "never", "no", "n/a"):
        help = "leave it out where it is not known; what may never have happened is declared as `event`"
        raise ValueProblem(f"{shown(value)} is not a date", help)
    return Bounds(*_days(value))


def _days(value: object) -> tuple[int, int]:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise ValueProblem(f"{shown(value)} has a time zone", "give the site's local date")
        value = value.date()
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueProblem(f"{shown(value)} is not a date", 'write "2026-03-02", or "2026-03" or "2026"')
    try:
        return days_of(value.strip())
    except ValueError as error:
        raise ValueProblem(f"{shown(value)}: {error}") from None


def _time(item: Item, value: object) -> Bounds:
    if isinstance(value, datetime):
        value = value.replace(microsecond=0).isoformat()
    elif isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueProblem(f"{shown(value)} is not a time", 'write "2026-03-02T14:30"')
    try:
        return Bounds(*seconds_of(value.strip()))
    except ValueError as error:
        help = "" if "time" in str(error) else 'write "2026-03-02T14:30"'
        raise ValueProblem(f"{shown(value)}: {error}", help) from None


def _occurrences(item: Item, value: object) -> tuple[Occurrence, ...]:
    if isinstance(value, list | tuple):
        if len(value) > MOST_OCCURRENCES:
            raise ValueProblem(f"more than {MOST_OCCURRENCES} occurrences")
        return _several(item, value)
    if value in ("none", "no"):
        return ()
    return (_occurrence(item, value),)


def _several(item: Item, values: Sequence[object]) -> tuple[Occurrence, ...]:
    found: list[Occurrence] = []
    problems: list[ValueProblem] = []
    for number, value in enumerate(values, 1):
        try:
            if value == "yes" and len(values) > 1:
                raise ValueProblem('"yes" stands alone', "list each occurrence, with null for a date that is unknown")
            found.append(_occurrence(item, value))
        except ValueProblem as problem:
            where = f"occurrence {number}:"
            problems += problem.each() if len(values) == 1 else [each.inside(where) for each in problem.each()]
    if len(problems) > MOST_SAID:
        problems[MOST_SAID:] = [ValueProblem(f"{len(problems) - MOST_SAID} more problems like these")]
    refuse(problems)
    return tuple(found)


def _occurrence(item: Item, value: object) -> Occurrence:
    if value == "yes":
        return replace(_course(item, {}), more=True)
    if isinstance(value, Mapping) and value:
        return _course(item, value)
    if isinstance(value, str) and not value.strip()[:1].isdigit():
        help = 'write "none" where it never happened, a date, or nothing where it is not known'
        raise ValueProblem(f"{shown(value)} is not a date", help)
    if isinstance(value, str) and item.repeated and not re.match(r"[0-9]{4}(?:-|$)", value.strip()):
        help = 'write a list of {"date": "2026-03-02", "value": …}'
        raise ValueProblem(f"{shown(value)} comes without the day on which it was measured", help)
    if isinstance(value, str | date):
        return _course(item, {"date": value})
    help = 'write a date, a list of dates or of {"date": …}, or "none"'
    if item.repeated:
        help = 'write a list of {"date": "2026-03-02", "value": 1.2}'
    raise ValueProblem(f"{shown(value)} is no occurrence", help)


def _course(item: Item, value: Mapping[Any, object]) -> Occurrence:
    measured = {key: value[key] for key in ("value", "unit", "uln", "lln") if value.get(key) is not None}
    has_value = item.attribute("value")
    attributes: dict[str, object] = {}
    problems: list[ValueProblem] = []

    def read(attribute: Item, held: object) -> None:
        try:
            attributes[attribute.name] = read_value(attribute, held)
        except ValueProblem as problem:
            problems.extend(each.inside(attribute.name) for each in problem.each())

    for key, held in value.items():
        if key in ("date", "until") or (has_value and key in ("value", "unit", "uln", "lln")):
            continue
        attribute = item.attribute(str(key))
        if attribute is None:
            known_keys = ["date", *(["until"] if item.course else []), *(each.name for each in item.attributes)]
            help = did_you_mean(str(key), known_keys) or "it has " + ", ".join(known_keys)
            problems.append(ValueProblem(f"`{key}` is no attribute of `{item.name}`", help))
        elif held is not None:
            read(attribute, held)
    if has_value and measured:
        plain = set(measured) == {"value"}
        read(has_value, measured["value"] if plain else measured)
    start = end = UNKNOWN
    try:
        start = UNKNOWN if value.get("date") is None else _date(item, value["date"])
        end = _end(item, value, start)
    except ValueProblem as problem:
        problems.append(problem)
    refuse(problems)
    return Occurrence(start, end, attributes)


def _end(item: Item, value: Mapping[Any, object], start: Bounds) -> Bounds:
    held = value.get("until")
    if not item.course:
        if "until" in value:
            raise ValueProblem(f"`{item.name}` is an event without an end", "leave `until` out")
        return start
    if held is None:
        return Bounds(start.low, INFINITY)
    if held == "ongoing":
        return Bounds(INFINITY, INFINITY)
    try:
        low, high = _days(held)
    except ValueProblem as problem:
        raise ValueProblem(f"until {problem}", problem.help or 'write its last day, or "ongoing"') from None
    if high < start.low:
        raise ValueProblem(f"it ends ({shown(held)}) before it begins ({shown(value.get('date'))})")
    return Bounds(max(low, start.low), high)


READERS: dict[str, Callable[[Item, Any], object]] = {
    "truth": _truth,
    "one of": _option,
    "several of": _options,
    "quantity": _measured,
    "number": _measured,
    "count": _measured,
    "date": _date,
    "time": _time,
    "event": _occurrences,
}
