"""How text represents missing and non-finite numbers: the option ``missing=`` of every protocol.

========  =======================================================================================
word      what a message may contain
========  =======================================================================================
error     neither null nor a bare word: numbers are finite
null      null is NaN (JSON's null, msgpack's nil, protobuf's null_value)
nan       the bare words NaN, Infinity and -Infinity, in JSON alone
any       when reading, both; when writing, what the servers of the protocol write and read
========  =======================================================================================

A reader keeps the `Reading` of its default, ``self._reading = reading(None, "any", text=True)``,
and makes another for a call with ``missing=``. `bodies.read` passes it to the container, and to the
function that builds the message, which needs it for each list of values:
``lists.to_array(node, DecodeError, options)``. (A `NumbersText` has it already.) JSON values beside
arrays, such as parameters and tags, are checked once by ``lists.check_numbers(node, options)``.

A writer uses ``writing(missing, "error", BARE, lossy=lossy)``: it passes `none` to `as_array`, and
`words` to each `Leaf` or to `write_numbers`. A number without a word is refused.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from tensorwire.errors import DecodeError, EncodeError, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BARE",
    "FINITE",
    "KNOWN",
    "NAN_AS_NULL",
    "NULLS",
    "STRICT",
    "VALUES",
    "VALUES_OR_NONE",
    "VERIFIED",
    "Missing",
    "Reading",
    "Unverified",
    "Words",
    "Writing",
    "reading",
    "writing",
]

Missing: TypeAlias = Literal["error", "null", "nan", "any"]
Words: TypeAlias = "Mapping[str, bytes]"

KNOWN = ("error", "null", "nan", "any")
FINITE: Words = MappingProxyType({})
NAN_AS_NULL: Words = MappingProxyType({"nan": b"null"})
NULLS: Words = MappingProxyType({"nan": b"null", "inf": b"null", "-inf": b"null"})
BARE: Words = MappingProxyType({"nan": b"NaN", "inf": b"Infinity", "-inf": b"-Infinity"})


class Unverified(Exception):  # noqa: N818 - control flow inside the package, never seen outside
    """A number may have been an integer beyond 64 bits; the text must be read again, exactly."""


class Reading(NamedTuple):
    """The options of a reader of nested lists.

    Attributes
    ----------
    null
        whether null is NaN among floats.
    rows
        whether null is None in rows that mix types.
    words
        whether JSON may have the bare words NaN, Infinity and -Infinity.
    verified
        whether all numbers are exact; False where a JSON parser may have returned a float for an
        integer beyond 64 bits.
    marked
        whether a tree may have a `LongInteger`, which is refused where it is read.
    exact
        whether an integer beside floats must be exact in float64.
    also
        the types besides float among which null is NaN, for values that are read as floats.
    remedy
        the remedy of an error: the call that reads null among integers or bools as floats.
    """

    null: bool = False
    rows: bool = False
    words: bool = False
    verified: bool = True
    marked: bool = False
    exact: bool = True
    also: frozenset[type] = frozenset()
    remedy: str = ""


VERIFIED = Reading()
VALUES = Reading(rows=True)  # lists of a caller: None in rows that mix types only
VALUES_OR_NONE = Reading(null=True, rows=True, also=frozenset({int}))  # lists with missing=
_READINGS = {
    (word, text): Reading(
        word in ("null", "any"), word in ("null", "any"), word in ("nan", "any"), verified=not text
    )
    for word in KNOWN
    for text in (False, True)
}


def reading(missing: str | None, default: Missing, *, text: bool) -> Reading:
    """Return the options of a reader; `text` is true for JSON, whose numbers are decimal text.

    Raises `DecodeError` for an unknown word.
    """
    if not _is_known(missing):
        raise DecodeError(_unknown(missing), "", "leave it out, or pass one")
    return _READINGS[default if missing is None else missing, text]


class Writing(NamedTuple):
    """The options of a writer of missing and non-finite numbers.

    Attributes
    ----------
    words
        the text of ``nan``, ``inf`` and ``-inf``; those that are refused are left out.
    none
        whether None among numbers is NaN.
    """

    words: Words = FINITE
    none: bool = False


STRICT = Writing()


def writing(
    missing: str | None, default: Missing, any_words: Words, *, lossy: bool = False
) -> Writing:
    """Return the options of a writer.

    `any_words` are the words for ``any``; with `lossy`, null is written for a number without a
    word. Raises `EncodeError` for an unknown word.
    """
    if not _is_known(missing):
        raise EncodeError(_unknown(missing), "", "leave it out, or pass one")
    word = default if missing is None else missing
    words = {"error": FINITE, "null": NAN_AS_NULL, "nan": BARE, "any": any_words}[word]
    return Writing({**NULLS, **words} if lossy else words, missing not in (None, "error"))


def _is_known(missing: object) -> bool:
    return missing is None or (isinstance(missing, str) and missing in KNOWN)


def _unknown(missing: object) -> str:
    known = ", ".join(map(repr, KNOWN))
    got = f"{shown(missing)}{nearest(missing, KNOWN)}"
    return f"expected missing= to be one of {known}, got {got}"
