"""The canonical layout: rows of before and after; what is said stays; a second time nothing changes; nothing is lost."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from making import Maker

from rjdm_rules.cli.commands import rjdm
from rjdm_rules.language.formatting import CannotFormat, formatted
from rjdm_rules.language.lines import comments_of
from rjdm_rules.language.parser import parse
from rjdm_rules.language.sameness import same
from rjdm_rules.language.source import Source

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "rules").glob("*.rules"))


def canonical(text: str) -> str:
    return formatted(Source("t.rules", text))


def assert_stays(text: str, exact_comments: bool = True) -> str:
    """The canonical layout, after looking that meaning and comments stay and that it is stable."""
    after = canonical(text)
    before_file, before_errors = parse(Source("t.rules", text))
    after_file, after_errors = parse(Source("t.rules", after))
    assert not before_errors and not after_errors
    assert same(before_file, after_file)
    words = [
        sorted(re.findall(r"\S+", " ".join(c.text for c in comments_of(Source("t", each))))) for each in (text, after)
    ]
    assert words[0] == words[1]
    assert canonical(after) == after
    return after


HEAD = 'protocol T "t"\n\n'
ROWS = {
    "options with labels, of an attribute without one": (
        'protocol P "p"\n\ndata\n  e "event" event\n      kind one of a "the one" , b "the other"\n',
        'protocol P "p"\n\ndata\n  e "event" event\n      kind one of a "the one", b "the other"\n',
    ),
    "signs": (
        'inclusion\n  1. one "One"\n    a>=5 cm AND b*2!=3\n',
        'inclusion\n  (1) one "One"\n      a ≥ 5 cm AND b × 2 ≠ 3\n',
    ),
    "columns of data": (
        'data\n  a "short" yes/no # why\n  longer_name    "a longer label"   in mg/dL\n    range 0..5\n',
        'data\n  a           "short"          yes/no  # why\n  longer_name "a longer label" in mg/dL\n      range 0..5\n',
    ),
    "a type on a line of its own": (
        'data\n  a "short"\n    one of x, y,\n      z\n    ask "what?"\n',
        'data\n  a "short" one of x, y, z\n      ask "what?"\n',
    ),
    "tables": (
        'table t "t"\n  | k yes/no | -> v |\n  |yes|1|\n  | no | 2,  3 |\n',
        'table t "t"\n  | k yes/no | → v  |\n  | yes      | 1    |\n  | no       | 2, 3 |\n',
    ),
    "if and then": (
        'inclusion\n  (1) "x"\n    IF a THEN b\n',
        'inclusion\n  (1) "x"\n      IF a\n      THEN b\n',
    ),
    "marks": (
        'inclusion\n  (1) "x"\n    [1] AND ANY([2]..[3])\n    [1] "a"\n      a\n    [2] "b"\n      b\n    [3] "c"\n      c\n',
        'inclusion\n  (1) "x"\n      ① AND ANY(②..③)\n      ① "a"\n          a\n      ② "b"\n          b\n      ③ "c"\n          c\n',
    ),
    "comments inside": (
        'inclusion\n  (1) "x"\n    ANY(a,   # first\n      # about b\n      b,\n      c # last\n    )\n',
        'inclusion\n  (1) "x"\n      ANY(\n          a,  # first\n          # about b\n          b,\n          c  # last\n          )\n',
    ),
    "comments at the end of a block": (
        'data\n  a "a" yes/no\n  # more to come\n\n\n\ninclusion\n  (1) "x"\n    a\n# the end\n',
        'data\n  a "a" yes/no\n  # more to come\n\ninclusion\n  (1) "x"\n      a\n# the end\n',
    ),
    "examples": (
        'example one "One"\n  given\n    a=5 cm(ULN 4 cm)\n    e = 2026-01-01 until ongoing(grade 3), 2025\n  expect   not applicable\n',
        None,
    ),
    "a negative number": ('inclusion\n  (1) "x"\n    a > - 5 cm AND a - 3 cm < 1 cm\n', 'inclusion\n  (1) "x"\n      a > −5 cm AND a − 3 cm < 1 cm\n'),
    "a long list": (
        'inclusion\n  (1) "x"\n    ANY(' + ", ".join(f"a_rather_long_name_{n}" for n in range(8)) + ")\n",
        'inclusion\n  (1) "x"\n      ANY(a_rather_long_name_0, a_rather_long_name_1, a_rather_long_name_2, a_rather_long_name_3, a_rather_long_name_4,\n'
        "          a_rather_long_name_5, a_rather_long_name_6, a_rather_long_name_7)\n",
    ),
    "a long sentence": (
        'inclusion\n  (1) one "' + "word " * 30 + 'end"\n    a\n',
        'inclusion\n  (1) one "' + ("word " * 21).strip() + '"\n          "' + "word " * 9 + 'end"\n      a\n',
    ),
    "both languages": (
        'inclusion\n  (1) one "English" zh "中文"\n    a\n',
        'inclusion\n  (1) one "English" zh "中文"\n      a\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_before_and_after(name: str) -> None:
    before, after = ROWS[name]
    if name == "examples":
        before = before.replace("not applicable", "I1 not  applicable")
        after = (
            'example one "One"\n  given\n      a = 5 cm (ULN 4 cm)\n'
            "      e = 2026-01-01 until ongoing (grade 3), 2025\n  expect I1 not applicable\n"
        )
    assert assert_stays(HEAD + before) == HEAD + after


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bundled_files_are_in_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert assert_stays(text) == text


# ---- properties ----------------------------------------------------------------------------------------------------


def depth(text: str) -> int:
    return text.count("(") - text.count(")")


def disturbed(text: str, random: random.Random) -> str:
    """The same meaning in another layout: ASCII signs, other spaces, comments, blank lines, lists over several lines."""
    for sign, other in (("≥", ">="), ("≤", "<="), ("≠", "!="), (" × ", "*"), ("→", "->"), ("−", "-")):
        if random.random() < 0.5:
            text = text.replace(sign, other)
    lines: list[str] = []
    for line in text.splitlines():
        if random.random() < 0.1 and not line.startswith(" " * 30):
            lines.append(" " * random.randint(0, 12) + f"# remark {random.randint(0, 9)}")
        if random.random() < 0.1:
            lines.append("")
        if "(" in line and random.random() < 0.5 and not re.search('["#]', line):
            indent = " " * (len(line) - len(line.lstrip()) + random.randint(0, 9))
            breaks = [m.end() for m in re.finditer(r",(?= )|(?<=[A-Z])\(", line) if depth(line[: m.end()]) > 0]
            for place in sorted(random.sample(breaks, min(len(breaks), 3)), reverse=True):
                remark = f"  # inside {random.randint(0, 9)}" if random.random() < 0.3 else ""
                line = line[:place] + remark + "\n" + indent + line[place:].lstrip()
        elif random.random() < 0.1 and line.strip():
            line += f"  # end {random.randint(0, 9)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10**6))
def test_random_protocols_keep_their_meaning(seed: int) -> None:
    maker = Maker(seed)
    text = maker.text()
    plain = assert_stays(text)
    noisy = disturbed(text, maker.random)
    if not parse(Source("t.rules", noisy))[1]:
        assert_stays(noisy)
    without = "\n".join(line for line in noisy.splitlines() if "#" not in line and line.strip()) + "\n"
    if "#" not in noisy:
        assert [line for line in canonical(without).splitlines() if line] == [
            line for line in plain.splitlines() if line
        ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_bundled_protocol_in_other_layouts(seed: int) -> None:
    chance = random.Random(seed)
    noisy = disturbed(FILES[-1].read_text(encoding="utf-8"), chance)
    if not parse(Source("t.rules", noisy))[1]:
        assert_stays(noisy)


def test_disturbing_mostly_leaves_readable_files() -> None:
    """The properties above would say nothing if what they look at could mostly not be read."""
    text = FILES[-1].read_text(encoding="utf-8")
    readable = [not parse(Source("t", disturbed(text, random.Random(seed))))[1] for seed in range(40)]
    assert sum(readable) > 30


# ---- the command ---------------------------------------------------------------------------------------------------

UGLY = 'protocol T "t"\ndata\n   a "a" yes/no # why\ninclusion\n  1) "x"\n     a\n'


def run(*words: str, input: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(rjdm, ["format", *words], input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_the_command_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.rules"
    path.write_text(UGLY, encoding="utf-8")
    assert run("--check", str(path))[0] == 1
    code, diff = run("--diff", str(path))
    assert code == 0 and '+  (1) "x"' in diff
    assert path.read_text(encoding="utf-8") == UGLY
    assert run(str(path))[0] == 0
    assert path.read_text(encoding="utf-8") == canonical(UGLY)
    assert run("--check", str(path)) == (0, "")


def test_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.rules"
    path.write_bytes(UGLY.replace("\n", "\r\n").encode())
    assert run(str(path))[0] == 0
    assert path.read_bytes().decode() == canonical(UGLY).replace("\n", "\r\n")


def test_standard_input() -> None:
    assert run("-", input=UGLY) == (0, canonical(UGLY))


@pytest.mark.parametrize(
    "text", ['protocol T "t"\ninclusion\n  (1) "x\n    a\n', "", 'protocol T "t"\ndata\n\ta "a" yes/no\n']
)
def test_what_cannot_be_read_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.rules"
    path.write_text(text, encoding="utf-8")
    code, said = run(str(path))
    assert code == 2 and "left as it is" in said
    assert path.read_text(encoding="utf-8") == text
    with pytest.raises(CannotFormat):
        canonical(text)


def test_a_bundled_file_is_not_changed() -> None:
    code, said = run("rjdm_cart")
    assert code == 2 and "copy it first" in said


def test_golden_layout(golden: Callable[[str, str], None]) -> None:
    golden(
        "formatted.rules", assert_stays((Path(__file__).parent / "data" / "layout.rules").read_text(encoding="utf-8"))
    )
