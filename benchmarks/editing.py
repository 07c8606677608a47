"""How fast the language server's answers are: on the RJDM protocol and on a file of 5,000 lines.

    python benchmarks/editing.py

Yardstick in the same run: splitting the text into its words with a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from checking import best, large_file

from rjdm_rules.assets import asset
from rjdm_rules.editor.analysis import Analysis, analysed
from rjdm_rules.editor.completing import completions
from rjdm_rules.editor.hovering import hover_text
from rjdm_rules.editor.outlining import coloured, entries
from rjdm_rules.editor.preview import preview_html
from rjdm_rules.language.formatting import formatted
from rjdm_rules.language.source import Source

LONG = 245_000  # characters that make 5,000 lines


def analysis_of(name: str, text: str) -> Analysis:
    return analysed(Source(name, text), Path(asset("rules")))


def measured(name: str, text: str, needle: str) -> None:
    words = best(lambda: re.findall(r"\w+", text))
    offset = text.index(needle)
    held = analysis_of(name, text)
    occurrence = held.at(offset)
    assert occurrence is not None
    rows: dict[str, Callable[[], object]] = {
        "all findings after a change": lambda: analysis_of(name, text),
        "the first look-up of a name": lambda: analysis_of(name, text).at(offset),
        "hover": lambda: hover_text(occurrence.symbol, held),
        "completion": lambda: completions(offset, text, held),
        "outline": lambda: entries(held),
        "colours": lambda: coloured(held),
        "formatting": lambda: formatted(held.source),
        "preview with diagram": lambda: preview_html(offset, held),
    }
    print(f"{name}: {text.count(chr(10)):,} lines; its words {1000 * words:.1f} ms")
    for what, do in rows.items():
        do()
        seconds = best(do, 3)
        print(f"  {what:<30} {1000 * seconds:8.1f} ms  {seconds / words:8.1f} × the words")


def main() -> None:
    measured("rjdm_cart.rules", asset("rules", "rjdm_cart.rules").read_text(encoding="utf-8"), "lvef ≥ 55")
    measured("5000.rules", large_file(LONG), "fact_1, event_1")


if __name__ == "__main__":
    main()
