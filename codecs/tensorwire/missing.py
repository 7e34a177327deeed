"""How missing and non-finite numbers are spelled in text: the option `missing=` of every protocol.

========  =======================================================================================
word      what it lets a message say
========  =======================================================================================
error     neither null nor a bare word: numbers are finite
null      null is NaN (JSON's null, msgpack's nil, protobuf's null_value)
nan       the bare words NaN, Infinity and -Infinity, in JSON alone
any       when reading, both; when writing, what the servers of the protocol write and read
========  =======================================================================================

A protocol that reads has its default once, ``self._reading = reading(None, "any", text=True)``,
and for a call that gives the option ``reading(missing, "any", text=True)``. `bodies.read` hands it
to the container, and on to what builds the message, which needs it for each list of values:
``lists.to_array(node, DecodeError, options)``. (A `NumbersText` has it already.) JSON values beside
arrays, such as parameters and tags, are checked once by ``lists.check_numbers(node, options)``.

A protocol that writes has ``writing(missing, "error", BARE, lossy=lossy)``: its `none` goes to
`as_array`, its `words` to each `Leaf` or to `words_for_null`. NaN that has no word is refused.
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
    """A number may have been an integer beyond 64 bits; the text is to be read again, exactly."""


class Reading(NamedTuple):
    """How nested lists are read.

    Attributes
    ----------
    null
        whether null is NaN among floats.
    rows
        whether null is None in rows that mix types.
    words
        whether JSON may have the bare words NaN, Infinity and -Infinity.
    verified
        whether numbers are those of the text: not where a parser of JSON may have made a float
        of an integer that has no 64 bits.
    exact
        whether an integer beside floats has to be one that float64 holds.
    also
        the types, beside float, among which null is NaN: of values that are asked for as floats.
    remedy
        what reads null among integers and bools as floats, for the text of an error.
    """

    null: bool = False
    rows: bool = False
    words: bool = False
    verified: bool = True
    exact: bool = True
    also: frozenset[type] = frozenset()
    remedy: str = ""


VERIFIED = Reading()
VALUES = Reading(rows=True)  # a caller's own lists: None in mixed rows alone
VALUES_OR_NONE = Reading(null=True, rows=True, also=frozenset({int}))  # where missing= allows it
_READINGS = {
    (word, text): Reading(
        word in ("null", "any"), word in ("null", "any"), word in ("nan", "any"), verified=not text
    )
    for word in KNOWN
    for text in (False, True)
}


def reading(missing: str | None, default: Missing, *, text: bool) -> Reading:
    """Return how a container reads: JSON, whose numbers are `text`, or one of bytes.

    Raises `DecodeError` for a word that is not known.
    """
    if not _is_known(missing):
        raise DecodeError(_unknown(missing), "", "leave it out, or pass one")
    return _READINGS[default if missing is None else missing, text]


class Writing(NamedTuple):
    """How values that are missing are written.

    Attributes
    ----------
    words
        the text of ``nan``, ``inf`` and ``-inf``, as far as they may be written.
    none
        whether None among numbers is NaN.
    """

    words: Words = FINITE
    none: bool = False


STRICT = Writing()


def writing(
    missing: str | None, default: Missing, any_words: Words, *, lossy: bool = False
) -> Writing:
    """Return how numbers that are not finite are written.

    `any_words` are those for ``any``; with `lossy`, null is written for what has no word.
    Raises `EncodeError` for a word that is not known.
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
