"""Words and signs of the language that several places need to know as such."""

from __future__ import annotations

SECTION_WORDS = (
    "protocol", "library", "use", "readings", "data", "define", "table", "inclusion", "exclusion", "part", "escalation",
    "example",
)  # fmt: skip
TYPE_TERMINALS = frozenset(
    ["YES_NO", "IN", "NUMBER_WORD", "COUNT_WORD", "ONE", "SEVERAL", "DATE_WORD", "TIME_WORD", "EVENT", "REPEATED"]
)
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_LOGIC = "AND OR NOT ANY ALL NONE EXCEPT IF THEN IS IN KNOWN INCLUDES WHERE WITHIN BEFORE AFTER BETWEEN OF"
_VALUES = "COUNT MAX MIN MEAN LATEST EARLIEST FROM TO YEARS MONTHS DAYS ULN LLN"
KEYWORDS = frozenset(f"{_LOGIC} {_VALUES}".split())
