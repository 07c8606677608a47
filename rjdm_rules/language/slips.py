"""The slips that people make, each recognised by what stands at and around the token that does not fit.

A recogniser answers None where the slip is another one. They are tried in this order, those that need the most before
those that need less.
"""

from __future__ import annotations

from collections.abc import Callable

from . import slips_by_phrase as phrases
from . import slips_of_signs as signs
from . import slips_of_statements as statements
from . import slips_of_values as values
from . import slips_of_words as words
from .misfits import Misfit, Said

RECOGNISERS: tuple[Callable[[Misfit], Said | None], ...] = (
    signs.unclosed_before_zh,
    signs.unopened_text,
    signs.unclosed_text,
    phrases.phrase,
    statements.section_missing,
    signs.single_quotes,
    signs.comment_signs,
    signs.split_sign,
    words.word_at_the_end,
    values.times_limit,
    values.power_in_letters,
    values.spaced_thousands,
    values.date_in_words,
    values.length_before,
    values.range_without_between,
    values.range_in_words,
    values.dash_in_between,
    signs.range_of_marks,
    words.and_or,
    words.no_else,
    words.contains,
    values.number_in_words,
    words.if_without_then,
    statements.options_in_parentheses,
    statements.option_in_quotes,
    statements.options_apart,
    statements.option_is_a_number,
    statements.options_without_comma,
    statements.word_as_name,
    statements.missing_type,
    statements.foreign_type,
    statements.head_without_id,
    statements.hyphen_in_name,
    statements.dash_without_name,
    words.outcome_in_capitals,
    statements.section_misspelt,
    statements.marker,
    statements.sentence_without_quotes,
    statements.condition_beside_sentence,
    signs.quote_in_text,
    words.relation_in_words,
    values.prose_window,
    values.window_word,
    values.article,
    values.window_first,
    words.of_behind_any,
    words.unless,
    words.no_before,
    words.lower_case_before,
    words.joined_in_a_list,
    words.phrase_in_lower_case,
    words.lower_case,
    values.unit_again,
    values.unit_before_number,
    signs.colon,
    signs.end_of_line,
    signs.foreign_sign,
    signs.stray_parenthesis,
    statements.comma_above,
    signs.open_parenthesis,
    words.options_behind_is,
    words.two_names,
    values.window_without_date,
)
