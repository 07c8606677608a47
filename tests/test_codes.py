"""One page for each code: its first example fails with that code, its second does not; the message shown is the one given.

`pytest --renew` writes the messages into the pages anew; the difference is read before it is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from rjdm_rules import check
from rjdm_rules.cli.commands import rjdm
from rjdm_rules.language.diagnostics import Diagnostic

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "codes").glob("R[0-9]*.md"))
FENCE = re.compile(r"^```(?P<head>[^\n`]*)\n(?P<text>.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
HEADINGS = ["Fails", "Mended", "Why it matters"]
NEVER_ALONE = {"R802"}  # codes whose example needs more files than a page can show


@dataclass(frozen=True)
class Page:
    """`files` are further files that its examples use."""

    path: Path
    fails: str
    said: str
    mended: str
    files: dict[str, str]


def page_of(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    blocks = [(match["head"].split(), match["text"]) for match in FENCE.finditer(text)]
    files = {head[1].removeprefix("file="): body for head, body in blocks if len(head) > 1}
    plain = [(head[0], body) for head, body in blocks if len(head) == 1]
    assert [head for head, _ in plain] == ["rules", "text", "rules"], (
        f"{path.name}: rules that fail, text, mended rules"
    )
    return Page(path, plain[0][1], plain[1][1], plain[2][1], files)


def findings_of(text: str, page: Page, folder: Path) -> list[Diagnostic]:
    for name, body in page.files.items():
        (folder / name).write_text(body, encoding="utf-8")
    if page.path.stem in NEVER_ALONE:
        for number in range(101):
            following = f"use lib_{number + 1}\n" if number < 100 else ""
            (folder / f"lib_{number}.rules").write_text(f'library L{number} "l"\n{following}', encoding="utf-8")
    path = folder / "example.rules"
    path.write_text(text, encoding="utf-8")
    return check(str(path)).diagnostics


def shown(findings: list[Diagnostic], folder: Path) -> str:
    return "".join(each.as_text().replace(f"{folder}/", "") + "\n" for each in findings)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    page, code = page_of(path), path.stem
    found = findings_of(page.fails, page, tmp_path)
    mine = [each for each in found if each.code == code]
    said = shown(mine, tmp_path)
    assert mine, shown(found, tmp_path)
    others = [each for each in found if each.severity == "error" and each.code != code]
    assert not others, "an example shows one error:\n" + shown(others, tmp_path)
    if request.config.getoption("--renew"):
        text = path.read_text(encoding="utf-8")
        renewed = re.sub(r"^```text\n.*?^```", lambda _: f"```text\n{said}```", text, flags=re.M | re.S)
        path.write_text(renewed, encoding="utf-8")
    assert page.said == said or request.config.getoption("--renew"), said
    after = findings_of(page.mended, page, tmp_path)
    left = [each for each in after if each.severity == "error" or each.code == code]
    assert not left, shown(left, tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_form_of_a_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem}: ")
    plain = FENCE.sub("", text)
    assert re.findall(r"^## (.*)$", plain, re.MULTILINE) == HEADINGS
    meaning = plain.split("\n", 1)[1].split("## ", 1)[0].strip()
    why = plain.split("## Why it matters", 1)[1].strip()
    assert len(meaning) > 40 and len(why) > 40


def codes_in_the_source() -> set[str]:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "rjdm_rules").rglob("*.py"))
    return set(re.findall(r'"(R\d{3})"', source))


def test_every_code_has_a_page() -> None:
    assert {path.stem for path in PAGES} == codes_in_the_source()


FAMILIES = {
    "R1": "How the text is written",
    "R2": "Names",
    "R3": "Types",
    "R4": "Units",
    "R5": "Dates and windows",
    "R6": "Tables",
    "R7": "Criteria",
    "R8": "Files and examples",
    "R9": "Warnings and remarks",
}


def index_text() -> str:
    parts = ["# What `rjdm check` finds\n\nOne page for each code; `rjdm check --explain CODE` prints it.\n"]
    for family, title in FAMILIES.items():
        parts.append(f"\n## {title}\n\n| code | meaning |\n|---|---|\n")
        for path in PAGES:
            if path.stem.startswith(family):
                meaning = path.read_text(encoding="utf-8").split("\n", 1)[0].split(": ", 1)[1]
                parts.append(f"| [{path.stem}]({path.name}) | {meaning} |\n")
    return "".join(parts)


def test_the_index_lists_every_page(request: pytest.FixtureRequest) -> None:
    index = ROOT / "docs" / "codes" / "README.md"
    if request.config.getoption("--renew"):
        index.write_text(index_text(), encoding="utf-8")
    assert index.read_text(encoding="utf-8") == index_text()


@pytest.mark.parametrize("path", PAGES[:3], ids=lambda path: path.stem)
def test_explain(path: Path) -> None:
    result = CliRunner().invoke(rjdm, ["check", "--explain", path.stem])
    assert result.exit_code == 0
    assert result.stdout.startswith(path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# "))
    assert "Why it matters" in result.stdout and "```" not in result.stdout


def test_explain_an_unknown_code() -> None:
    result = CliRunner().invoke(rjdm, ["check", "--explain", "R999"])
    assert result.exit_code == 2
    assert "there is no code R999" in result.output
