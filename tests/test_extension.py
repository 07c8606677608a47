"""The VS Code extension: its files are whole, its grammar is that of the language, its snippets can be read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rjdm_rules import loads
from rjdm_rules.language.parser import parse
from rjdm_rules.language.source import Source

pytest.importorskip("pygments", reason="the lexer is for Pygments")

from test_lexer import OPEN, TEXTS, grammar_pattern, grammar_words, lexed

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "editors" / "vscode"
NODE = shutil.which("node")
TOKENIZER = FOLDER / "node_modules" / "vscode-textmate"
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
needs_tokenizer = pytest.mark.skipif(
    NODE is None or not TOKENIZER.exists(), reason="run `npm ci` in editors/vscode for the TextMate tokenizer"
)


def content(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


PACKAGE = content("package.json")
TEXTMATE = content("syntaxes/rules.tmLanguage.json")
SNIPPETS: dict[str, dict[str, Any]] = content("snippets/rules.json")
CONFIGURATION = content("language-configuration.json")


# ---- the files -----------------------------------------------------------------------------------------------------


def test_everything_that_the_package_names_is_there() -> None:
    contributes = PACKAGE["contributes"]
    (language,) = contributes["languages"]
    names = [PACKAGE["main"], PACKAGE["icon"], language["configuration"], *language["icon"].values()]
    names += [each["path"] for each in (*contributes["grammars"], *contributes["snippets"])]
    assert not [name for name in names if not (FOLDER / name).is_file()]
    assert language["id"] == "rjdm-rules"
    assert language["extensions"] == [".rules"]
    assert contributes["grammars"][0]["scopeName"] == TEXTMATE["scopeName"]


def test_commands_of_the_package_are_those_of_the_code() -> None:
    code = (FOLDER / "src" / "extension.js").read_text(encoding="utf-8")
    registered = set(re.findall(r'registerCommand\("([\w.]+)"', code))
    assert registered == {each["command"] for each in PACKAGE["contributes"]["commands"]}
    read = (FOLDER / "src" / "command.js").read_text(encoding="utf-8")
    settings = {f"rjdm.{name}" for name in re.findall(r'settings\.get\("(\w+)"', read)}
    assert settings | {"rjdm.trace.server"} == set(PACKAGE["contributes"]["configuration"]["properties"])


def test_icon_is_a_png_of_128_pixels() -> None:
    picture = (FOLDER / PACKAGE["icon"]).read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(picture[at : at + 4], "big") for at in (16, 20)] == [128, 128]


def test_lock_names_versions_and_no_hosts() -> None:
    lock = content("package-lock.json")
    assert not [name for name, each in lock["packages"].items() if "resolved" in each]
    assert lock["packages"][""]["dependencies"] == PACKAGE["dependencies"]
    assert lock["packages"][""]["devDependencies"] == PACKAGE["devDependencies"]


# ---- the grammar ---------------------------------------------------------------------------------------------------

KEYWORDS = (
    "keyword.control.section",
    "keyword.other.statement",
    "keyword.operator.word",
    "storage.type",
    "storage.modifier",
    "constant.language.outcome",
    "support.function",
    "support.constant.limit",
)


def rules_of(node: Any) -> Iterator[dict[str, Any]]:
    """All rules of a TextMate grammar."""
    if isinstance(node, dict):
        if "match" in node or "begin" in node:
            yield node
        for each in node.values():
            yield from rules_of(each)
    elif isinstance(node, list):
        for each in node:
            yield from rules_of(each)


def closes(pattern: str, start: int) -> int:
    """Where the parenthesis that opens at `start` is closed."""
    depth, inside, at = 0, False, start
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 1
        elif inside:
            inside = sign != "]"
        elif sign == "[":
            inside = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if not depth:
                return at
        at += 1
    raise AssertionError(f"not closed: {pattern}")


def without_lookarounds(pattern: str) -> str:
    found = re.search(r"(?<!\\)\(\?<?[=!]", pattern)
    while found:
        pattern = pattern[: found.start()] + pattern[closes(pattern, found.start()) + 1 :]
        found = re.search(r"(?<!\\)\(\?<?[=!]", pattern)
    return pattern


def group_of(pattern: str, number: int) -> str:
    """The text of a numbered group; 0 is the whole pattern."""
    if number == 0:
        return pattern
    starts = [match.start() for match in re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)", pattern) if match[0] == "("]
    return pattern[starts[number - 1] + 1 : closes(pattern, starts[number - 1])]


def coloured_words() -> set[str]:
    words: set[str] = set()
    for rule in rules_of(TEXTMATE):
        pattern = without_lookarounds(rule.get("match") or rule["begin"])
        captures = rule.get("captures") or rule.get("beginCaptures") or {}
        scopes = [(int(number), each["name"]) for number, each in captures.items()]
        if "name" in rule:
            scopes.append((0, rule["name"]))
        for number, scope in scopes:
            if scope.startswith(KEYWORDS):
                words |= set(re.findall(r"[A-Za-z][A-Za-z/]*", re.sub(r"\\.", "", group_of(pattern, number))))
    return words


def test_words_that_are_coloured_are_those_of_the_language() -> None:
    assert coloured_words() == grammar_words()


@pytest.mark.parametrize("name", sorted(OPEN - {"NAME", "STRING"}))
def test_signs_are_those_of_the_language(name: str) -> None:
    patterns = [rule.get("match") or rule["begin"] for rule in rules_of(TEXTMATE)]
    assert any(grammar_pattern(name) in pattern for pattern in patterns)


def test_every_scope_ends_with_the_language() -> None:
    names = re.findall(r'"name": "([^"]+)"', json.dumps(TEXTMATE["repository"]))
    assert names
    assert not [name for name in names if not name.endswith(".rjdm-rules")]


def scopes_of(text: str) -> list[list[tuple[int, int, str]]]:
    """What the TextMate grammar makes of a text: for each line, pieces with their innermost scopes."""
    assert NODE is not None
    command = [NODE, str(FOLDER / "tools" / "tokenize.mjs")]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=120, check=True)
    return [
        [(start, end, scope.removesuffix(".rjdm-rules")) for start, end, scope in json.loads(line)]
        for line in done.stdout.split("\n")
    ]


@needs_tokenizer
def test_scopes_of_the_large_example() -> None:
    lines = (ROOT / "rules" / "rjdm_cart.rules").read_text(encoding="utf-8").split("\n")
    scopes = scopes_of("\n".join(lines))
    seen = {
        (line.strip(), line[start:end], scope)
        for line, pieces in zip(lines, scopes, strict=True)
        for start, end, scope in pieces
    }
    expected = [
        ('version  "1.0"', "version", "variable.other.member"),
        ("data", "data", "keyword.control.section"),
        ("otherwise YEARS FROM birth_date TO screening", "otherwise", "keyword.other.statement"),
        ("otherwise YEARS FROM birth_date TO screening", "YEARS", "support.function"),
        ("range 0..120", "120", "constant.numeric"),
        ("code LOINC 2106-3", "LOINC 2106-3", "constant.other.code"),
        ('grade "grade" zh "级别" 0..4', "grade", "entity.name.variable"),
        ("① AND ANY(②..⑤)", "②", "entity.name.tag.marker"),
        ("① AND ANY(②..⑤)", "AND", "keyword.operator.word"),
        ("AND gc_duration ≥ 6 months", "≥", "keyword.operator.comparison"),
        ("AND gc_duration ≥ 6 months", "months", "constant.other.unit"),
        ("screening = 2026-03-02", "2026-03-02", "constant.numeric.date"),
        ("ast = 45 U/L (ULN 40 U/L)", "ULN", "support.constant.limit"),
        ("acute_gvhd = 2026-02-25 until ongoing (grade 3)", "until", "storage.modifier"),
        ("expect I5.liver not met", "not met", "constant.language.outcome"),
    ]
    assert not [each for each in expected if each not in seen]


# What the two call the same, by the beginning of the TextMate scope (the longest that fits).
CATEGORIES = {
    "keyword.control.section": "Keyword.Namespace",
    "keyword.other.statement": "Keyword.Reserved",
    "storage": "Keyword.Type",
    "constant.language.outcome": "Keyword.Constant",
    "keyword.operator.word": "Operator.Word",
    "keyword.operator": "Operator",
    "support.function": "Name.Builtin",
    "support.constant.limit": "Name.Constant",
    "constant.other.unit": "Name.Decorator",
    "constant.other.code": "Literal.String.Symbol",
    "constant.other.finding": "Comment.Special",
    "constant.numeric.date": "Literal.Number.Date",
    "constant.numeric": "Literal.Number",
    "constant.character.escape": "Literal.String.Escape",
    "string": "Literal.String.Double",
    "comment": "Comment.Single",
    "punctuation.definition.comment": "Comment.Single",
    "punctuation": "Punctuation",
    "entity.name.namespace": "Name.Namespace",
    "entity.name.type": "Name.Class",
    "entity.name.function": "Name.Function",
    "entity.name.variable": "Name.Variable",
    "entity.name.tag.marker": "Name.Label",
    "entity.other.attribute-name.allow": "Comment.Special",
    "variable.other.member": "Name.Attribute",
    "variable.other": "Name",
    "source": "Text",
}


def category(scope: str) -> str:
    return CATEGORIES[max((each for each in CATEGORIES if scope.startswith(each)), key=len)]


@needs_tokenizer
def test_textmate_and_pygments_agree() -> None:
    text = "\n\n".join(text for _, text in TEXTS)
    kinds = {
        start + offset: str(kind).removeprefix("Token.")
        for start, kind, value in lexed(text)
        for offset in range(len(value))
    }
    at = 0
    differences = []
    for line, pieces in zip(text.split("\n"), scopes_of(text), strict=True):
        assert all(ord(sign) < 0x10000 for sign in line)  # columns are the same on both sides
        for start, end, scope in pieces:
            for column in range(start, min(end, len(line))):
                if not line[column].isspace() and kinds[at + column] != category(scope):
                    differences.append((line, line[start:end], scope, kinds[at + column]))
        at += len(line) + 1
    assert not differences


# ---- snippets ------------------------------------------------------------------------------------------------------

HEAD = 'protocol P "t"\n\n'
ABOVE_CRITERIA = HEAD + "inclusion\n"


def placed(name: str, text: str) -> str:
    """A snippet where it belongs, in the smallest file that can hold it."""

    def indented(by: int) -> str:
        return "".join(" " * by + line + "\n" if line else "\n" for line in text.rstrip("\n").split("\n"))

    match name.split(":")[0]:
        case "Protocol" | "Library":
            return text
        case "Item":
            return HEAD + "data\n" + indented(2)
        case "Item line":
            return HEAD + 'data\n  x "x" in mg/dL\n' + indented(6)
        case "Criterion":
            return ABOVE_CRITERIA + indented(2)
        case "Condition":
            return ABOVE_CRITERIA + '  (1) "x"\n' + indented(6)
        case "Allow a finding":
            return ABOVE_CRITERIA + indented(2) + '  (1) "x"\n      x\n'
    return HEAD + text


PLACEHOLDER = re.compile(r"\$\{(\d+)(?::([^{}]*)|\|([^{}]*)\|)?\}|\$(\d+)")


def filled(body: list[str], choice: int = 0) -> str:
    """A snippet as it stands when it is put in and nothing is typed; of each list of choices the one of that number."""
    values: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        number = match[1] or match[4]
        options = match[3].split(",") if match[3] else [match[2] or ""]
        return values.setdefault(number, options[min(choice, len(options) - 1)])

    return PLACEHOLDER.sub(value, "\n".join(body)) + "\n"


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_can_be_read(name: str) -> None:
    snippet = SNIPPETS[name]
    assert snippet["prefix"]
    assert snippet["description"]
    for choice in range(4):
        text = placed(name, filled(snippet["body"], choice))
        assert "$" not in text
        assert max(map(len, text.split("\n"))) <= 120
        _, errors = parse(Source(name, text))
        assert [(each.code, each.message) for each in errors] == []
        assert not [kind for _, kind, _ in lexed(text) if "Error" in str(kind)]


def test_protocol_snippet_has_no_errors() -> None:
    loads(filled(SNIPPETS["Protocol"]["body"]))


def test_snippets_have_numbers_in_order() -> None:
    for name, snippet in SNIPPETS.items():
        numbers = [int(match[1] or match[4]) for match in PLACEHOLDER.finditer("\n".join(snippet["body"]))]
        first = list(dict.fromkeys(number for number in numbers if number))
        assert first == list(range(1, len(first) + 1)), name


def test_every_type_has_a_snippet() -> None:
    bodies = "\n".join("\n".join(each["body"]) for each in SNIPPETS.values())
    types = [
        "yes/no",
        "yes/no by",
        "in ",
        "number",
        "count",
        "one of",
        "several of",
        "date",
        "time",
        "event",
        "event until date",
        "repeated in",
    ]
    assert not [each for each in types if not re.search(rf'(?:"|^ *|\n *) ?{each}', bodies)]


# ---- the language configuration ------------------------------------------------------------------------------------


def entered(line: str) -> str | None:
    """What is put at the start of the next line, behind the indentation of this one."""
    for rule in CONFIGURATION["onEnterRules"]:
        if re.search(rule["beforeText"], line):
            text = rule["action"]["appendText"]
            assert isinstance(text, str)
            return text
    return None


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("data", "  "),
        ("define  # values", "  "),
        ('protocol P "t"', "  "),
        ('inclusion "Both cohorts"', "  "),
        ("  exclusion", "  "),
        ('example a "a" like b', "  "),
        ('  (1) adult "Adult"', "    "),
        ('  1. "Adult"', "    "),
        ('      ① "Asthma"', "    "),
        ('      - liver "AST"', "    "),
        ("  given", "    "),
        ('  decide textbook "Textbook"', "    "),
        ("      age ≥ 18 years", None),
        ("      ① AND ANY(②..③)", None),
        ('      source "Section 4.1"', None),
        ('  age "age" in years', None),
    ],
)
def test_indentation_of_the_next_line(line: str, more: str | None) -> None:
    assert entered(line) == more


def test_word_is_a_name_with_its_dots() -> None:
    word = CONFIGURATION["wordPattern"]
    assert word["flags"] == "u"
    pattern = word["pattern"].replace(r"[\p{L}_]", r"[^\W\d]").replace(r"[\p{L}\p{M}\p{N}_]", r"\w")
    assert re.findall(pattern, "donor.I3.liver ≥ 2.5, gc_dose") == ["donor.I3.liver", "2.5", "gc_dose"]


# ---- the code ------------------------------------------------------------------------------------------------------

WITHOUT_EDITOR = """
const Module = require("module");
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? {} : load(name, ...rest));
const { beginning, page } = require(process.argv[1] + "/src/preview.js");
const { found } = require(process.argv[1] + "/src/command.js");
const lines = JSON.parse(process.argv[2]);
console.log(JSON.stringify({
  beginnings: lines.map((_, at) => beginning((line) => lines[line], at)),
  fragment: page("<p>a</p>"),
  document: page("<!DOCTYPE html>\\n<html><head><title>t</title></head><body><p>a</p></body></html>"),
  found: [found(process.execPath), found("/nowhere/rjdm"), found("no-such-command-anywhere")],
}));
"""


@needs_node
def test_preview_and_command_without_an_editor() -> None:
    assert NODE is not None
    lines = ["data", "  a", "inclusion", '  (1) "x"', "      (1) AND b", '      - c "y"', "          d", "define"]
    command = [NODE, "-e", WITHOUT_EDITOR, str(FOLDER), json.dumps(lines)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True)
    result = json.loads(done.stdout)
    assert result["beginnings"] == [0, 0, 2, 3, 3, 5, 5, 7]
    assert result["found"] == [True, False, False]
    for page in (result["fragment"], result["document"]):
        assert page.index("Content-Security-Policy") < page.index("<p>a</p>")
        assert "default-src 'none'" in page
        assert "script-src" not in page
        assert page.lower().count("<head>") == page.lower().count("<html>") == 1
