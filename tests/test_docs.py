"""The documentation is true: its rules check, its Python runs, its commands print what the pages show.

    ```rules title=NAME.rules      a whole file: it must check without errors or warnings (`wrong`: it must not;
                                   warns=CODE: with that warning)
    ```rules fragment              sections of a file: they must parse; with use=NAME they are checked with that library
    ```rules condition use=NAME    conditions, one a line (indented lines go on): checked with the items of a library
    ```python                      is run; with >>> as a doctest; the blocks of a page share their names
    ```console                     `$ rjdm …` is run (exit=1 where that is meant), what is shown below it is compared
    ```json, ```jsonl              must be JSON; any block with title=NAME is a file for the other blocks

In an output `…` stands for anything, and a line of its own for any lines. Blocks of other languages are not looked at.
"""

from __future__ import annotations

import doctest
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from rjdm_rules import RulesError, load, loads
from rjdm_rules.cli.commands import rjdm
from rjdm_rules.language.parser import parse
from rjdm_rules.language.source import Source

ROOT = Path(__file__).parent.parent
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("README.md")])  # docs/codes: test_codes.py
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
HEADS = ("protocol", "library")
WRITERS = ROOT / "docs" / "writers.md"


@dataclass(frozen=True)
class Block:
    """A fenced block: `words` and `options` are what stands behind its language."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    options: dict[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        language, *words = match.group(1).split() or [""]
        options = dict(word.split("=", 1) for word in words if "=" in word)
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, language, tuple(w for w in words if "=" not in w), options, match.group(2)))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RULES = [block for block in BLOCKS if block.language == "rules"]
RUN = [page for page in PAGES if any(b.page == page and b.language in ("python", "console") for b in BLOCKS)]


@pytest.fixture
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with every titled block; those of the page under test win."""
    subject = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    page = subject.get("page") or getattr(subject.get("block"), "page", None)
    for block in sorted(BLOCKS, key=lambda each: each.page == page):
        if "title" in block.options:
            (tmp_path / block.options["title"]).write_text(block.text, encoding="utf-8")
    return tmp_path


# ---- rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", RULES, ids=str)
def test_rules(block: Block, workspace: Path) -> None:
    if "wrong" in block.words:
        with pytest.raises(RulesError):
            load(workspace / block.options["title"])
    elif "title" in block.options:
        warnings = load(workspace / block.options["title"]).warnings
        warned = block.options.get("warns")
        assert_silent([each for each in warnings if each.code != warned])
        assert not warned or warnings, "no such warning"
    elif "condition" in block.words:
        for condition in statements(block.text):
            assert_condition(condition, block.options["use"], workspace)
    elif "fragment" in block.words:
        assert_fragment(block, workspace)
    else:
        pytest.fail("say `title=NAME.rules`, `fragment` or `condition` behind ```rules")


def statements(text: str) -> list[str]:
    """Lines, each with the indented lines that go on from it; comments and blank lines left out."""
    found: list[str] = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            if line.startswith(" ") and found:
                found[-1] += "\n" + line
            else:
                found.append(line)
    return found


def assert_condition(condition: str, library: str, folder: Path) -> None:
    indented = condition.replace("\n", "\n      ")
    text = f'protocol PAGE "a condition"\nuse {library}\ninclusion\n  (1) "a sentence"\n      {indented}\n'
    try:
        protocol = loads(text, folder=folder)
    except RulesError as error:
        pytest.fail(f"{condition}\n{error}")
    assert_silent([each for each in protocol.warnings if each.code not in ("R901", "R902", "R907")])


def assert_fragment(block: Block, folder: Path) -> None:
    text = block.text
    if not text.startswith(HEADS):
        use = f"use {block.options['use']}\n" if "use" in block.options else ""
        text = f'protocol PAGE "a fragment"\n{use}{text}'
    diagnostics = parse(Source(str(block), text))[1]
    assert not diagnostics, "\n".join(each.as_text() for each in diagnostics)
    if "use" in block.options:
        if not re.search(r"^(inclusion|exclusion|part)\b", text, re.MULTILINE):
            text += '\ninclusion\n  (1) "anything"\n      yes\n'
        loads(text, folder=folder)


def assert_silent(warnings: object) -> None:
    assert not warnings, "\n".join(each.as_text() for each in warnings)  # type: ignore[attr-defined]


# ---- Python and commands, in the order of the page -----------------------------------------------------------------


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_what_is_run(page: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.language == "python":
            run_python(block, names)
        elif block.language == "console":
            for command, shown in commands(block.text):
                run_command(block, command, shown)


def run_python(block: Block, names: dict[str, object]) -> None:
    if ">>>" not in block.text:
        exec(compile(block.text, str(block), "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(block.text, names, str(block), str(block.page), block.line)
    test.globs = names
    for example in test.examples:
        example.want = example.want.replace("…", "...")
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    doctest.DocTestRunner(verbose=False, optionflags=flags).run(test, out=said.append, clear_globs=False)
    assert not said, "".join(said)


def commands(text: str) -> list[tuple[str, str]]:
    """Each command of a console block with the output shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return [(command, "\n".join(lines)) for command, lines in found]


def run_command(block: Block, command: str, shown: str) -> None:
    fed = re.match(r"cat (\S+) \| (.*)", command)
    command, _, target = (fed.group(2) if fed else command).partition(" > ")
    words = shlex.split(command)
    if words[0] != "rjdm":
        return
    given = Path(fed.group(1)).read_text(encoding="utf-8") if fed else None
    result = CliRunner().invoke(rjdm, words[1:], input=given, prog_name="rjdm")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == int(block.options.get("exit", "0")), f"{block}: {command}\n{result.output}"
    if target:
        Path(target).write_text(result.stdout, encoding="utf-8")
    elif shown.strip():
        assert matches(shown, result.output), f"{block}: {command}\n--- shown\n{shown}\n--- printed\n{result.output}"


def matches(shown: str, printed: str) -> bool:
    """Whether an output is the one shown; blanks at line ends and blank lines do not count."""
    lines = [line.rstrip() for line in shown.splitlines() if line.strip()]
    parts = [r"(?:.*\n)*" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in lines]
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines() if line.strip())
    return re.fullmatch("".join(parts), text) is not None


# ---- JSON, links, and what a page promises to hold in full -----------------------------------------------------------


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language in ("json", "jsonl")], ids=str)
def test_json(block: Block) -> None:
    for text in block.text.splitlines() if block.language == "jsonl" else [block.text]:
        json.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        if "://" in name or name.startswith("mailto:"):
            continue
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name} links to {target}"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


FORMS = re.findall(r"^\|[^|\n]*\| `([^`]*)` \|$", WRITERS.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_writers_guide(form: str, workspace: Path) -> None:
    assert_condition(form, "sample", workspace)


def test_the_guide_has_forms() -> None:
    assert len(FORMS) > 20
