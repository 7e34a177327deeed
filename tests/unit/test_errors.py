"""Errors: reason, path and remedy, their text, and how a value is named in it."""

import pickle
from typing import Any

import numpy as np
import pytest

from tensorwire.errors import (
    CodecError,
    DecodeError,
    EncodeError,
    LimitError,
    LongInteger,
    UnknownCodecError,
    excerpt,
    is_known,
    nearest,
    reason_of_other,
    shown,
    unknown,
)
from tests.support.nesting import nested

ERRORS = [CodecError, EncodeError, DecodeError, LimitError, UnknownCodecError]
errors = pytest.mark.parametrize("error", ERRORS)


class Loud:
    """An object whose repr must not be called."""

    def __repr__(self) -> str:
        """Fail."""
        raise AssertionError


@pytest.mark.parametrize(
    ("given", "path", "text"),
    [
        (("bad",), "$", "bad"),
        (("bad", "$"), "$", "bad"),
        (("bad", "$.a[0]"), "$.a[0]", "bad - at $.a[0]"),
        (("bad", ".a"), "$.a", "bad - at $.a"),
        (("bad", "", "do this"), "$", "bad; do this"),
        (("bad", "$.a", "do this"), "$.a", "bad - at $.a; do this"),
    ],
)
@errors
def test_the_text_has_one_form(
    error: type[CodecError], given: tuple[str, ...], path: str, text: str
) -> None:
    """Reason, then the path unless it is the whole, then the remedy if there is one."""
    one = error(*given)
    assert (one.path, str(one)) == (path, text)
    assert (one.reason, one.remedy) == ("bad", "do this" if len(given) > 2 else "")


@errors
def test_a_relative_path_gets_its_prefixes(error: type[CodecError]) -> None:
    """Each level adds what it knows; a path from the root is complete."""
    one = error("bad", "[3]", "do this")
    assert one.within(".ndarray") is one
    assert one.within("$.data").path == "$.data.ndarray[3]"
    assert one.within("$.other").path == "$.data.ndarray[3]"
    assert error("bad").within("$.x").path == "$.x"


@errors
def test_remedies_add_up(error: type[CodecError]) -> None:
    """Each part of the remedy is one that the caller can take; an empty one adds nothing."""
    one = error("bad", "$.a")
    assert one.suggest("") is one
    assert one.suggest("use a").suggest("pass b").suggest("").remedy == "use a, or pass b"
    assert str(one) == "bad - at $.a; use a, or pass b"


@errors
def test_the_text_is_short(error: type[CodecError]) -> None:
    """Reason, path and remedy lose their middle in the text; the path itself is whole."""
    long = "n" * 10**6
    one = error(f"bad {long} indeed", f"$.a.{long}[3]", f"use {long} only")
    text = str(one)
    assert len(text) < 1500
    assert text.startswith("bad nnn")
    assert text.endswith("nnn only")
    assert "nnn indeed - at $.a.nnn" in text
    assert "nnn...nnn" in text
    assert "nnn[3]; use nnn" in text
    assert one.path == f"$.a.{long}[3]"
    assert len(one.reason) == 800
    assert len(str(error("r" * 800, "$" + "p" * 199, "m" * 400))) == 1400 + len(" - at ; ")


@errors
def test_the_repr_has_what_was_added(error: type[CodecError]) -> None:
    """The arguments follow path and remedy, for tools that log those."""
    one = error("bad", "[0]").within(".b").within("$.a").suggest("use a")
    assert one.args == ("bad", "$.a.b[0]", "use a")
    assert repr(one) == f"{error.__name__}('bad', '$.a.b[0]', 'use a')"


@errors
def test_an_error_is_pickled_whole(error: type[CodecError]) -> None:
    """What was added later is in the copy, as processes need it."""
    one = error("bad", "[0]").within("$.x").suggest("use a")
    copy = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes
    assert type(copy) is error
    assert (copy.reason, copy.path, copy.remedy, str(copy)) == ("bad", "$.x[0]", "use a", str(one))


def test_the_family() -> None:
    """Each error is also one of Python's own."""
    for error in ERRORS:
        assert issubclass(error, CodecError)
    assert issubclass(LimitError, DecodeError)
    for error in (EncodeError, DecodeError, LimitError):
        assert issubclass(error, ValueError)
    assert issubclass(UnknownCodecError, LookupError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (1 + 2j, "(1+2j)"),
        ("abc", "'abc'"),
        ("a" * 100, "'" + "a" * 36 + "..."),
        (b"\0", r"b'\x00'"),
        (bytearray(b"x"), "bytearray(b'x')"),
        (12, "12"),
        (2**5000, "integer of 5001 bits"),
        ([1, "a"], "list"),
        ((), "tuple"),
        ({"k": [1]}, "dict"),
        (nested(100_000), "list"),
        (Loud(), "Loud"),
        (np.zeros(10**6), "ndarray of shape (1000000,)"),
        (np.zeros((2, 3)), "ndarray of shape (2, 3)"),
        (np.int64(5), "int64"),
        (int, "<class 'int'>"),
        (LongInteger("1" * 50), "1" * 37 + "..."),
    ],
)
def test_a_value_is_shown_in_few_characters(value: Any, text: str) -> None:
    """A scalar by its repr, anything else by its type; no repr of others is called."""
    assert shown(value) == text
    assert len(shown(value)) <= 40
    assert len(shown(value, 12)) <= 12


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, "a"], "[1, 'a']"),
        ((1, "a"), "[1, 'a']"),
        ([], "[]"),
        ({}, "{}"),
        ([1] * 100, "[1, 1, 1, 1, ...]"),
        ({"k": [1]}, "{'k': [1]}"),
        ([[[[[]]]]], "[[[[...]]]]"),
        (nested(100_000), "[[[[...]]]]"),
        ({"k": Loud()}, "{'k': Loud}"),
        (2**5000, "integer of 5001 bits"),
    ],
)
def test_an_excerpt_shows_the_first_items(value: Any, text: str) -> None:
    """Only what is shown is looked at, whatever the size and the depth."""
    assert excerpt(value) == text
    assert len(excerpt(value, 12)) <= 12


def test_an_unknown_name_gets_the_nearest_one() -> None:
    """A misspelt name is asked back, then all names are listed; other types have no near name."""
    known = ("json/tensor", "msgpack/raw")
    assert unknown("the name of a codec", "json/tensr", known) == (
        "expected the name of a codec, got 'json/tensr' (did you mean 'json/tensor'?); "
        "known: json/tensor, msgpack/raw"
    )
    assert unknown("a name", 5, known) == "expected a name, got 5; known: json/tensor, msgpack/raw"
    assert nearest("JSON/TENSOR", known) == " (did you mean 'json/tensor'?)"
    assert nearest("zzz", known) == nearest(None, known) == nearest([], known) == ""
    assert is_known("msgpack/raw", known)
    assert not is_known(["msgpack/raw"], known)
    assert not is_known("raw", known)


class Silent(Exception):  # noqa: N818 - an error of someone else
    """An exception whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("boom"), "ValueError: boom"),
        (ValueError(" two\n\tlines "), "ValueError: two lines"),
        (KeyError(), "KeyError"),
        (Silent(), "Silent"),
    ],
    ids=["text", "lines", "empty", "no text"],
)
def test_the_reason_of_an_error_of_others(error: Exception, text: str) -> None:
    """Its class, and its text in one line where there is one."""
    assert reason_of_other(error) == text


def test_the_reason_of_an_error_of_others_is_short() -> None:
    """A text of megabytes loses its middle."""
    assert len(reason_of_other(ValueError("n" * 10**7))) < 250


class BadFloat(float):
    """A number whose text cannot be had."""

    def __repr__(self) -> str:
        raise RuntimeError


class BadText(str):
    """A text that cannot be cut."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> str:
        raise RuntimeError


class BadInt(int):
    """An integer that does not tell its size."""

    def bit_length(self) -> int:  # noqa: D102
        raise RuntimeError


class BadList(list[Any]):
    """A list that cannot be read."""

    def __iter__(self) -> Any:
        raise RuntimeError


class BadMeta(type):
    """A class of classes without a text."""

    def __repr__(cls) -> str:
        raise RuntimeError


class BadClass(metaclass=BadMeta):
    """A class without a text."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (BadFloat(1.5), "1.5"),
        (BadText("abc"), "'abc'"),
        (BadInt(7), "7"),
        (BadInt(1 << 300), "integer of 301 bits"),
        (BadClass, f"<class '{__name__}.BadClass'>"[:37] + "..."),
        (BadClass(), "BadClass"),
        (BadList([1]), "BadList"),
    ],
    ids=["float", "str", "int", "long int", "class", "object", "list"],
)
def test_no_code_of_a_value_runs(value: Any, text: str) -> None:
    """A value is shown, whatever its class does when it is asked."""
    assert shown(value) == text
    assert excerpt(value) == text
