"""Null beside integers in Seldon's lists: each remedy that the error names works for that input."""

import math
import re

import msgpack
import numpy as np
import pytest

import tensorwire as tw

JSON = "application/json"


def refused(numbers: str) -> str:
    """Return why JSON with these numbers is refused."""
    with pytest.raises(tw.DecodeError) as caught:
        tw.loads(f'{{"data":{{"ndarray":{numbers}}}}}'.encode(), JSON)
    return str(caught.value)


@pytest.mark.parametrize("numbers", ["[[1,null]]", "[null,-3]", "[[[9007199254740992],[null]]]"])
def test_integers_are_written_as_floats(numbers: str) -> None:
    """A client that has no Python can follow the remedy; so can one that has."""
    reason = refused(numbers)
    assert "write the integers as floats, as 1.0 for 1" in reason
    assert "Codec.decode with dtype=np.float64" in reason
    floats = re.sub(r"(\d+)", r"\1.0", numbers)
    found = tw.loads(f'{{"data":{{"ndarray":{floats}}}}}'.encode(), JSON).value
    asked = tw.get_codec("json/ndarray").decode(
        f'{{"data":{{"ndarray":{numbers}}}}}'.encode(), dtype=np.float64
    )
    wanted = np.array(eval(numbers, {"null": math.nan}))  # noqa: S307 - the numbers above
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(asked, wanted)


def test_integers_that_float64_rounds_are_written_as_strings() -> None:
    """As floats they would not be exact."""
    reason = refused("[9007199254740993,null]")
    assert "write the integers as strings" in reason
    assert "float64" not in reason
    found = tw.loads(b'{"data":{"ndarray":["9007199254740993",null]}}', JSON).value
    assert found == ["9007199254740993", None]


def test_bools_are_not_told_to_be_floats() -> None:
    """Only a reader can have bools as floats."""
    reason = refused("[true,null]")
    assert "write" not in reason
    assert "Codec.decode with dtype=np.float64" in reason


def test_msgpack() -> None:
    """The same in msgpack, whose integers are integers too."""
    with pytest.raises(tw.DecodeError, match="write the integers as floats"):
        tw.loads(msgpack.packb({"data": {"ndarray": [1, None]}}), "application/msgpack")
    body = msgpack.packb({"data": {"ndarray": [1.0, None]}})
    found = tw.loads(body, "application/msgpack").value
    np.testing.assert_array_equal(found, [1, math.nan])


@pytest.mark.parametrize("word", ["error", "nan"])
def test_what_would_not_help_is_not_named(word: tw.Missing) -> None:
    """Where null is refused among floats too, floats are no remedy, and strings neither."""
    for numbers in ("[1,null]", "[9007199254740993,null]"):
        body = f'{{"data":{{"ndarray":{numbers}}}}}'.encode()
        with pytest.raises(tw.DecodeError) as caught:
            tw.loads(body, JSON, missing=word)
        assert "write the integers" not in str(caught.value)
    read = tw.get_codec("json/ndarray").decode
    floats = read(b'{"data":{"ndarray":[1,null]}}', dtype=np.float64, missing="null")
    np.testing.assert_array_equal(floats, [1, math.nan])
