"""Errors and warnings: rows of text → code and words, a golden file of whole messages, and files that are no files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from making import DATA, HEAD, READINGS, Maker

from rjdm_rules import RulesError, UnreadableFile, check, load, loads
from rjdm_rules.cli.commands import rjdm as command
from rjdm_rules.language.parser import parse
from rjdm_rules.language.source import Source
from rjdm_rules.protocol.check import check_source

# a condition over the items of `making`, the code of its only error, words of message and help
CONDITIONS = [
    ("b1 AND b2 OR b3", "R103", "write `(b1 AND b2) OR b3` or `b1 AND (b2 OR b3)`"),
    ("b1 AND b2 OR b3 AND d1", "R103", "write `(b1 AND b2) OR (b3 AND d1)` or `b1 AND (b2 OR b3) AND d1`"),
    ("b1 EXCEPT b2 WAIVED IF b3", "R104", "EXCEPT and WAIVED IF are mixed without parentheses"),
    ("ANY(b1, b2", "R106", "this parenthesis is not closed"),
    ("b1 and b2", "R110", "write `AND`"),
    ("n1 => 5 mg/dL", "R110", "write `≥` (or >=)"),
    ("n4 ≥ 1,000", "R108", "write `1000`"),
    ("1 ≤ n4 ≤ 3", "R104", "write `n4 BETWEEN 1 AND 3`"),
    ("n9 ≥ 1 mg/dL", "R201", "`n9` is not declared"),
    ("scrining WITHIN 1 month BEFORE screening", "R201", "did you mean `screening`?"),
    ("(2) AND b1", "R202", "there is no criterion (2) here"),
    ("ANY((5)..(2))", "R202", "there is no criterion"),
    ("o1 IS d", "R204", "`d` is no option of `o1`"),
    ("grde OF LATEST(e1) > 1", "R205", "did you mean `grade`?"),
    ("n1", "R301", "`n1` is a number in mg/dL, not a condition"),
    ("o1 = 3", "R303", "options are compared with IS"),
    ("b1 IS yes", "R303", "write `b1`"),
    ("s1 IS p", "R303", "write `s1 INCLUDES p`"),
    ("AT LEAST 3 OF (b1, b2)", "R305", "the count goes from 1 to 2"),
    ("n1 + screening > 1 mg/dL", "R306", "needs numbers"),
    ("b1 WHERE (b2)", "R307", "`b1` is none"),
    ("grade OF e1 > 1", "R308", "write `grade OF LATEST(e1)`"),
    ("pick(b1) IS a", "R310", "looks up by 2 values (fact, others); 1 is given"),
    ("n1 ≥ 5", "R402", "write `5 mg/dL`"),
    ("n1 ≥ 5 mgg", "R401", "is not a unit"),
    ("n1 ≥ 55 mg", "R403", "mg cannot be converted to mg/dL"),
    ("n4 ≥ 5 mg", "R403", "mg cannot be converted to a bare number"),
    ("temp × 2 > 5 °C", "R404", "can be compared, not calculated with"),
    ("n2 ≤ 3 × ULN", "R405", "`n2` comes without a ULN"),
    ("screening ≥ 2026-02-30", "R501", "there is no day 30"),
    ("e1 WITHIN 3 mg BEFORE screening", "R502", "not a length of time"),
    ("e1 WITHIN 1.5 months BEFORE screening", "R502", "write whole months or days"),
    ("e1 WITHIN 3 hours BEFORE screening", "R503", "a date has no time of day"),
    ("b1 WITHIN 3 days BEFORE screening", "R504", "declare it as `event` or `date`"),
    ("e1 WITHIN 3 days BEFORE e2", "R504", "write `date OF LATEST(e2)`"),
    ("ANY(IF b1 THEN b2, b3)", "R702", "directly under ALL"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "code", "words"), CONDITIONS)
def test_one_error_and_none_following(condition: str, code: str, words: str) -> None:
    text = HEAD + READINGS + DATA + f'\ninclusion\n  (1) one "c"\n      {condition}\n'
    errors = [each for each in check_source(Source("t.rules", text)).diagnostics if each.severity == "error"]
    said = [f"{each.code} {each.message} {each.help}" for each in errors]
    assert len(errors) == 1 or code == "R202", said
    assert errors[0].code == code, said
    assert words in f"{errors[0].message} {errors[0].help}", said
    assert errors[0].place.line in (text[: text.index(condition.split("(")[0])].count("\n") + 1, text.count("\n"))


# a whole file, the codes of its errors
FILES = [
    ("", ["R101"]),
    ("\x00\x01binary", ["R101"]),
    ('data\n  a "a" yes/no\n', ["R805"]),
    ('protocol P "p"\n', ["R704"]),
    ('protocol P "p"\nuse nothing_there\ninclusion\n  (1) a "a"\n    x AND y\n', ["R801"]),
    ('protocol P "p"\ndata\n\ta "a" yes/no\ninclusion\n  (1) c "c"\n    a\n', ["R102"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\n  a "b" yes/no\ninclusion\n  (1) c "c"\n    a\n', ["R206"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1) a "c"\n    a\n', ["R206"]),
    ('protocol P "p"\ndata\n  a "a" in mg/dLx\n      range 5..1\ninclusion\n  (1) c "c"\n    a ≥ 5 mg\n', ["R401"]),
    ('protocol P "p"\ndata\n  a "a" in cm\n      range 5..1\ninclusion\n  (1) c "c"\n    a ≥ 5 cm\n', ["R210"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1) c "c"\n    a\n  (1) d "d"\n    a\n', ["R206"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1)\n  (1) c "c"\n    a\n  (2) d "d"\n    a\n', ["R701"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\nexclusion\n  (1) c "c"\n    ① d "d"\n      a\n    ② e "e"\n      a\n', ["R706"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\nexclusion\n  (1) c "c"\n    IF a THEN a\n', ["R702"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1) c "c"\n', ["R707"]),
    ('protocol P "p"\ndefine\n  x "x" = y\n  y "y" = z\n  z "z" = x\ninclusion\n  (1) c "c"\n    x\n', ["R207"]),
    ('protocol P "p"\ninclusion\n  (1) c "c"\n    d\n  (2) d "d"\n    c\n', ["R207"]),
    ('protocol P "p"\ndata\n  o "o" one of a, b\ntable t "t"\n  | k | → v |\n  | a | 1 |\n  | a | 2 |\n'
     "inclusion\n  (1) c \"c\"\n    o IS a\n", ["R606"]),
    ('protocol P "p"\ndata\n  o "o" one of a, b\ntable t "t"\n  | k one of a, b | → v |\n  | a | 1 |\n'
     "inclusion\n  (1) c \"c\"\n    o IS a\n", ["R605"]),
    ('protocol P "p"\ndata\n  n "n" in cm\ntable t "t"\n  | k in cm | → v |\n  | < 3 | 1 |\n  | > 3 | 2 |\n'
     "inclusion\n  (1) c \"c\"\n    n > 1 cm\n", ["R605"]),
    ('protocol P "p"\ndata\n  a "a" in years\ninclusion\n  (1) c "c"\n    a ≥ 5 years\nexample e "e"\n  given\n    a = 200 kg\n', ["R806"]),
    ('library L "l"\ninclusion\n  (1) c "c"\n    a\n', ["R804", "R201"]),
    ('protocol P "p"\ndata\n  I1 "a" yes/no\ninclusion\n  (1) c "c"\n    I1\n', ["R208"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ndefine\n  yes "x" = NOT a\ninclusion\n  (1) c "c"\n    a\n', ["R208"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\npart d "D"\n  note "n"\npart r "R"\n  inclusion\n    (1) c "c"\n      a\n', ["R704"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1) c "c"\n    a\nexample e "e"\n  given\n    a = yes\n    a = no\n', ["R206"]),
    ('protocol P "p"\ndata\n  a "a" in cm\ninclusion\n  (1) c "c"\n    a > 1 cm\nexample e "e"\n  given\n    a = 5 cm (value 3)\n', ["R206"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1) c "c"\n    a\nexample e "e"\n  expect I1 eligible\n  expect met\n', ["R807", "R807"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\ninclusion\n  (1) c "c"\n    a\nexample e "e"\n  expect eligible\n  expect ineligible\n', ["R206"]),
    ('protocol P "p"\ndata\n  a "a" in cm\ninclusion\n  (1) c "c"\n    a > 1 cm\nexample e "e"\n  given\n    a = 1,000 cm\n', ["R108"]),
    ('protocol P "p"\ndata\n  a "a" yes/no\n  b "b" yes/no\ninclusion\n  (1) c "c"\n    ① d "d"\n      IF a THEN b\n    ② e "e"\n      a\n'
     'exclusion\n  (1) f "f"\n    I1\n', ["R702"]),
]  # fmt: skip

SMALL = 'protocol P "p"\ndata\n  a "a" yes/no\n  l "l" in %\n  e "e" event\n  d "d" date\n'


@pytest.mark.parametrize("condition", ["l ≥ 50 + 5", "50 + 5 ≤ l", "l ≥ MAX(50, 55)", "55 ≤ l", "l ≥ low", "l ≥ 55"])
def test_a_bare_number_is_no_percentage(condition: str) -> None:
    text = f'{SMALL}define\n  low "low" = 55\ninclusion\n  (1) c "c"\n    {condition}\n'
    assert [each.code for each in check_source(Source("t", text)).diagnostics if each.severity == "error"] == ["R402"]


def nested_counts(depth: int) -> str:
    inner = "a"
    for _ in range(depth):
        inner = f"COUNT({inner}, a) BETWEEN 1 AND 2"
    return inner


DEEP_SUM = "l"
for _ in range(6):
    DEEP_SUM = f"l + ({DEEP_SUM})" + " + l" * 98

# what a stranger may write to keep a machine busy; each is refused, and soon
HOSTILE = {
    "limits of limits": (f"l > {'ULN OF ' * 5000}l", "R107"),
    "years of years": (f"{'YEARS FROM d TO ' * 3000}d > 3 years", "R107"),
    "sums in sums": (f"{DEEP_SUM} > 3 %", "R107"),
    "counts in counts": (f"e WITHIN COUNT({nested_counts(30)}) × 1 d BEFORE d", "R107"),
    "large constants": (f"l > {' × '.join(['10^60'] * 90)}", "R108"),
    "commas": (f"ANY(1{',234' * 20_000}a)", "R301"),
    "wrong options": (f"o IN ({', '.join(f'z{i}' for i in range(5_000))})", "R204"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_conditions_are_refused(name: str) -> None:
    condition, code = HOSTILE[name]
    options = ", ".join(f"o{i}" for i in range(5_000))
    text = f'{SMALL}  o "o" one of {options}\ninclusion\n  (1) c "c"\n    {condition}\n'
    assert code in {each.code for each in check_source(Source("t", text)).diagnostics}


HOSTILE_FILES = {
    "units that grow": ("define\n  q0 \"q\" = l\n" + "".join(f'  q{i} "q" = q{i - 1} × q{i - 1}\n' for i in range(1, 40)), "R107"),
    "a wide table": (f'table t "t"\n  | {" | ".join(f"c{i}" for i in range(5_000))} | → r |\n  |{" 1 |" * 5_001}\n', "R604"),
    "a tall table": ('table t "t"\n  | n number | → r |\n' + "".join(f"  | ≥ {i} | 1 |\n" for i in range(5_000)), "R605"),
    "a long cycle": ("define\n" + "".join(f'  q{i} "q" = q{i + 1} AND a\n' for i in range(3_000)) + f'  q3000 "q" = ANY({", ".join(f"q{i}" for i in range(3_000))})\n', "R207"),
    "misspelt names": ('define\n  x "x" = ANY(' + ", ".join(f"itme_{i}" for i in range(300)) + ")\n", "R201"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_hostile_files_are_refused(name: str) -> None:
    part, code = HOSTILE_FILES[name]
    text = f'{SMALL}{part}inclusion\n  (1) c "c"\n    a\n'
    assert code in {each.code for each in check_source(Source("t", text)).diagnostics}


def test_definitions_that_double_are_shown_once() -> None:
    doubling = "".join(f'  q{i} "q {i}" = ANY(q{i - 1}, NOT q{i - 1}, a)\n' for i in range(1, 25))
    protocol = loads(f'{SMALL}define\n  q0 "q 0" = a\n{doubling}inclusion\n  (1) c "c"\n    q24\n')
    assert len(protocol.draw("I1", format="dot")) < 100_000
    assert len(protocol.explain({}).trees[None][0].lines()) < 1_000
    assert protocol.evaluate({}).verdict == "undetermined"


@pytest.mark.parametrize(("text", "codes"), FILES)
def test_whole_files(text: str, codes: list[str]) -> None:
    try:
        loads(text)
        found = []
    except RulesError as error:
        found = [each.code for each in error.diagnostics if each.severity == "error"]
    assert found == codes


def test_messages_as_people_read_them(golden: Callable[[str, str], None]) -> None:
    text = (Path(__file__).parent / "data" / "many_errors.rules").read_text(encoding="utf-8")
    checked = check_source(Source("many_errors.rules", text))
    golden("many_errors.txt", "\n\n".join(each.as_text() for each in checked.diagnostics) + "\n")


def test_a_cycle_shows_each_hop_with_its_line() -> None:
    with pytest.raises(RulesError) as caught:
        loads('protocol P "p"\ndefine\n  x "x" = y\n  y "y" = x\ninclusion\n  (1) c "c"\n    x\n')
    message = str(caught.value)
    assert "a cycle: `x` → `y` → `x`" in message
    assert "p.rules:3" not in message and "protocol.rules:3:11: `x` needs `y` here" in message
    assert "protocol.rules:4:11: `y` needs `x` here" in message


def test_libraries_that_use_each_other(tmp_path: Path) -> None:
    (tmp_path / "one.rules").write_text('library ONE "1"\nuse two\n', encoding="utf-8")
    (tmp_path / "two.rules").write_text('library TWO "2"\nuse one\n', encoding="utf-8")
    (tmp_path / "p.rules").write_text(
        'protocol P "p"\nuse one\ndata\n  a "a" yes/no\ninclusion\n  (1) c "c"\n    a\n', encoding="utf-8"
    )
    found = [each for each in check(str(tmp_path / "p.rules")).diagnostics if each.severity == "error"]
    assert [each.code for each in found] == ["R803"]
    assert "one → two → one" in found[0].message


def test_identical_declarations_merge_and_different_ones_clash(tmp_path: Path) -> None:
    body = 'data\n  a "a" yes/no\n'
    (tmp_path / "lib.rules").write_text(f'library LIB "l"\n{body}', encoding="utf-8")
    same = f'protocol P "p"\nuse lib\n{body}inclusion\n  (1) c "c"\n    a\n'
    assert not loads(same, folder=tmp_path).warnings
    with pytest.raises(RulesError, match="declared twice"):
        loads(same.replace('a "a" yes/no', 'a "another" yes/no'), folder=tmp_path)


WARNINGS = [
    ('data\n  a "a" yes/no\n  b "b" yes/no\n', "a", "R901", "`b` is used nowhere"),
    ('data\n  a "a" in cm\n', "a ≥ 5 cm", "R902", "holds 5, which its sentence does not say"),
    (
        'data\n  e "e" event\n',
        "e EXCEPT e WITHIN 3 days BEFORE 2026-01-01",
        "R903",
        "`e WHERE (NOT (kind IS harmless))`",
    ),
    ('data\n  d "d" date\n  f "f" date\n', "DAYS FROM d TO f ≥ 3 months", "R505", "30.4375"),
]


@pytest.mark.parametrize(("declared", "condition", "code", "words"), WARNINGS)
def test_warnings(declared: str, condition: str, code: str, words: str) -> None:
    made = loads(f'protocol P "p"\n{declared}inclusion\n  (1) c "the sentence"\n      {condition}\n')
    found = [each for each in made.warnings if each.code == code]
    assert found and words in f"{found[0].message} {found[0].help}"
    assert all(each.severity == "warning" for each in made.warnings)


def test_ascii_spellings_mean_the_same() -> None:
    data = 'protocol P "p"\ndata\n  n "n" in cm with ULN\n  a "a" yes/no\n'
    canonical = data + (
        'table t "t"\n  | k yes/no | → v |\n  | yes | 1 |\n  | no | 2 |\n'
        'inclusion\n  (1) c "c"\n    ① AND ANY(②..③)\n    ① x "x"\n      n ≥ 2 × ULN\n'
        '    ② y "y"\n      n ≤ 1 cm OR n ≠ 3 cm\n    ③ z "z"\n      t(a) = 1\n'
    )
    ascii_ = canonical
    for sign, plain in {
        "≥": ">=",
        "≤": "<=",
        "≠": "!=",
        "×": "*",
        "→": "->",
        "①": "[1]",
        "②": "[2]",
        "③": "[3]",
    }.items():
        ascii_ = ascii_.replace(sign, plain)
    a, b = loads(canonical).model, loads(ascii_).model
    assert [each.condition for each in a.criteria()] == [each.condition for each in b.criteria()]
    assert [each.id for each in a.criteria()] == ["I1", "I1.1", "I1.2", "I1.3"]


@pytest.mark.parametrize("seed", range(40))
def test_broken_files_never_crash(seed: int) -> None:
    """Lines dropped, words doubled, signs changed: always diagnostics, never an exception."""
    maker = Maker(seed)
    lines = maker.text().splitlines()
    random = maker.random
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(lines))
        line = lines[place]
        lines[place] = random.choice(
            [
                "",
                line[: len(line) // 2],
                line.replace("(", "", 1),
                line.replace(")", "", 1),
                line.replace('"', "", 1),
                " " + line,
                line + " AND",
                line.replace(" ", "  ", 3) + "%",
                line.swapcase(),
            ]
        )
    text = "\n".join(lines)
    checked = check_source(Source("t.rules", text))
    assert checked.protocol is not None or checked.diagnostics
    for each in checked.diagnostics:
        assert each.as_text() and each.place.line >= 1


DEEP = {
    "parentheses": HEAD + 'inclusion\n  (1) a "x"\n    ' + "(" * 10_000 + "a" + ")" * 10_000,
    "indentation": HEAD + "inclusion\n" + "".join(" " * (i + 1) + '(1) a "x"\n' for i in range(2_000)),
    "negations": HEAD + 'inclusion\n  (1) a "x"\n    ' + "NOT " * 10_000 + "a",
    "sums": HEAD + 'inclusion\n  (1) a "x"\n    ' + "a + " * 10_000 + "a > 3",
    "numbers": HEAD + f'inclusion\n  (1) a "x"\n    a > {"9" * 5000} cm AND a < 10^99999999 cm',
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_too_deep_is_said_so(name: str) -> None:
    _, diagnostics = parse(Source("deep.rules", DEEP[name]))
    assert diagnostics and all(each.code in ("R107", "R108", "R104") for each in diagnostics[:1])


def test_names_that_build_on_each_other_in_a_long_chain() -> None:
    lines = ['protocol P "p"\ndata\n  a "a" yes/no\ndefine\n  x0 "x" = a\n']
    lines += [f'  x{n} "x" = x{n - 1}\n' for n in range(1, 1500)]
    lines += ['inclusion\n  (1) c "c"\n    x1499\n']
    made = loads("".join(lines))
    assert made.evaluate({"a": True}).verdict == "eligible"
    assert made.evaluate({}).deciding_facts == ("a",)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\xff\xfe\x00p", "UTF-16"), (b'protocol P "\xe9"\n', "not UTF-8"), (b"x" * 30_000_000, "too large")],
)
def test_files_that_cannot_be_read(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "p.rules"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=words):
        check(str(path))


def test_a_name_that_is_no_file() -> None:
    with pytest.raises(UnreadableFile, match="did you mean `rjdm_cart`"):
        check("rjdm_crat")


def test_the_options_of_a_reading_stand_below_it(tmp_path: Path) -> None:
    text = (
        'protocol R "r"\nreadings\n  way "way" zh "方式" one of short, long\n      chosen short\ndata\n  a "a" yes/no\n'
    )
    file = tmp_path / "r.rules"
    file.write_text(text + 'inclusion\n  (1) "first"\n      a AND way IS short\n', encoding="utf-8")
    found = check(str(file))
    assert [each.message for each in found.diagnostics] == ["the options of a reading stand on a line of their own"]
    assert CliRunner().invoke(command, ["check", "--fix", str(file)]).exit_code == 0
    assert load(str(file)).model.readings["way"].chosen == "short"
