"""The shape of codes in the systems that protocols cite, with their check digits.

LOINC: a number, a hyphen and a check digit by the modulus 10 algorithm (LOINC Users' Guide, appendix on check digits).
SNOMED CT: 6 to 18 digits, the last by Verhoeff's dihedral check, the two before it a partition identifier (SNOMED CT
Release File Specification, SCTID). ICD-10: a letter, two characters, up to four behind a point (WHO; ICD-10-CM).
ATC: up to five levels (WHO Collaborating Centre for Drug Statistics Methodology). MedDRA: eight digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Verhoeff (1969): multiplication in the dihedral group of order 10, and the permutation by position
_TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_BY_POSITION = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def check_digit_mod10(digits: str) -> int:
    """The check digit that makes the weighted sum of digits (every second one doubled, from the right) end in 0."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        weighted = int(digit) * (2 if position % 2 == 0 else 1)
        total += weighted - 9 if weighted > 9 else weighted
    return -total % 10


def verhoeff_holds(digits: str) -> bool:
    """Whether a number ends in its Verhoeff check digit."""
    sum_ = 0
    for position, digit in enumerate(reversed(digits)):
        sum_ = int(_TIMES[sum_][int(_BY_POSITION[position % 8][int(digit)])])
    return sum_ == 0


def _loinc(code: str) -> str:
    if re.fullmatch(r"L[AP]\d{1,7}-\d", code):  # a part or an answer
        return ""
    match = re.fullmatch(r"(\d{1,7})-(\d)", code)
    if not match:
        return "a LOINC code is a number, a hyphen and a check digit, as in 2160-0"
    digit = check_digit_mod10(match.group(1))
    return "" if int(match.group(2)) == digit else f"its check digit would be {digit}"


def _snomed(code: str) -> str:
    if not re.fullmatch(r"[1-9]\d{5,17}", code):
        return "a SNOMED CT identifier has 6 to 18 digits"
    return "" if verhoeff_holds(code) else "its check digit does not fit"


def _shaped(pattern: str, what: str) -> Callable[[str], str]:
    return lambda code: "" if re.fullmatch(pattern, code) else what


SYSTEMS: dict[str, Callable[[str], str]] = {
    "LOINC": _loinc,
    "SNOMED": _snomed,
    "SNOMEDCT": _snomed,
    "SCT": _snomed,
    "ICD10": _shaped(
        r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z-]{1,4})?",
        "an ICD-10 code is a letter and two digits, more behind a point, as in M33.0",
    ),
    "ICD10CM": _shaped(
        r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?", "an ICD-10-CM code is a letter and two digits, more behind a point"
    ),
    "ATC": _shaped(r"[A-Z](?:\d{2}(?:[A-Z](?:[A-Z](?:\d{2})?)?)?)?", "an ATC code is such as L04AX03"),
    "MEDDRA": _shaped(r"\d{8}", "a MedDRA code has eight digits"),
    "RXNORM": _shaped(r"\d{1,8}", "an RxNorm identifier is a number"),
    "NCIT": _shaped(r"C\d{2,7}", "an NCI Thesaurus code is C and a number"),
    "HPO": _shaped(r"HP:\d{7}", "an HPO term is HP: and seven digits"),
    "UNII": _shaped(r"[A-Z0-9]{10}", "a UNII has ten letters and digits"),
}


def known_system(system: str) -> bool:
    """Whether a word is the name of a system whose codes are known here."""
    return re.sub(r"[^A-Z0-9]", "", system.upper()) in SYSTEMS


def wrong_code(system: str, code: str) -> str:
    """What is wrong with the shape of a code; an empty text where nothing is, or the system is not known here."""
    check = SYSTEMS.get(re.sub(r"[^A-Z0-9]", "", system.upper()))
    return check(code.strip()) if check else ""
