"""The language server through a real client: one session over the bundled protocol, and what the parts do by themselves.

`golden/editor_session.txt` records twenty edits, good and bad, with the findings, hovers, renames and fixes that come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsp_editor import Editor, in_session
from lsprotocol import types as lsp
from making import Maker

from rjdm_rules.assets import asset
from rjdm_rules.editor.analysis import Analysis, analysed
from rjdm_rules.editor.completing import completions
from rjdm_rules.editor.hovering import hover_text
from rjdm_rules.editor.outlining import coloured, entries, foldable
from rjdm_rules.editor.preview import criterion_at, preview_html
from rjdm_rules.editor.renaming import CannotRename, renamed
from rjdm_rules.language.source import Source

RJDM = asset("rules", "rjdm_cart.rules").read_text(encoding="utf-8")


async def twenty_edits(e: Editor) -> None:
    await e.edit("1. a threshold changes and the sentence does not", "lvef ≥ 55 % AND", "lvef ≥ 50 % AND")
    await e.edit("2. the sentence follows", "LVEF at least 55 %", "LVEF at least 50 %")
    await e.hover("lvef ≥ 50", 1)
    await e.edit("3. half a comparison", "age ≥ 5 years", "age ≥")
    await e.hover("spo2 ≥ 92")
    await e.edit("4. the other half", "age ≥\n", "age >= 5 years\n")
    await e.edit("5. a word in small letters", "imnm AND ANY(anti", "imnm and ANY(anti")
    await e.fixes()
    await e.edit("6. a name misspelt", "calcinosis\n          source", "calcinosi\n          source")
    await e.fixes()
    await e.edit("7. a quote is missing", '"Positive blood pregnancy test"', '"Positive blood pregnancy test')
    await e.edit("8. and is put in", '"Positive blood pregnancy test', '"Positive blood pregnancy test"')
    await e.rename("gc_dose ", "glucocorticoid_dose")
    await e.rename("lvef ≥ 50", "ejection_fraction")
    await e.rename("imnm_route", "age")
    await e.rename("imnm_route", "necrotising")
    await e.edit("9. a unit is forgotten", "gc_duration ≥ 6 months", "gc_duration ≥ 6")
    await e.fixes()
    await e.edit(
        "10. AND and OR mixed", "muscle_weakness\n          AND", "muscle_weakness OR calcinosis\n          AND"
    )
    await e.fixes(apply=False)
    await e.edit("11. and not mixed", "muscle_weakness OR calcinosis\n", "muscle_weakness\n")
    await e.edit("12. a criterion in the middle of being written", "  (7) consent", "  (8\n\n  (7) consent")
    await e.edit("13. taken away again", "  (8\n\n", "")
    await e.edit("14. an item nobody uses", "data\n", 'data\n  asthma "asthma" yes/no\n')
    await e.fixes(apply=False)
    await e.edit("15. EXCEPT where a waiver is meant", "ast ≤ 3.0 × ULN WAIVED IF", "ast ≤ 3.0 × ULN EXCEPT")
    await e.fixes()
    await e.edit("16. a parenthesis is not closed", "tb IN (latent, active)", "tb IN (latent, active")
    await e.hover("viral_hepatitis_active)")
    await e.edit("17. closed", "tb IN (latent, active", "tb IN (latent, active)")
    await e.edit("18. an option that is not there", "tb IN (latent, active)", "tb IN (latent, activ)")
    await e.fixes()
    await e.edit("19. an example expects what cannot be", "  expect I6 not applicable", "  expect I66 not applicable")
    await e.edit("20. everything is as it was", "  expect I66 not applicable", "  expect I6 not applicable")
    await e.hover("(2), (3)", 1)
    await e.hover("two_core_measures,")
    await e.hover("prednisone_factor(gc")


def test_a_session_of_twenty_edits(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    path = tmp_path / "rjdm_cart.rules"
    path.write_text(RJDM, encoding="utf-8")
    editor = in_session(twenty_edits, path)
    golden("editor_session.txt", "\n".join(editor.log).replace(str(tmp_path), "") + "\n")


async def ask_everything(e: Editor) -> None:
    document = lsp.TextDocumentIdentifier(e.uri)
    c = e.client
    symbols = await c.text_document_document_symbol_async(lsp.DocumentSymbolParams(document))
    names = [each.name for each in symbols or []]
    assert names[:4] == ["protocol RJDM-CART", "use bohan_peter", "use glucocorticoids", "use organ_function"]
    assert await c.text_document_folding_range_async(lsp.FoldingRangeParams(document))
    tokens = await c.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(document))
    assert tokens and len(tokens.data) % 5 == 0 and len(tokens.data) > 5000
    options = lsp.FormattingOptions(4, True)
    assert not await c.text_document_formatting_async(lsp.DocumentFormattingParams(document, options))
    at = e.position("prednisone_factor(gc", 1)
    place = await c.text_document_definition_async(lsp.DefinitionParams(document, at))
    assert isinstance(place, lsp.Location) and place.uri.endswith("glucocorticoids.rules")
    context = lsp.ReferenceContext(include_declaration=True)
    at = e.position("screening                    ", 1)
    uses = await c.text_document_references_async(lsp.ReferenceParams(context, document, at))
    assert uses and len(uses) > 6
    at = e.position("tb IN (latent", 7)
    offered = await c.text_document_completion_async(lsp.CompletionParams(document, at))
    items = offered.items if isinstance(offered, lsp.CompletionList) else offered
    assert [each.label for each in items or []] == ["none", "latent", "active"]
    at = e.position("lvef ≥ 55 %", 3)
    page: Any = await c.protocol.send_request_async(
        "rjdm/preview", {"uri": e.uri, "line": at.line, "character": at.character}
    )
    assert "<svg" in page.html and "Inclusion criteria" in page.html
    await e.edit("badly laid out", "lvef ≥ 55 % AND", "lvef   >= 55 %   AND")
    edits = await c.text_document_formatting_async(lsp.DocumentFormattingParams(document, options))
    assert edits and edits[0].new_text == RJDM
    await e.edit("broken", "lvef   >= 55 %   AND", "lvef ≥ ≥ AND")
    assert not await c.text_document_formatting_async(lsp.DocumentFormattingParams(document, options))


def test_everything_an_editor_asks(tmp_path: Path) -> None:
    path = tmp_path / "rjdm_cart.rules"
    path.write_text(RJDM, encoding="utf-8")
    in_session(ask_everything, path)


async def among_tabs(e: Editor) -> None:
    """What the editor is told of a text with tabs stands where it was typed: names, findings and their fixes."""
    await e.hover("lvef => 55", 1)
    await e.edit("a slip behind tabs", "lvef => 55", "lvef =>  55")
    (slip,) = [each for each in e.findings if each.code == "R110"]
    assert e.text[e.offset(slip.range.start) : e.offset(slip.range.end)] == "=>"
    for title, after in (("Write `≥`", TABBED.replace("=> 55", "≥  55")), ("Write 4 spaces for each tab", None)):
        range_ = lsp.Range(lsp.Position(0, 0), lsp.Position(len(e.text.splitlines()), 0))
        found = await e.client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(e.uri), range_, lsp.CodeActionContext([]))
        )
        (action,) = [each for each in found or [] if isinstance(each, lsp.CodeAction) and each.title == title]
        assert action.edit and action.edit.changes
        (change,) = action.edit.changes[e.uri]
        start, end = e.offset(change.range.start), e.offset(change.range.end)
        await e.edit("mended", e.text, e.text[:start] + change.new_text + e.text[end:])
        assert e.text == (after or TABBED.replace("=> 55", "≥  55").replace("\t", "    "))


TABBED = 'protocol T "t"\ndata\n\tlvef "LVEF" in %\ninclusion\n\t(1) "x"\n\t\tlvef => 55 %\n# far behind the slip stands more text\n'


def test_a_text_with_tabs(tmp_path: Path) -> None:
    path = tmp_path / "t.rules"
    path.write_text(TABBED, encoding="utf-8")
    editor = in_session(among_tabs, path)
    assert "    **LVEF** · number in %" in editor.log


BROKEN_LINE = """protocol T "t"
data
  lvef "LVEF" in %
      range 0..100
  stage "stage" one of early, late
inclusion
  (1) heart "LVEF at least 55 %"
      lvef ≥ 55 %
  (2) "x"
      lvef => 40 % and stage IS early
"""


def test_a_hover_of_what_rests_on_something_broken(tmp_path: Path) -> None:
    text = """protocol T "t"
data
  a "a" in mg
      range 0..9
define
  low "low a" in mg = nothing × 2
inclusion
  (1) one "One"
      low ≥ 2 mg
"""

    async def act(e: Editor) -> None:
        await e.hover("one", 1)

    path = tmp_path / "t.rules"
    path.write_text(text, encoding="utf-8")
    assert "    **I1** (1) One" in in_session(act, path).log


def test_names_in_a_line_that_cannot_be_read(tmp_path: Path) -> None:
    """Such a line is still about them: they have a hover, and renaming one does not leave the line behind. That holds
    for a file that never was without errors."""

    async def act(e: Editor) -> None:
        await e.hover("lvef => 40", 1)
        await e.rename("lvef => 40", "ejection_fraction")
        await e.rename("early\n", "first")
        await e.hover("heart", 1)

    path = tmp_path / "t.rules"
    path.write_text(BROKEN_LINE, encoding="utf-8")
    log = in_session(act, path).log
    assert "    **LVEF** · number in %" in log
    assert "-- rename 'lvef => 40' to ejection_fraction: lines 3, 8, 10" in log
    assert "-- rename 'early\\n' to first: lines 5, 10" in log
    assert "    **I1** (1) LVEF at least 55 %" in log


# ---- the parts -----------------------------------------------------------------------------------------------------


def analysis_of(text: str, folder: Path | None = None, name: str = "t.rules") -> Analysis:
    return analysed(Source(str(folder / name) if folder else name, text), folder)


SMALL = """protocol SMALL "Small"
data
  screening "date of screening" date
  ast "AST" in U/L with ULN
      range 0..999
  sex "sex" one of female, male
  attack "attack" event
      grade 0..4
define
  high "high AST" = ast > 3 × ULN
inclusion
  (1) first "First"
      NOT high
  (2) "Second"
      ANY(①, ②)
      ① "Woman"
          sex IS female
      ② "Attack"
          attack WHERE (grade ≥ 2) WITHIN 3 months BEFORE screening
exclusion
  (1) "Attack of a high grade"
      grade OF LATEST(attack) ≥ 3 AND first
example one "One"
  given
      sex = female
  expect I2.1 met
"""
NAMES = [
    # where, its symbol, how often it stands in the file
    ("ast > 3", "name ast", 2),
    ("high\n", "name high", 2),
    ("female\n          ", "option sex.female", 0),
    ("sex IS", "name sex", 3),
    ("female, male", "option sex.female", 3),
    ("grade ≥ 2", "attribute attack.grade", 3),
    ("grade OF", "attribute attack.grade", 3),
    ("attack)", "name attack", 3),
    ("①, ②", "criterion I2.1", 3),
    ("first\n", "criterion I1", 2),
    ("I2.1 met", "criterion I2.1", 3),
]


@pytest.mark.parametrize(("needle", "symbol", "times"), [each for each in NAMES if each[2]])
def test_names(needle: str, symbol: str, times: int) -> None:
    analysis = analysis_of(SMALL)
    found = analysis.at(SMALL.index(needle))
    assert found is not None and f"{found.symbol.kind} {found.symbol.name}" == symbol
    assert sum(each.symbol == found.symbol for each in analysis.occurrences) == times
    assert hover_text(found.symbol, analysis)


RENAMES = [
    ("ast > 3", "aspartate", None),
    ("grade OF", "level", None),
    ("female, male", "woman", None),
    ("first\n", "primary", None),
    ("ast > 3", "sex", "is taken"),
    ("ast > 3", "a-b", "is no name"),
    ("ast > 3", "AND", "meaning of its own"),
    ("ast > 3", "I7", "meaning of its own"),
    ("①, ②", "one", "has no name"),
]


@pytest.mark.parametrize(("needle", "new", "refused"), RENAMES)
def test_renaming(needle: str, new: str, refused: str | None) -> None:
    analysis = analysis_of(SMALL)
    found = analysis.at(SMALL.index(needle))
    assert found is not None
    if refused:
        with pytest.raises(CannotRename, match=refused):
            renamed(found, new, analysis)
        return
    text = SMALL
    for place, written in sorted(renamed(found, new, analysis), key=lambda each: -each[0].start):
        text = text[: place.start] + written + text[place.end :]
    again = analysis_of(text)
    assert not [each for each in again.diagnostics if each.severity == "error"]
    assert again.usable is not None and analysis.usable is not None
    assert text != SMALL


def test_renaming_across_files(tmp_path: Path) -> None:
    (tmp_path / "lib.rules").write_text('library LIB "l"\ndata\n  a "a" yes/no\n', encoding="utf-8")
    (tmp_path / "other.rules").write_text('protocol O "o"\nuse lib\ninclusion\n  (1) "o"\n      a\n', encoding="utf-8")
    (tmp_path / "apart.rules").write_text('protocol A "a"\ndata\n  a "a" yes/no\n', encoding="utf-8")
    text = 'protocol P "p"\nuse lib\ninclusion\n  (1) "p"\n      NOT a\n'
    analysis = analysis_of(text, tmp_path, "p.rules")
    found = analysis.at(text.index("NOT a") + 4)
    assert found is not None
    changed = {Path(place.source.name).name for place, _ in renamed(found, "b", analysis)}
    assert changed == {"p.rules", "lib.rules", "other.rules"}


COMPLETIONS = [
    # the text up to the cursor replaces the marked line; what must be offered first, what must not
    ("      sex IS ", ["female", "male"], ["ast"]),
    ("      ast > 3 ", ["U/L", "× ULN"], ["mg/dL"]),
    ("      NOT ", ["screening", "ast"], []),
    ("  ", ['(2) "'], []),
]


@pytest.mark.parametrize(("line", "wanted", "unwanted"), COMPLETIONS)
def test_completion(line: str, wanted: list[str], unwanted: list[str]) -> None:
    before = analysis_of(SMALL)
    start = SMALL.index("      NOT high")
    text = SMALL[:start] + line + "\n" + SMALL[SMALL.index("  (2)") :]
    analysis = analysed(Source("t.rules", text), None, before)
    offered = [each.text for each in completions(start + len(line), analysis.source.text, analysis)]
    assert set(wanted) <= set(offered), offered
    assert not set(unwanted) & set(offered), offered


def test_completion_at_other_places() -> None:
    def offered(text: str) -> list[str]:
        return [each.text for each in completions(len(text), text, analysis_of(text))]

    assert "inclusion" in offered(SMALL)
    assert "bohan_peter" in offered('protocol P "p"\nuse ')
    assert "mg/dL" in offered('protocol P "p"\ndata\n  a "a" in ')
    assert "yes/no" in offered('protocol P "p"\ndata\n  a "a" ')
    assert "range" in offered('protocol P "p"\ndata\n  a "a" in cm\n      ')
    assert '(2) "' in offered('protocol P "p"\ninclusion\n  (1) "a"\n      yes\n  ')
    assert '③ "' in offered(
        'protocol P "p"\ninclusion\n  (1) "a"\n      ① "a"\n          yes\n      ② "a"\n          yes\n      '
    )
    assert "eligible" in offered(SMALL + "  expect ")
    assert "rjdm_cart" not in offered('protocol P "p"\nuse '), "only libraries are used"
    twice = offered('protocol P "p"\ndata\n  a "a" in ')
    assert len(twice) == len(set(twice))
    assert offered('protocol P "p') == [], "nothing is offered inside a text"


def test_the_outline_has_the_protocol_s_numbering() -> None:
    found = entries(analysis_of(SMALL))
    inclusion = next(each for each in found if each.name == "inclusion")
    assert [each.name for each in inclusion.children] == ["(1) First", "(2) Second"]
    assert [each.name for each in inclusion.children[1].children] == ["① Woman", "② Attack"]


def test_the_preview_shows_the_criterion_at_hand() -> None:
    analysis = analysis_of(SMALL)
    assert criterion_at(SMALL.index("sex IS female"), analysis) == "I2.1"
    assert criterion_at(SMALL.index("range 0"), analysis) is None
    assert "<svg" in preview_html(SMALL.index("NOT high"), analysis)
    assert "nothing to show" in preview_html(0, analysis_of("protocol"))


def halves(text: str) -> Iterator[str]:
    yield from (text[:end] for end in range(0, len(text), max(1, len(text) // 60)))


@pytest.mark.parametrize("text", [SMALL, RJDM[:9000], Maker(3).text()], ids=["small", "rjdm", "random"])
def test_half_written_files_never_break_anything(text: str) -> None:
    """Cut off anywhere: every answer comes, and the first finding is one of few."""
    for half in halves(text):
        analysis = analysis_of(half)
        errors = [each for each in analysis.diagnostics if each.severity == "error"]
        assert len(errors) <= 12, "\n".join(each.as_text() for each in errors[:20])
        assert list(coloured(analysis)) is not None and entries(analysis) is not None
        assert list(foldable(analysis)) is not None
        assert completions(len(half), half, analysis) is not None
        found = analysis.at(len(half) // 2)
        assert found is None or hover_text(found.symbol, analysis) is not None
        assert preview_html(len(half), analysis)


def test_what_is_known_stays_known_while_one_types() -> None:
    before = analysis_of(SMALL)
    after = analysed(Source("t.rules", SMALL.replace("NOT high", "NOT hi AND")), None, before)
    found = after.at(after.source.text.index("sex IS"))
    assert found is not None and "one of: female, male" in hover_text(found.symbol, after)
