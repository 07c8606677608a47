"""Numbers and dates that are written in words."""

from __future__ import annotations

import re

NUMBER_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "fourteen": "14", "fifteen": "15", "sixteen": "16", "eighteen": "18",
    "twenty": "20", "thirty": "30", "sixty": "60", "ninety": "90",
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE_IN_WORDS = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?\s+(?P<month>[A-Za-z]{3,9})\.?,?\s+(?P<year>\d{4})"
    r"|(?P<month2>[A-Za-z]{3,9})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year2>\d{4})"
)


def date_of(match: re.Match[str]) -> str | None:
    """What DATE_IN_WORDS matched as year-month-day; None where its word is no month."""
    held = match.groupdict()
    month = (held["month"] or held["month2"])[:3].lower()
    if month not in _MONTHS:
        return None
    return f"{held['year'] or held['year2']}-{_MONTHS.index(month) + 1:02d}-{int(held['day'] or held['day2']):02d}"
