"""Units of measurement: read from their written form, compared and converted exactly.

A unit is a product of powers of base units (its dimension) and an exact factor. A temperature in °C or °F has an
offset too. The written form is kept and never respelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache

from .table import EVERYDAY, NONE, OFFSET_UNITS, PREFIXES, UNITS, Dimension


class UnitError(ValueError):
    """A unit that cannot be read. `help` names a way out where one is known, `near` the unit that was meant."""

    def __init__(self, message: str, help: str = "", near: str = "") -> None:
        super().__init__(message)
        self.help, self.near = help, near


@dataclass(frozen=True, slots=True)
class Unit:
    """`text` as written; base value = value × factor + offset."""

    text: str
    dimension: Dimension
    factor: Fraction
    offset: Fraction = Fraction(0)

    @property
    def plain(self) -> bool:
        """Whether this is a bare number."""
        return self.dimension == NONE and self.factor == 1 and self.text in ("", "1")

    def __str__(self) -> str:
        return self.text


PLAIN = Unit("", NONE, Fraction(1))
LONGEST_UNIT, HIGHEST_POWER = 60, 12
_POWER = re.compile(r"(.*?)(?:\^)?([+\-−]?\d+|[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)\Z", re.DOTALL)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_TEN = re.compile(r"10(?:\*|\^)([+\-−]?\d{1,2})\Z")
_PIECE = re.compile(r"[./·]|\{[^{}]*\}|\((?:[^()]*)\)|(?:1\.73_?m[2²]|10[*^][+\-−]?\d+|\[[^\[\]]*\]|[^./·{}()\[\]])+")


def combined(left: Dimension, right: Dimension, sign: int) -> Dimension:
    powers = dict(left)
    for base, power in right:
        powers[base] = powers.get(base, 0) + sign * power
    return tuple(sorted((base, power) for base, power in powers.items() if power))


def multiplied(left: Unit, right: Unit, sign: int = 1) -> Unit:
    """The unit of a product (`sign` 1) or a quotient (`sign` -1) of two quantities. Raises UnitError where it has
    grown beyond anything that is measured."""
    factor = left.factor * right.factor if sign > 0 else left.factor / right.factor
    dimension = combined(left.dimension, right.dimension, sign)
    pieces = [*_pieces(left.text), *((sign * power, piece) for power, piece in _pieces(right.text))]
    text = ".".join(piece for power, piece in pieces if power > 0)
    text += "".join(f"/{piece}" for power, piece in pieces if power < 0)
    if dimension == NONE and factor == 1:
        text = ""
    if len(text) > LONGEST_UNIT or any(abs(power) > HIGHEST_POWER for _, power in dimension):
        raise UnitError("a unit with so many factors is none that anybody measures in", "calculate with fewer factors")
    return Unit(text, dimension, factor)


def _pieces(text: str) -> list[tuple[int, str]]:
    """The factors of a written unit, each with 1, or -1 where it divides: `mg/kg` as mg and -kg."""
    found: list[tuple[int, str]] = []
    sign = 1
    for part in re.split(r"(/|(?<!\d)\.|\.(?!\d))", text):
        if part in ("/", "."):
            sign = -1 if part == "/" else 1
        elif part:
            found.append((sign, part))
    return found


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit:
    """The unit written as `text`. Raises UnitError for one that does not exist."""
    written = text.replace(" ", "")
    if written.endswith(".") and is_unit(written[:-1]):
        raise UnitError(f"`{written}`: a line ends without a full stop", f"write `{written[:-1]}`", written[:-1])
    if not written:
        raise UnitError("an empty text is not a unit", "leave the unit out where it is the declared one")
    if len(written) > LONGEST_UNIT:
        raise UnitError(f"`{written[:LONGEST_UNIT]}` is not a unit")
    if re.fullmatch(r"[KM]/(?:[uµμ]L|mcL|mm3|cmm)", written):
        power = "10*3" if written[0] == "K" else "10*6"
        raise _no_unit(f"`{written}`", f"{power}/uL")
    name = EVERYDAY.get(written, written)
    if name in OFFSET_UNITS:
        factor, offset = OFFSET_UNITS[name]
        return Unit(written, (("K", 1),), factor, offset)
    dimension, factor = _product(name, written)
    return Unit(written, dimension, factor)


def is_unit(text: str) -> bool:
    """Whether a text can be read as a unit."""
    try:
        read_unit(text)
    except UnitError:
        return False
    return True


def _product(text: str, written: str, depth: int = 0) -> tuple[Dimension, Fraction]:
    dimension, factor, sign = NONE, Fraction(1), 1
    position, expect_atom = 0, True
    if text.startswith("/"):
        expect_atom = False
    while position < len(text):
        match = _PIECE.match(text, position)
        if not match:
            raise _no_unit(f"`{written}`", near_unit(written))
        piece, position = match.group(), match.end()
        if piece in ("/", ".", "·"):
            if expect_atom:
                raise UnitError(f"`{written}` is not a unit: nothing stands before `{piece}`")
            sign, expect_atom = -1 if piece == "/" else 1, True
            continue
        if piece.startswith("{"):
            # an annotation is no unit of its own, except for the standard body surface
            if "1.73" in piece:
                piece = "1.73m2"
            else:
                expect_atom = False
                continue
        elif piece.startswith("("):
            if depth > 3:
                raise UnitError(f"`{written}` is not a unit")
            part, part_factor = _product(piece[1:-1], written, depth + 1)
        if not piece.startswith("("):
            part, part_factor = _atom(piece, written)
        dimension = combined(dimension, part, sign)
        factor = factor * part_factor if sign > 0 else factor / part_factor
        sign, expect_atom = 1, False
    if expect_atom:
        raise UnitError(f"`{written}` is not a unit: something is missing at its end")
    return dimension, factor


def _atom(piece: str, written: str) -> tuple[Dimension, Fraction]:
    ten = _TEN.match(piece)
    if ten:
        return NONE, Fraction(10) ** int(ten.group(1).replace("−", "-"))
    if piece in ("1.73m2", "1.73_m2", "1.73m²"):
        return UNITS["1.73m2"][:2]
    found = _symbol(piece)
    if found:
        return found
    power = _POWER.match(piece)
    if power and power.group(1):
        found = _symbol(power.group(1))
        exponent = int(power.group(2).translate(_SUPERSCRIPTS).replace("−", "-"))
        if found and 0 < abs(exponent) <= 9:
            dimension, factor = found
            return tuple((base, each * exponent) for base, each in dimension), factor**exponent
    if re.fullmatch(r"\d{1,9}", piece) and int(piece):
        return NONE, Fraction(int(piece))
    what = f"`{piece}` in `{written}`" if piece != written else f"`{written}`"
    near = near_unit(piece)
    raise _no_unit(what, near and written.replace(piece, near))


def _symbol(symbol: str) -> tuple[Dimension, Fraction] | None:
    symbol = EVERYDAY.get(symbol, symbol)
    if symbol in UNITS:
        return UNITS[symbol][:2]
    if "/" in symbol:
        return _product(symbol, symbol)
    for prefix, power in PREFIXES.items():
        if symbol.startswith(prefix):
            unit = UNITS.get(symbol[len(prefix) :])
            if unit and unit[2]:
                return unit[0], unit[1] * Fraction(10) ** power
    return None


ALSO_WRITTEN = {
    "c": "°C", "f": "°F", "celsius": "°C", "fahrenheit": "°F", "y": "years", "yo": "years", "wks": "weeks",
    "mths": "months", "mth": "months", "kilos": "kg", "kgs": "kg", "pounds": "lb", "gm": "g", "gms": "g", "mts": "m",
    "pct": "%", "msec": "ms", "millisec": "ms", "monate": "months", "wochen": "weeks", "tage": "days", "jahre": "years",
    "mois": "months", "jours": "days", "semaines": "weeks", "ans": "years", "bpm": "/min",
}  # fmt: skip


def _no_unit(what: str, near: str) -> UnitError:
    if "meq" in what.lower():
        return UnitError(f"{what} is not a unit", "1 mEq of an ion with one charge, such as Na+, K+ or Cl−, is 1 mmol")
    help = f"did you mean `{near}`?" if near else "units are UCUM codes, such as mg/dL, umol/L, 10*9/L, [IU]/mL"
    return UnitError(f"{what} is not a unit", help, near)


def near_unit(text: str) -> str:
    """The unit that a misspelt one was probably meant to be, or an empty text."""
    if text.lower() in ALSO_WRITTEN:
        return ALSO_WRITTEN[text.lower()]
    known = [*UNITS, *EVERYDAY, *OFFSET_UNITS]
    known += [prefix + name for name in ("g", "L", "mol", "m", "U", "kat") for prefix in ("m", "u", "n", "p", "k", "d")]
    folded = {name.casefold(): name for name in known}
    if text.casefold() in folded:
        return folded[text.casefold()]
    near = get_close_matches(text, known, n=1, cutoff=0.75)
    return near[0] if near else ""


def _ratio_of_amounts(unit: Unit) -> bool:
    return unit.dimension == NONE and "mol/" in unit.text


def conversion(source: Unit, target: Unit, molar_mass: Fraction | None = None) -> tuple[Fraction, Fraction] | None:
    """`(a, b)` with value in target = a × value in source + b, exactly; None where the dimensions differ.

    `molar_mass` (g/mol) lets a mass stand for an amount of substance and the other way round. A ratio of amounts such
    as mmol/mol is no percentage: HbA1c of 8 % (NGSP) is 64 mmol/mol (IFCC), by a formula of its own.
    """
    if _ratio_of_amounts(source) != _ratio_of_amounts(target) and not (source.plain or target.plain):
        return None
    scale = Fraction(1)
    if source.dimension != target.dimension:
        if molar_mass is None:
            return None
        grams, moles = (("g", 1),), (("mol", 1),)
        to_moles = combined(combined(source.dimension, grams, -1), moles, 1)
        to_grams = combined(combined(source.dimension, moles, -1), grams, 1)
        if to_moles == target.dimension:
            scale = 1 / molar_mass
        elif to_grams == target.dimension:
            scale = molar_mass
        else:
            return None
    factor = source.factor * scale / target.factor
    return factor, (source.offset - target.offset) / target.factor if source.offset or target.offset else Fraction(0)
