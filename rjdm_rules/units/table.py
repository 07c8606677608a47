"""Unit symbols: dimension, exact factor to the base units, and which prefixes they take.

After UCUM (The Unified Code for Units of Measure, ucum.org), with the everyday spellings of clinics. Base units here:
m, g, s, K, mol, C (charge), and one dimension of its own for each arbitrary unit such as [IU] or points.
"""

from __future__ import annotations

from fractions import Fraction

Dimension = tuple[tuple[str, int], ...]

PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12, "f": -15, "a": -18,
}  # fmt: skip

DAY = Fraction(86400)
YEAR = DAY * Fraction(36525, 100)
MONTH = YEAR / 12
INCH = Fraction(254, 10000)
POUND = Fraction(45359237, 100000)


def _of(**powers: int) -> Dimension:
    return tuple(sorted(powers.items()))


LENGTH, MASS, TIME, AMOUNT = _of(m=1), _of(g=1), _of(s=1), _of(mol=1)
VOLUME, CATALYTIC = _of(m=3), _of(mol=1, s=-1)
PRESSURE = _of(g=1, m=-1, s=-2)
ENERGY = _of(g=1, m=2, s=-2)
NONE: Dimension = ()

# symbol: (dimension, factor, takes prefixes)
UNITS: dict[str, tuple[Dimension, Fraction, bool]] = {
    "1": (NONE, Fraction(1), False),
    "%": (NONE, Fraction(1, 100), False),
    "[ppth]": (NONE, Fraction(1, 1000), False),
    "[ppm]": (NONE, Fraction(1, 10**6), False),
    "m": (LENGTH, Fraction(1), True),
    "[in_i]": (LENGTH, INCH, False),
    "[ft_i]": (LENGTH, INCH * 12, False),
    "g": (MASS, Fraction(1), True),
    "t": (MASS, Fraction(10**6), True),
    "[lb_av]": (MASS, POUND, False),
    "[oz_av]": (MASS, POUND / 16, False),
    "s": (TIME, Fraction(1), True),
    "min": (TIME, Fraction(60), False),
    "h": (TIME, Fraction(3600), False),
    "d": (TIME, DAY, False),
    "wk": (TIME, DAY * 7, False),
    "mo": (TIME, MONTH, False),
    "a": (TIME, YEAR, False),
    "mol": (AMOUNT, Fraction(1), True),
    "osm": (_of(osm=1), Fraction(1), True),
    "eq": (_of(eq=1), Fraction(1), True),
    "L": (VOLUME, Fraction(1, 1000), True),
    "l": (VOLUME, Fraction(1, 1000), True),
    "K": (_of(K=1), Fraction(1), True),
    "U": (CATALYTIC, Fraction(1, 60 * 10**6), True),
    "kat": (CATALYTIC, Fraction(1), True),
    "Pa": (PRESSURE, Fraction(1000), True),
    "bar": (PRESSURE, Fraction(10**8), True),
    "m[Hg]": (PRESSURE, Fraction(133322387, 1000) * 1000, True),
    "m[H2O]": (PRESSURE, Fraction(980665, 100) * 1000, True),
    "N": (_of(g=1, m=1, s=-2), Fraction(1000), True),
    "J": (ENERGY, Fraction(1000), True),
    "cal": (ENERGY, Fraction(4184), True),
    "W": (_of(g=1, m=2, s=-3), Fraction(1000), True),
    "Hz": (_of(s=-1), Fraction(1), True),
    "Bq": (_of(s=-1), Fraction(1), True),
    "Ci": (_of(s=-1), Fraction(37 * 10**9), True),
    "Gy": (_of(m=2, s=-2), Fraction(1), True),
    "Sv": (_of(m=2, s=-2), Fraction(1), True),
    "C": (_of(C=1), Fraction(1), True),
    "A": (_of(C=1, s=-1), Fraction(1), True),
    "V": (_of(g=1, m=2, s=-2, C=-1), Fraction(1000), True),
    "Ohm": (_of(g=1, m=2, s=-1, C=-2), Fraction(1000), True),
    "deg": (_of(deg=1), Fraction(1), False),
    "[diop]": (_of(m=-1), Fraction(1), False),
    "[pH]": (_of(pH=1), Fraction(1), False),
    "[IU]": (_of(IU=1), Fraction(1), True),
    "[arb'U]": (_of(arb=1), Fraction(1), False),
    "[CFU]": (_of(CFU=1), Fraction(1), False),
    "[PFU]": (_of(PFU=1), Fraction(1), False),
    "[drp]": (VOLUME, Fraction(1, 20 * 10**6), False),
    "[pack_yr]": (_of(pack_yr=1), Fraction(1), False),
    "points": (_of(points=1), Fraction(1), False),
    # counted things are pure numbers, as UCUM's annotations are
    "cells": (NONE, Fraction(1), False),
    "copies": (NONE, Fraction(1), False),
    # indexed to a standard body surface: an area, so that mL/min and mL/min/1.73m2 are not mixed up
    "1.73m2": (_of(m=2), Fraction(173, 100), False),
}

# temperatures have a zero of their own: (factor to K, K at zero)
OFFSET_UNITS: dict[str, tuple[Fraction, Fraction]] = {
    "Cel": (Fraction(1), Fraction(27315, 100)),
    "[degF]": (Fraction(5, 9), Fraction(45967, 100) * Fraction(5, 9)),
}

EVERYDAY = {
    "year": "a", "years": "a", "yr": "a", "yrs": "a", "month": "mo", "months": "mo", "week": "wk", "weeks": "wk",
    "day": "d", "days": "d", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "minute": "min", "minutes": "min",
    "second": "s", "seconds": "s", "sec": "s",
    "°C": "Cel", "℃": "Cel", "degC": "Cel", "°F": "[degF]", "degF": "[degF]",
    "mmHg": "mm[Hg]", "cmH2O": "cm[H2O]", "IU": "[IU]", "mIU": "m[IU]", "uIU": "u[IU]", "µIU": "u[IU]", "μIU": "u[IU]",
    "kIU": "k[IU]", "mcg": "ug", "mcL": "uL", "cc": "cm3",
    "point": "points", "cell": "cells", "copy": "copies", "[degC]": "Cel", "liter": "L", "litre": "L", "gram": "g",
    "inch": "[in_i]", "inches": "[in_i]", "in": "[in_i]", "ft": "[ft_i]", "lb": "[lb_av]", "lbs": "[lb_av]",
    "oz": "[oz_av]", "percent": "%", "CFU": "[CFU]", "PFU": "[PFU]", "ppm": "[ppm]", "Da": "g/mol", "kDa": "kg/mol",
}  # fmt: skip
