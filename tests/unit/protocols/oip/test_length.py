"""The length of the JSON in a body: by its headers, and by the body."""

from typing import Any

import pytest

from tensorwire.errors import DecodeError
from tensorwire.protocols.oip.length import ALL, LENGTH, NONE, json_length, json_size, length_in

BODY = b'{"inputs":[]}  rest'


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (None, NONE),
        ({}, NONE),
        ({"Content-Type": "a/b"}, ALL),
        ({LENGTH: "5"}, "5"),
        ({LENGTH.lower(): "5"}, "5"),
        ({LENGTH: "5", LENGTH.lower(): "6"}, None),
        ({LENGTH.upper(): "5"}, None),
        ({LENGTH: 5}, None),
        ({b"content-type": b"a/b"}, None),
        ([(LENGTH, "5")], None),
    ],
)
def test_usual_headers(headers: Any, found: str | None) -> None:
    """The usual spellings are found at once; others are for `json_length`, which agrees."""
    assert length_in(headers) == found
    if found and found is not ALL:
        assert json_length(BODY, headers, binary=True) == int(found)


@pytest.mark.parametrize("name", [LENGTH, LENGTH.lower(), LENGTH.upper(), LENGTH.encode()])
@pytest.mark.parametrize("value", ["5", b"5"])
def test_any_spelling(name: Any, value: Any) -> None:
    """Names are read in any case, as text or bytes, from a dict or pairs."""
    for headers in ({name: value}, [("a", "b"), (name, value)]):
        assert json_length(BODY, headers, binary=False) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["-1", "+1", "1_0", "", " 5", "20", "1" * 30, "٣"])
def test_lengths_that_cannot_be(value: str) -> None:
    """A length that is no number, or longer than the body, is refused."""
    with pytest.raises(DecodeError, match=f"expected {LENGTH} of at most 19 bytes"):
        json_length(BODY, {LENGTH: value}, binary=True)
    with pytest.raises(DecodeError, match="expected headers as a dict"):
        json_length(BODY, [1], binary=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"{}", 2),
        (b' {"a":"}\\"}"}xyz', 13),
        (b'{"inputs":[{"parameters":{"binary_data_size":2}}]}   ab', 53),
        (b'{"inputs":[{"parameters":{"binary_data_size":5}}]}   ab', 50),
        (b"{}  ", 4),
    ],
)
def test_the_end_of_the_json(body: bytes, size: int) -> None:
    """The JSON ends with its object, or with the white space before its tensors."""
    assert json_size(body) == size
    assert json_size(memoryview(body)) == size


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a":', b'{"a":"}', b"x{}"])
def test_bodies_without_an_object(body: bytes) -> None:
    """What does not begin with a whole object has no such length."""
    with pytest.raises(DecodeError, match="expected a JSON object at the start of the body"):
        json_size(body)
