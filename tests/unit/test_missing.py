"""The option `missing=`: what each word reads and writes."""

from typing import Any

import pytest

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.missing import BARE, FINITE, NAN_AS_NULL, NULLS, reading, writing

READ = {"error": (False, False), "null": (True, False), "nan": (False, True), "any": (True, True)}
WRITE: Any = {"error": FINITE, "null": NAN_AS_NULL, "nan": BARE, "any": {"nan": b"x"}}


@pytest.mark.parametrize("word", READ)
def test_each_word(word: Any) -> None:
    """Null, bare words, both or neither; text is verified later, bytes need not be."""
    for text in (True, False):
        for options in (reading(word, "error", text=text), reading(None, word, text=text)):
            assert (options.null, options.words) == READ[word]
            assert options.rows == options.null
            assert options.verified == (not text)
    for written in (writing(word, "error", WRITE["any"]), writing(None, word, WRITE["any"])):
        assert written.words == WRITE[word]
    assert writing(word, "error", BARE).none == (word != "error")
    assert not writing(None, word, BARE).none


def test_loss_writes_null_for_what_has_no_word() -> None:
    """And keeps the words that there are."""
    assert writing("error", "nan", BARE, lossy=True).words == NULLS
    assert writing("nan", "error", BARE, lossy=True).words == BARE


@pytest.mark.parametrize("word", ["nul", "", 5, [], {}, b"nan"], ids=repr)
def test_other_words(word: Any) -> None:
    """They are refused, whatever their type, with the words there are."""
    with pytest.raises(DecodeError, match="expected missing= to be one of 'error', 'null'"):
        reading(word, "any", text=True)
    with pytest.raises(EncodeError, match="expected missing= to be one of 'error', 'null'"):
        writing(word, "any", BARE)
