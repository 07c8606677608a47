"""Colours for rules files wherever Pygments sets text: Sphinx, MkDocs, a terminal, a notebook.

The words of the language stand here once, by what they are for. The tests compare them with `grammar/rules.lark`, and
the TextMate grammar of the VS Code extension with them, so that the three cannot drift apart. A lexer sees no more than
a few characters around a place, while the language takes most lower-case words (`date`, `count`, `none`) for names
wherever a name may stand; so these are coloured by where on a line they are.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, default, include, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)

from ..language.vocabulary import SECTION_WORDS

STATEMENT_WORDS = (
    "otherwise", "range", "code", "molar", "mass", "ask", "note", "source", "chosen", "because", "doses", "cohort",
    "most", "decide", "given", "expect", "deciding", "reasons", "like", "zh",
)  # fmt: skip
TYPE_WORDS = ("yes/no", "in", "number", "count", "one", "several", "of", "date", "time", "event", "repeated")
TYPE_MODIFIERS = ("by", "with", "until")
OUTCOME_WORDS = ("not met", "not applicable", "met", "unknown", "eligible", "ineligible", "undetermined")
LOGIC_WORDS = (
    "AT LEAST", "AT MOST", "LESS THAN", "MORE THAN", "WAIVED IF", "FIRST KNOWN OF", "IF", "THEN", "EXCEPT", "AND", "OR",
    "NOT", "BETWEEN", "IS", "IN", "KNOWN", "INCLUDES", "WITHIN", "BEFORE", "AFTER", "EXACTLY", "WHERE", "OF", "ANY",
    "ALL", "NONE", "FROM", "TO",
)  # fmt: skip
FUNCTION_WORDS = ("COUNT", "MAX", "MIN", "MEAN", "LATEST", "EARLIEST", "YEARS", "MONTHS", "DAYS")
LIMIT_WORDS = ("ULN", "LLN")
WORDS = (
    *SECTION_WORDS, *STATEMENT_WORDS, *TYPE_WORDS, *TYPE_MODIFIERS, *OUTCOME_WORDS, *LOGIC_WORDS, *FUNCTION_WORDS,
    *LIMIT_WORDS,
)  # fmt: skip

# As in grammar/rules.lark, sign for sign.
MARK = r"[①-⑳]|\[\d{1,2}\]|\((?:\d{1,3}|[a-z]|[ivx]{1,5})\)"
PRINTED_MARK = r"(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)](?=[ ])"
DATE = (
    r"\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?)?(?![\w-])|\d{4}([-./])\d{1,2}\1\d{1,2}(?![\w-])"
    r"|\d{1,2}([-./])\d{1,2}\2\d{4}(?![\w./-])"
)
NUMBER = r"\d{1,3}(?:,\d{3}){1,6}(?![\w,])(?:\.\d+)?|10\^[-−]?\d+|\d+(?:[.,]\d+)?(?: ?[×*] ?10\^[-−]?\d+)?"
UNIT = (
    r"(?!(?:AND|OR|NOT|OF|EXCEPT|WAIVED|IF|THEN|IS|IN|BETWEEN|BEFORE|AFTER|WITHIN|INCLUDES|WHERE|AT|TO|ULN|LLN|until|and|or"
    r"|not|of|except|unless|if|then|is|before|after|within|prior|times)(?![\w*/])|[xX] *(?:ULN|LLN|10)|[eE]\d+(?!\w))"
    r"""(?:10[*^][-−]?\d+|[%°℃'A-Za-zµμ\[{]|/(?=[A-Za-zµμ\[{%]))(?:(?!\.\.)[^\s(),;|"#×])*"""
)
PROTOCOL_ID = r'[^\s"#()|,]+'
CODE_TEXT = r'[^\s#"][^\n#"]*'
NAME = r"[^\W\d]\w*(?:\.\w+)*"

# A type where it follows a name without a label, as with the attributes of an event and the columns of a table.
_TYPE = (
    r"yes/no|in(?=[ ]+[^\s|])|number|count|date|time|event|repeated(?=[ ]+(?:in|number|count)\b)"
    r"|(?:one|several)(?=[ ]+of\b)"
)
# A type on a line of its own. `date` may begin a condition there, so what follows is looked at.
_TYPE_LINE = (
    r"yes/no|in(?=[ ]+[^\s|])|repeated(?=[ ]+(?:in|number|count)\b)|(?:one|several)(?=[ ]+of\b)"
    r"|event(?=[ ]+until[ ]+date\b|[ ]*(?:#|$))|(?:number|count|date|time)(?=[ ]*(?:#|$)|[ ]+with\b)"
)
_RANGE = r"[-−]?\d[\d.,^×*]*?[ ]*\.\.[ ]*[-−]?\d"
_CODES = r"R\d+(?:[ ]*,[ ]*R\d+)*"
_ENDS = r"(?=[ ]*(?:#|$))"
_TEXT_FOLLOWS = r'(?=[ ]*(?:"|$))'


def _spaced(phrases: tuple[str, ...]) -> str:
    """A pattern of words of which some are phrases: any number of spaces goes between theirs."""
    return "(?:" + "|".join(phrase.replace(" ", " +") for phrase in phrases) + r")(?!\w)"


class RulesLexer(RegexLexer):  # type: ignore[misc]
    """Clinical-trial eligibility criteria in the rules language."""

    name = "RJDM rules"
    aliases: ClassVar[list[str]] = ["rjdm", "rules"]
    filenames: ClassVar[list[str]] = ["*.rules"]
    mimetypes: ClassVar[list[str]] = ["text/x-rjdm-rules"]
    flags = re.MULTILINE

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            include("layout"),
            (rf"^(protocol|library)(?!\w)([ ]*)((?:{PROTOCOL_ID})?)",
             bygroups(Keyword.Namespace, Whitespace, Name.Namespace), "head"),
            (rf"^(use|table|part|escalation|example)(?!\w)([ ]*)((?:{NAME})?)",
             bygroups(Keyword.Namespace, Whitespace, Name.Class)),
            (rf"^(readings|data|define)(?!\w){_ENDS}", Keyword.Namespace),
            (r'^([ ]*)(inclusion|exclusion)(?!\w)(?=[ ]*(?:"|#|$))', bygroups(Whitespace, Keyword.Namespace)),
            include("statements"),
            include("types"),
            include("declarations"),
            include("expression"),
        ],
        "head": [
            include("layout"),
            (r"^(?=\S)", Text, "#pop"),
            (rf"^([ ]+)({NAME}){_TEXT_FOLLOWS}", bygroups(Whitespace, Name.Attribute)),
            include("texts"),
            (r".", Text),
        ],
        "layout": [
            (rf"(#[ ]*)(allow)([ ]+)({_CODES})(:)(.*)",
             bygroups(Comment.Single, Comment.Special, Comment.Single, Comment.Special, Comment.Single,
                      Comment.Single)),
            (r"#.*", Comment.Single),
            (r"[\r\n]+", Whitespace),
        ],
        "statements": [
            (r"^([ ]+)(otherwise)(?!\w)", bygroups(Whitespace, Keyword.Reserved)),
            (r"^([ ]+)(range)(?=[ ]+[-−]?\d)", bygroups(Whitespace, Keyword.Reserved)),
            (rf"^([ ]+)(code)([ ]+)({CODE_TEXT})", bygroups(Whitespace, Keyword.Reserved, Whitespace, String.Symbol)),
            (r"^([ ]+)(molar)([ ]+)(mass)(?!\w)", bygroups(Whitespace, Keyword.Reserved, Whitespace, Keyword.Reserved)),
            (rf"^([ ]+)(ask|note|source|because){_TEXT_FOLLOWS}", bygroups(Whitespace, Keyword.Reserved)),
            (rf"^([ ]+)(chosen)([ ]+)({NAME})", bygroups(Whitespace, Keyword.Reserved, Whitespace, Name)),
            (rf"^([ ]+)(decide)([ ]+)({NAME})", bygroups(Whitespace, Keyword.Reserved, Whitespace, Name.Variable)),
            (r"^([ ]+)(doses|cohort|most)(?=[ ]+\d)", bygroups(Whitespace, Keyword.Reserved)),
            (rf"^([ ]+)(given){_ENDS}", bygroups(Whitespace, Keyword.Reserved)),
            (r"^([ ]+)(expect)([ ]+)(deciding|reasons)(?!\w)",
             bygroups(Whitespace, Keyword.Reserved, Whitespace, Keyword.Reserved)),
            (rf"^([ ]+)(expect)([ ]+)({_spaced(OUTCOME_WORDS)}){_ENDS}",
             bygroups(Whitespace, Keyword.Reserved, Whitespace, Keyword.Constant)),
            (rf"^([ ]+)(expect)([ ]+)({NAME})([ ]+)({_spaced(OUTCOME_WORDS)})",
             bygroups(Whitespace, Keyword.Reserved, Whitespace, Name, Whitespace, Keyword.Constant)),
            (r"^([ ]+)(expect)(?!\w)", bygroups(Whitespace, Keyword.Reserved)),
            (rf'(?<=")([ ]+)(like)([ ]+)({NAME})', bygroups(Whitespace, Keyword.Reserved, Whitespace, Name.Class)),
            (rf'(?<=")([ ]+)(zh){_TEXT_FOLLOWS}', bygroups(Whitespace, Keyword.Reserved)),
        ],
        "types": [
            (rf'(?<=")([ ]+)({_TYPE})(?!\w)', bygroups(Whitespace, Keyword.Type)),
            (rf"^([ ]+)({_TYPE_LINE})(?!\w)", bygroups(Whitespace, Keyword.Type)),
            (rf"^([ ]+)({NAME})([ ]+)({_TYPE})(?!\w)", bygroups(Whitespace, Name.Variable, Whitespace, Keyword.Type)),
            (rf"^([ ]+)({NAME})(?=[ ]+{_RANGE})", bygroups(Whitespace, Name.Variable)),
            (rf"(?<=[|→>])([ ]*)({NAME})([ ]+)({_TYPE})(?!\w)",
             bygroups(Whitespace, Name.Variable, Whitespace, Keyword.Type)),
            (rf"(?<=[|→>])([ ]*)({NAME})(?=[ ]+{_RANGE})", bygroups(Whitespace, Name.Variable)),
            (r"(?<=repeated)([ ]+)(in|number|count)(?!\w)", bygroups(Whitespace, Keyword.Type)),
            (rf"(?<=[ ]in)([ ]+)({UNIT})", bygroups(Whitespace, Name.Decorator)),
            (r"(?<=one|ral)([ ]+)(of)(?!\w)", bygroups(Whitespace, Keyword.Type)),
            (r"(?<=event)([ ]+)(until)([ ]+)(date)(?!\w)",
             bygroups(Whitespace, Keyword.Type, Whitespace, Keyword.Type)),
            (rf"(?<=yes/no)([ ]+)(by)([ ]+)({NAME})", bygroups(Whitespace, Keyword.Type, Whitespace, Name)),
            (r"(with)([ ]+)(ULN|LLN)(?!\w)", bygroups(Keyword.Type, Whitespace, Name.Constant)),
        ],
        "declarations": [
            (rf'^([ ]+)({MARK}|{PRINTED_MARK})([ ]+)({NAME})(?=[ ]*(?:"|#|$))',
             bygroups(Whitespace, Name.Label, Whitespace, Name.Function)),
            (rf"^([ ]+)({MARK}|{PRINTED_MARK})", bygroups(Whitespace, Name.Label)),
            (rf'^([ ]+)([-−])([ ]+)({NAME})(?=[ ]*")', bygroups(Whitespace, Name.Label, Whitespace, Name.Function)),
            (rf'^([ ]+)({NAME})(?=[ ]*")', bygroups(Whitespace, Name.Variable)),
        ],
        "expression": [
            include("texts"),
            (r"(OF|IN|in|WHERE)([ ]*)(\()", bygroups(Operator.Word, Whitespace, Punctuation)),
            (rf"(?<!\w)(?:{MARK})", Name.Label),
            (DATE, Number.Date),
            (rf"({NUMBER})([ ]?)({UNIT})", bygroups(Number, Whitespace, Name.Decorator)),
            (NUMBER, Number),
            (_spaced(LOGIC_WORDS), Operator.Word),
            (words(FUNCTION_WORDS, suffix=r"(?!\w)"), Name.Builtin),
            (words(LIMIT_WORDS, suffix=r"(?!\w)"), Name.Constant),
            (r"(until)(?=[ ]+(?![A-Z]{2})\w)", Keyword.Type),
            (NAME, Name),
            (r"\.\.", Operator),
            (r"->|[→]", Operator),
            (r">=|<=|!=|[≥≤≠><=]", Operator),
            (r"[-+−×*/÷]", Operator),
            (r"[(),|]", Punctuation),
            (r".", Text),
        ],
        "texts": [
            (r'"', String.Double, "text"),
            (rf'(?<=")([ ]+)(zh){_TEXT_FOLLOWS}', bygroups(Whitespace, Keyword.Reserved)),
            (r"[ ]+", Whitespace),
        ],
        "text": [
            (r'"', String.Double, "#pop"),
            (r"\\.", String.Escape),
            (r'[^"\\\n\r]+', String.Double),
            (r"\\", String.Double),
            default("#pop"),  # a text ends with its line, closed or not
        ],
    }  # fmt: skip
