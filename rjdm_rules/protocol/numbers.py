"""Exact numbers as people write them."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction


def number_text(value: Fraction, places: int = 4) -> str:
    """A decimal where the value is one of at most 12 digits, else rounded to `places` with a leading `≈`."""
    if value.denominator == 1:
        return grouped(int(value))
    scaled = value * 10**12
    if scaled.denominator == 1:
        sign = "−" if value < 0 else ""
        whole, part = divmod(abs(int(scaled)), 10**12)
        return f"{sign}{whole}.{part:012d}".rstrip("0")
    digits = len(str(abs(int(value)))) if abs(value) >= 1 else 0
    rounded = Context(prec=digits + places).divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"≈{rounded.normalize():f}".replace("-", "−")


def grouped(value: int) -> str:
    """Whole numbers: large round ones as powers of ten (`1.5×10^9`)."""
    sign, digits = ("−" if value < 0 else ""), str(abs(value))
    if len(digits) > 6 and len(digits.rstrip("0")) <= 4:
        mantissa = digits.rstrip("0")
        power = len(digits) - 1
        shown = mantissa[0] + (f".{mantissa[1:]}" if len(mantissa) > 1 else "")
        return f"{sign}{shown}×10^{power}"
    return sign + digits
