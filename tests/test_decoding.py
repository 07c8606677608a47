"""JSON without loss: the quick way says what the strict one says, whatever the text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rjdm_rules.evaluation.decoding import BadJson, decoded, decoded_record

WORDS = st.sampled_from(["a", "b", 'a"', "a:", '":', "\\", "10:30", "é", ""])
LEAVES = st.one_of(WORDS, st.integers(-5, 5), st.booleans(), st.none(), st.just(0.1))


@st.composite
def texts(draw: Any, depth: int = 3) -> str:
    """JSON as someone may write it: keys given twice, spaces about colons, colons escaped."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return json.dumps(draw(LEAVES), ensure_ascii=draw(st.booleans()))
    inner = texts(depth=depth - 1)
    if draw(st.booleans()):
        return "[" + ", ".join(draw(st.lists(inner, max_size=3))) + "]"
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        key = json.dumps(draw(WORDS), ensure_ascii=draw(st.booleans()))
        if draw(st.integers(0, 5)) == 0:
            key = key.replace(":", "\\u003a")
        parts.append(f"{key}{draw(st.sampled_from([':', ': ', ' : ', chr(10) + ':']))}{draw(inner)}")
    return "{" + ",".join(parts) + "}"


@settings(max_examples=400, deadline=None)
@given(texts())
def test_the_quick_way_and_the_strict_one_agree(text: str) -> None:
    try:
        expected = decoded(text)
    except BadJson as error:
        with pytest.raises(BadJson) as said:
            decoded_record(text.encode())
        assert str(said.value) == str(error)
        return
    assert decoded_record(text.encode()) == expected


def test_half_a_character_is_refused() -> None:
    with pytest.raises(BadJson, match="half there"):
        decoded_record(b'{"id": "\\ud800"}')
    assert decoded_record(b'{"id": "\\ud83d\\ude00"}') == {"id": "😀"}


@pytest.mark.parametrize(
    "line",
    [
        '{"a": 1, "a": 2}',
        '{"id" : 1, "b": 2, "b": 3}',
        '{"a": {"b": {"c": 1, "c": 2}}}',
        '{"t": "10:30", "t": "10:31"}',
        '{"t": "10\\u003a30", "t": "10:31"}',
        '{"a": 1, "\\u0061": 2}',
        '{"a": [{"b": 1, "b": 2}]}',
    ],
)
def test_a_key_given_twice_is_refused(line: str) -> None:
    with pytest.raises(BadJson, match="is given twice"):
        decoded_record(line.encode())
