"""From a record to the slots of the compiled rules: usual values at once, all others through the checking reader."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..protocol.model import Item, Protocol
from ..units.unit import UnitError, conversion, read_unit
from ..values.bounds import Bounds
from .facts import Measured
from .layout import MEASURED, MISSING, NAN, Layout, coded, coded_ratio, default, form_of
from .problems import CONTROL
from .records import read_value

REMEMBERED = 20_000
LARGEST = 10**50
Forms = tuple[object, ...]


class Irregular(Exception):
    """A record that the usual ways do not take; the checking reader says what is wrong with it."""


class NumberReader:
    """Slot values of one measured item. Texts and decimals that came before are remembered."""

    def __init__(self, item: Item, layout: Layout) -> None:
        self.item = item
        self.forms = [form for form, _ in layout.forms(item.name)]
        self.scales = [layout.scales.get((item.name, form), 1) for form in self.forms]
        self.known: dict[tuple[type, object], Forms] = {}
        self.parts: dict[tuple[object, ...], Forms] = {}
        self.factors: dict[str, tuple[int, int]] = {}
        self.missing: Forms = tuple(default(form) for form in self.forms)

    def __call__(self, value: Any) -> Forms:
        kind = type(value)
        if kind is dict:
            return self._from_dict(value)
        if kind is str or kind is Decimal or kind is float:
            key = (kind, value)
            found = self.known.get(key)
            if found is None:
                found = self._checked(value)
                if len(self.known) > REMEMBERED:
                    self.known.clear()
                self.known[key] = found
            return found
        return self._checked(value)

    def _from_dict(self, value: dict[str, Any]) -> Forms:
        """`{"value": 120, "unit": "U/L", "uln": 40}`; what came before is remembered."""
        held, uln, unit = value.get("value"), value.get("uln"), value.get("unit")
        if held.__class__ not in _PLAIN or (uln is not None and uln.__class__ not in _PLAIN):
            return self._checked(value)  # True is no 1 here
        key = (held, unit, uln, len(value)) if unit.__class__ is str or unit is None else None
        if key is None or len(value) != 1 + ("uln" in value) + ("unit" in value):
            return self._checked(value)
        found = self.parts.get(key)
        if found is None:
            found = self._calculated(value, held, uln, unit)
            if len(self.parts) > REMEMBERED:
                self.parts.clear()
            self.parts[key] = found
        return found

    def _calculated(self, value: dict[str, Any], held: Any, uln: Any, unit: Any) -> Forms:
        """The slots of plain numbers, without making fractions."""
        item = self.item
        if item.kind == "count" or (uln is not None and (not 0 < uln < LARGEST or "ULN" not in item.limits)):
            return self._checked(value)
        factor = (1, 1) if unit is None else self.factors.get(unit) or self._factor(unit)
        if factor is None:
            return self._checked(value)
        a, b = held.as_integer_ratio()
        p, q = uln.as_integer_ratio() if uln is not None else (1, 1)
        if any(each.bit_length() > 190 for each in (a, b, p, q)):
            return self._checked(value)
        n, d = a * factor[0], b * factor[1]
        span = item.span
        if span and not span.low * d <= n <= span.high * d:
            return self._checked(value)
        found: list[object] = []
        for form, scale in zip(self.forms, self.scales, strict=True):
            if form == "code":
                found.append(coded_ratio(n, d, scale))
            elif form == "pair":
                found.append((n, d))
            elif form == "times ULN" and uln is not None:
                found.append(coded_ratio(a * q, b * p, scale))
            else:
                found.append(NAN)
        return tuple(found)

    def _factor(self, unit: object) -> tuple[int, int] | None:
        """The plain factor from a unit to the declared one; None where there is an offset, or no such unit."""
        if not isinstance(unit, str) or self.item.unit is None or self.item.unit.plain:
            return None
        try:
            factors = conversion(read_unit(unit), self.item.unit, self.item.molar_mass)
        except UnitError:
            return None
        if factors is None or factors[1]:
            return None
        if len(self.factors) < 1000:
            self.factors[unit] = factors[0].as_integer_ratio()
        return factors[0].as_integer_ratio()

    def _checked(self, value: object) -> Forms:
        measured = read_value(self.item, value)
        assert isinstance(measured, Measured)
        return tuple(self._form(form, scale, measured) for form, scale in zip(self.forms, self.scales, strict=True))

    def _form(self, form: str, scale: int, measured: Measured) -> object:
        bounds = measured.multiple(form[6:]) if form.startswith("times") else measured.value
        if bounds.unknown:
            return default(form)
        exact = Fraction(bounds.low)
        return (exact.numerator, exact.denominator) if form == "pair" else coded(exact, scale)


_PLAIN = frozenset((int, Decimal))


class SetReader:
    def __init__(self, item: Item) -> None:
        self.item = item
        self.known: dict[tuple[object, ...], frozenset[str]] = {}

    def __call__(self, value: Any) -> Any:
        if type(value) is not list:
            return read_value(self.item, value)
        key = tuple(value)
        found = self.known.get(key)
        if found is None:
            found = read_value(self.item, value)  # type: ignore[assignment]
            if len(self.known) > REMEMBERED:
                self.known.clear()
            self.known[key] = found  # type: ignore[assignment]
        return found


class DateReader:
    """First and last day of a date (or second of a time). Texts seen before are remembered."""

    def __init__(self, item: Item, seen: dict[str, tuple[object, object]]) -> None:
        self.item, self.seen = item, seen

    def __call__(self, value: Any) -> tuple[object, object]:
        bounds = read_value(self.item, value)
        assert isinstance(bounds, Bounds)
        found = (bounds.low, bounds.high)
        if type(value) is str:
            if len(self.seen) > REMEMBERED:
                self.seen.clear()
            self.seen[value] = found
        return found


def write_prepare(protocol: Protocol, layout: Layout) -> tuple[str, dict[str, Any]]:
    """The text of `prepare(record, case)`, which makes the tuple of slots, and the names that it uses."""
    names: dict[str, Any] = {
        "MISSING": MISSING,
        "NAN": NAN,
        "KNOWN": frozenset([*protocol.items, "id"]),
        "Irregular": Irregular,
        "is_id": is_id,
    }
    lines = ["def prepare(record, case):", "    g = record.get", "    if not KNOWN.issuperset(record): raise Irregular"]
    lines += [
        "    v = g('id')",
        "    if not (v.__class__ is str and v.isprintable()) and not is_id(v): raise Irregular",
    ]
    for number, item in enumerate(protocol.items.values()):
        lines.append(f"    v = g({item.name!r})")
        lines += ["    " + line for line in _item_lines(number, item, layout, names)]
    held = "".join(f"s{slot}, " for slot in range(len(layout.slots)))
    lines.append(f"    return ({held}case,)")
    return "\n".join(lines) + "\n", names


def is_id(value: object) -> bool:
    if isinstance(value, str):
        return not CONTROL.search(value)
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _item_lines(number: int, item: Item, layout: Layout, names: dict[str, Any]) -> list[str]:
    slots = layout.forms(item.name)
    reader = f"read{number}"
    if item.kind in MEASURED:
        return _number_lines(number, item, layout, names)
    target = f"s{slots[0][1]}" if slots else "_"
    form = form_of(item)
    if form == "truth":
        names[reader] = lambda value: read_value(item, value)
        return [f"{target} = v if v is False or v is True or v is None else {reader}(v)"]
    if form == "option":
        names[f"options{number}"] = {None: None, **{name: name for name in item.option_names}}
        return [f"{target} = options{number}[v]"]  # another value is a KeyError, or a TypeError
    if form == "set":
        names[reader] = SetReader(item)
        return [f"{target} = None if v is None else {reader}(v)"]
    if form == "event":
        names[reader] = lambda value: read_value(item, value) or False
        return [f"{target} = None if v is None else False if v == 'none' or v == [] else {reader}(v)"]
    seen: dict[str, tuple[object, object]] = {}
    names[f"seen{number}"], names[reader] = seen, DateReader(item, seen)
    known = f"seen{number}[v] if v.__class__ is str and v in seen{number} else {reader}(v)"
    return [f"{target} = None if v is None else {known}"]


def _number_lines(number: int, item: Item, layout: Layout, names: dict[str, Any]) -> list[str]:
    """Whole numbers within the range go straight into their slots."""
    names[f"read{number}"] = NumberReader(item, layout)
    slots = layout.forms(item.name)
    if not slots:
        return [f"if v is not None: read{number}(v)"]
    targets = "".join(f"s{slot}, " for _, slot in slots)
    missing = "".join(f"{'MISSING' if form == 'pair' else 'NAN'}, " for form, _ in slots)
    usual = {"code": f"v * {2 * layout.scales.get((item.name, 'code'), 1)}", "pair": "(v, 1)"}
    values = "".join(f"{usual.get(form, 'NAN')}, " for form, _ in slots)
    low: object = 0 if item.kind == "count" else -(10**50)
    high: object = 10**50
    if item.span:
        names[f"low{number}"], names[f"high{number}"] = plain(item.span.low), plain(item.span.high)
        low, high = f"low{number}", f"high{number}"
    return [
        f"if v is None: {targets}= {missing}".rstrip(),
        f"elif v.__class__ is int and {low} <= v <= {high}: {targets}= {values}",
        f"else: {targets}= read{number}(v)",
    ]


def plain(value: Fraction) -> int | Fraction:
    return int(value) if value.denominator == 1 else value


Prepare = Callable[[Any, Any], tuple[Any, ...]]
__all__ = ["Irregular", "Prepare", "write_prepare"]
