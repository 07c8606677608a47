"""`# allow R902: reason` beside a statement silences a warning there, for a reason that stays in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..language import syntax as s
from ..language.diagnostics import ERROR, REMARK, WARNING, Diagnostic
from ..language.lines import Comment, Outline, outline
from ..language.source import Place

ALLOW = re.compile(r"#\s*allow\b(?P<codes>[^:\n]*)(?::(?P<reason>.*))?$", re.IGNORECASE)
CODE = re.compile(r"\bR\d+\b", re.IGNORECASE)


@dataclass(frozen=True)
class Allowance:
    """The codes that a comment silences, from `start` to `end` of the text."""

    comment: Comment
    codes: tuple[tuple[str, Place], ...]
    start: int
    end: int

    def covers(self, finding: Diagnostic, code: str) -> bool:
        place = finding.place
        same = place.source is self.comment.place.source and self.start <= place.start <= self.end
        return same and finding.code == code and finding.severity != ERROR


def without_allowed(files: Iterable[s.File], diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The findings that nothing silences; and those about comments that silence nothing, or not in the right form."""
    found: list[Allowance] = []
    remarks: list[Diagnostic] = []
    for file in files:
        if "allow" in file.place.source.text.lower():
            found += allowances(outline(file.place.source, file.tokens), remarks)
    silenced: set[int] = set()
    for each in found:
        for code, place in each.codes:
            hits = {number for number, finding in enumerate(diagnostics) if each.covers(finding, code)}
            silenced |= hits
            if not hits:
                remarks.append(Diagnostic("R917", f"there is no {code} here to allow", place, "take it out", REMARK))
    return [*(each for number, each in enumerate(diagnostics) if number not in silenced), *remarks]


def allowances(lines: Outline, remarks: list[Diagnostic]) -> list[Allowance]:
    """The comments of a file that allow something; what is wrong with their form goes into `remarks`."""
    found = []
    for number, statement in enumerate(lines.statements):
        for comment in [*statement.above, *(each for _, each in statement.inside), statement.behind]:
            codes = allowed_codes(comment, remarks) if comment else ()
            if comment and codes:
                found.append(Allowance(comment, codes, *lines.extent(number)))
    for comment in lines.last:
        codes = allowed_codes(comment, remarks)
        if codes:
            message = "nothing stands below this comment that it could be about"
            remarks.append(Diagnostic("R917", message, comment.place, "put it above the statement", REMARK))
    return found


def allowed_codes(comment: Comment, remarks: list[Diagnostic]) -> tuple[tuple[str, Place], ...]:
    match = ALLOW.match(comment.text)
    codes = _codes(comment, *match.span("codes")) if match else []
    if match is None or not codes:
        late = re.match(r"#\s*allow\b", comment.text, re.IGNORECASE) and CODE.search(comment.text)
        if late:
            _misformed(comment, late.group().upper(), remarks)
        elif re.match(r"#\s*allow\s*:", comment.text, re.IGNORECASE):
            help = "write `# allow R902: why`, with the code of the warning"
            remarks.append(Diagnostic("R916", "this allows nothing: the code is missing", comment.place, help, WARNING))
        return ()  # else a remark that happens to begin with this word
    if not (match.group("reason") or "").strip():
        _misformed(comment, codes[0][0], remarks)
        return ()
    for code, place in codes:
        if not may_be_allowed(code):
            help = "take it out" + ("" if code[1:2] == "9" else ", and mend what it is about")
            what = "is no code of a warning" if re.fullmatch(r"R\d{3}", code) else "is no code"
            remarks.append(Diagnostic("R916", f"{code} {what}, and cannot be allowed", place, help, WARNING))
    return tuple(each for each in codes if may_be_allowed(each[0]))


def _codes(comment: Comment, start: int, end: int) -> list[tuple[str, Place]]:
    source, begin = comment.place.source, comment.place.start
    return [
        (each.group().upper(), Place(source, begin + each.start(), begin + each.end()))
        for each in CODE.finditer(comment.text, start, end)
    ]


def _misformed(comment: Comment, code: str, remarks: list[Diagnostic]) -> None:
    message = f"{code} is allowed without a reason behind a colon"
    help = f"write `# allow {code}: why it is right here`"
    remarks.append(Diagnostic("R916", message, comment.place, help, WARNING))


def may_be_allowed(code: str) -> bool:
    """Whether a code is one of a warning or remark about a protocol."""
    return code == "R505" or re.fullmatch(r"R90[1-9]|R91[0-58]", code) is not None
