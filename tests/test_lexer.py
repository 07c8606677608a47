"""The lexer for Pygments: its words and signs are those of the grammar, and it sees what the parser sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pygments", reason="the lexer is for Pygments")

from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Token,
    Whitespace,
    _TokenType,
)

from rjdm_rules.editor import lexer
from rjdm_rules.editor.lexer import RulesLexer
from rjdm_rules.language.parser import parse
from rjdm_rules.language.source import Source

ROOT = Path(__file__).parent.parent
GRAMMAR = (ROOT / "grammar" / "rules.lark").read_text(encoding="utf-8")
TERMINAL = re.compile(r"^([A-Z_]+)(?:\.\d+)?: (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```rules([^`\n]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
OPEN = {"MARK", "PRINTED_MARK", "DATE", "NUMBER", "UNIT", "NAME", "PROTOCOL_ID", "CODE_TEXT", "STRING"}


def grammar_words() -> set[str]:
    """Every word of the language, phrases taken apart: the quoted words of the grammar, and those of the terminals that
    are a pattern, other than the open ones (names, numbers and the like)."""
    closed = TERMINAL.sub(lambda found: "" if found[1] in OPEN else found[0], GRAMMAR)
    closed = re.sub(r"^//.*$", "", closed, flags=re.MULTILINE)
    phrases = re.findall(r'"([A-Za-z][A-Za-z/]*)"', closed)
    for name, pattern in TERMINAL.findall(closed):
        if "/" in pattern and '"' not in pattern:
            phrases += re.findall(r"[A-Za-z]+", re.sub(r"\(\?[=!][^)]*\)|\\.", "", pattern))
            assert phrases, name
    return set(phrases)


def grammar_pattern(name: str) -> str:
    """A terminal of the grammar that is one pattern."""
    (text,) = [pattern for found, pattern in TERMINAL.findall(GRAMMAR) if found == name]
    return text[1:-1].replace(r"\/", "/")


def texts() -> list[tuple[str, str]]:
    """All rules that the repository holds: the files, and the blocks of the documentation."""
    found = [(path.name, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "rules").glob("*.rules"))]
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            found.append((f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}", match[2]))
    return found


TEXTS = texts()


def lexed(text: str) -> list[tuple[int, _TokenType, str]]:
    return list(RulesLexer().get_tokens_unprocessed(text))


def named(text: str) -> list[tuple[_TokenType, str]]:
    return [(kind, value) for _, kind, value in lexed(text) if not value.isspace()]


def test_words_are_those_of_the_grammar() -> None:
    words = {word for phrase in lexer.WORDS for word in phrase.split(" ")}
    assert words == grammar_words()
    assert {"AND", "WAIVED", "not", "yes/no", "protocol", "in", "IN", "mass", "undetermined"} <= words


@pytest.mark.parametrize("name", ["MARK", "PRINTED_MARK", "DATE", "NUMBER", "UNIT", "PROTOCOL_ID", "CODE_TEXT"])
def test_signs_are_those_of_the_grammar(name: str) -> None:
    assert getattr(lexer, name) == grammar_pattern(name)


def test_names_are_those_of_the_grammar() -> None:
    # The grammar leaves out the words of logic; here they are tried before names.
    assert grammar_pattern("NAME").endswith(lexer.NAME)


# What the lexer may call a token of the parser.
KINDS: dict[str, tuple[_TokenType, ...]] = {
    **dict.fromkeys(lexer.SECTION_WORDS, (Keyword.Namespace,)),
    **dict.fromkeys(lexer.STATEMENT_WORDS, (Keyword.Reserved,)),
    **dict.fromkeys((*lexer.TYPE_WORDS, *lexer.TYPE_MODIFIERS), (Keyword.Type,)),
    **dict.fromkeys(lexer.OUTCOME_WORDS, (Keyword.Constant,)),
    **dict.fromkeys(lexer.LOGIC_WORDS, (Operator.Word,)),
    **dict.fromkeys(lexer.FUNCTION_WORDS, (Name.Builtin,)),
    **dict.fromkeys(lexer.LIMIT_WORDS, (Name.Constant,)),
    "..": (Operator,),
}
CLASSES: dict[str, tuple[_TokenType, ...]] = {
    "NAME": (Name, Name.Attribute, Name.Class, Name.Function, Name.Variable),
    "PROTOCOL_ID": (Name.Namespace,),
    "MARK": (Name.Label,),
    "PRINTED_MARK": (Name.Label,),
    "DATE": (Number.Date,),
    "NUMBER": (Number,),
    "UNIT": (Name.Decorator,),
    "STRING": (String.Double, String.Escape),
    "CODE_TEXT": (String.Symbol,),
    "COMPARE": (Operator,),
    "EQUAL": (Operator,),
    "ARROW": (Operator,),
    "PLUS": (Operator,),
    "MINUS": (Operator, Name.Label),
    "TIMES": (Operator,),
    "SLASH": (Operator,),
    "LPAR": (Punctuation,),
    "RPAR": (Punctuation,),
    "COMMA": (Punctuation,),
    "VBAR": (Punctuation,),
}


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=[name for name, _ in TEXTS])
def test_lexer_sees_what_the_parser_sees(name: str, text: str) -> None:
    tokens = lexed(text)
    assert not [value for _, kind, value in tokens if kind in Error]
    assert "".join(value for _, _, value in tokens) == text
    file, errors = parse(Source(name, text))
    if errors:  # a page shows what is wrong, or conditions without a file around them
        return
    kind_at = {start + offset: kind for start, kind, value in tokens for offset in range(len(value))}
    for token in file.tokens:
        if not token.text:  # indentation and line ends
            continue
        allowed = CLASSES.get(token.type) or KINDS[re.sub(" +", " ", token.text)]
        places = [at for at in range(token.place.start, token.place.end) if not text[at].isspace()]
        found = {kind_at[at] for at in places}
        assert found <= set(allowed), (token.place.line, token.type, token.text, found)


ROWS: list[tuple[str, list[tuple[_TokenType, str]]]] = [
    ("# a comment", [(Comment.Single, "# a comment")]),
    (
        "  # allow R902, R907: so it is",
        [
            (Comment.Single, "# "),
            (Comment.Special, "allow"),
            (Comment.Special, "R902, R907"),
            (Comment.Single, ":"),
            (Comment.Single, " so it is"),
        ],
    ),
    (
        'protocol T2D-ADDON "Title"',
        [
            (Keyword.Namespace, "protocol"),
            (Name.Namespace, "T2D-ADDON"),
            (String.Double, '"'),
            (String.Double, "Title"),
            (String.Double, '"'),
        ],
    ),
    ("use bohan_peter", [(Keyword.Namespace, "use"), (Name.Class, "bohan_peter")]),
    ("define", [(Keyword.Namespace, "define")]),
    ("  exclusion", [(Keyword.Namespace, "exclusion")]),
    (
        '  a "" yes/no by nurse',
        [
            (Name.Variable, "a"),
            (String.Double, '"'),
            (String.Double, '"'),
            (Keyword.Type, "yes/no"),
            (Keyword.Type, "by"),
            (Name, "nurse"),
        ],
    ),
    (
        '  a "" repeated in 10*9/L with ULN',
        [
            (Name.Variable, "a"),
            (String.Double, '"'),
            (String.Double, '"'),
            (Keyword.Type, "repeated"),
            (Keyword.Type, "in"),
            (Name.Decorator, "10*9/L"),
            (Keyword.Type, "with"),
            (Name.Constant, "ULN"),
        ],
    ),
    (
        '  a "" event until date',
        [
            (Name.Variable, "a"),
            (String.Double, '"'),
            (String.Double, '"'),
            (Keyword.Type, "event"),
            (Keyword.Type, "until"),
            (Keyword.Type, "date"),
        ],
    ),
    (
        "      one of none, count",
        [(Keyword.Type, "one"), (Keyword.Type, "of"), (Name, "none"), (Punctuation, ","), (Name, "count")],
    ),
    ("      grade 0..4", [(Name.Variable, "grade"), (Number, "0"), (Operator, ".."), (Number, "4")]),
    ("      cured yes/no", [(Name.Variable, "cured"), (Keyword.Type, "yes/no")]),
    ("      range 0..10^6", [(Keyword.Reserved, "range"), (Number, "0"), (Operator, ".."), (Number, "10^6")]),
    (
        "      code LOINC 1920-8 # c",
        [(Keyword.Reserved, "code"), (String.Symbol, "LOINC 1920-8 "), (Comment.Single, "# c")],
    ),
    (
        "      molar mass 113.12 g/mol",
        [(Keyword.Reserved, "molar"), (Keyword.Reserved, "mass"), (Number, "113.12"), (Name.Decorator, "g/mol")],
    ),
    (
        '      ask "a \\" b"',
        [
            (Keyword.Reserved, "ask"),
            (String.Double, '"'),
            (String.Double, "a "),
            (String.Escape, '\\"'),
            (String.Double, " b"),
            (String.Double, '"'),
        ],
    ),
    (
        '  (1) "A" zh "甲"',
        [
            (Name.Label, "(1)"),
            (String.Double, '"'),
            (String.Double, "A"),
            (String.Double, '"'),
            (Keyword.Reserved, "zh"),
            (String.Double, '"'),
            (String.Double, "甲"),
            (String.Double, '"'),
        ],
    ),
    ('      ① weak ""', [(Name.Label, "①"), (Name.Function, "weak"), (String.Double, '"'), (String.Double, '"')]),
    ('  a) weak ""', [(Name.Label, "a)"), (Name.Function, "weak"), (String.Double, '"'), (String.Double, '"')]),
    ('      - liver ""', [(Name.Label, "-"), (Name.Function, "liver"), (String.Double, '"'), (String.Double, '"')]),
    (
        "  (1) AND ANY(②..⑤)",
        [
            (Name.Label, "(1)"),
            (Operator.Word, "AND"),
            (Operator.Word, "ANY"),
            (Punctuation, "("),
            (Name.Label, "②"),
            (Operator, ".."),
            (Name.Label, "⑤"),
            (Punctuation, ")"),
        ],
    ),
    (
        "      ast ≤ 3.0 × ULN WAIVED  IF b",
        [
            (Name, "ast"),
            (Operator, "≤"),
            (Number, "3.0"),
            (Operator, "×"),
            (Name.Constant, "ULN"),
            (Operator.Word, "WAIVED  IF"),
            (Name, "b"),
        ],
    ),
    (
        "      a IN (b, i)",
        [
            (Name, "a"),
            (Operator.Word, "IN"),
            (Punctuation, "("),
            (Name, "b"),
            (Punctuation, ","),
            (Name, "i"),
            (Punctuation, ")"),
        ],
    ),
    ("      a IN (i)", [(Name, "a"), (Operator.Word, "IN"), (Punctuation, "("), (Name, "i"), (Punctuation, ")")]),
    (
        "      date OF LATEST(mi) < 2025-12-31",
        [
            (Name, "date"),
            (Operator.Word, "OF"),
            (Name.Builtin, "LATEST"),
            (Punctuation, "("),
            (Name, "mi"),
            (Punctuation, ")"),
            (Operator, "<"),
            (Number.Date, "2025-12-31"),
        ],
    ),
    (
        "      gvhd = 2026-02-25 until ongoing (grade 3)",
        [
            (Name, "gvhd"),
            (Operator, "="),
            (Number.Date, "2026-02-25"),
            (Keyword.Type, "until"),
            (Name, "ongoing"),
            (Punctuation, "("),
            (Name, "grade"),
            (Number, "3"),
            (Punctuation, ")"),
        ],
    ),
    (
        "  | sites count | → kind one of a, b |",
        [
            (Punctuation, "|"),
            (Name.Variable, "sites"),
            (Keyword.Type, "count"),
            (Punctuation, "|"),
            (Operator, "→"),
            (Name.Variable, "kind"),
            (Keyword.Type, "one"),
            (Keyword.Type, "of"),
            (Name, "a"),
            (Punctuation, ","),
            (Name, "b"),
            (Punctuation, "|"),
        ],
    ),
    ("  doses 1×10^7 cells/kg", [(Keyword.Reserved, "doses"), (Number, "1×10^7"), (Name.Decorator, "cells/kg")]),
    ("  expect I3.1 not met", [(Keyword.Reserved, "expect"), (Name, "I3.1"), (Keyword.Constant, "not met")]),
    ("  expect donor eligible", [(Keyword.Reserved, "expect"), (Name, "donor"), (Keyword.Constant, "eligible")]),
    ("  expect deciding alt", [(Keyword.Reserved, "expect"), (Keyword.Reserved, "deciding"), (Name, "alt")]),
    (
        'example b "" like a',
        [
            (Keyword.Namespace, "example"),
            (Name.Class, "b"),
            (String.Double, '"'),
            (String.Double, '"'),
            (Keyword.Reserved, "like"),
            (Name.Class, "a"),
        ],
    ),
]


@pytest.mark.parametrize(("text", "tokens"), ROWS, ids=[text for text, _ in ROWS])
def test_rows(text: str, tokens: list[tuple[_TokenType, str]]) -> None:
    assert named(text) == tokens


def test_head_ends_with_the_next_section() -> None:
    text = 'protocol P "t"\n  version "1"\n# between\n  phase "2"\ndata\n  version "v" date\n'
    kinds = dict.fromkeys(kind for kind, value in named(text) if value in ("version", "phase"))
    assert list(kinds) == [Name.Attribute, Name.Variable]


def test_text_that_is_not_closed_ends_with_its_line() -> None:
    assert [kind for kind, value in named('  a "open\ndata') if value == "data"] == [Keyword.Namespace]


@given(st.text(alphabet='aA1é①甲() "\\#|=.-−×→\n\r\t%', max_size=60))
def test_any_text_comes_back_whole(text: str) -> None:
    tokens = lexed(text)
    assert "".join(value for _, _, value in tokens) == text
    assert all(kind is not Token.Error for _, kind, _ in tokens)


def test_what_pygments_asks_of_a_lexer() -> None:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter

    assert RulesLexer.filenames == ["*.rules"]
    assert set(RulesLexer.aliases) == {"rjdm", "rules"}
    assert '<span class="ow">AND</span>' in highlight("  a AND b\n", RulesLexer(), HtmlFormatter())
    assert Whitespace in Text
