"""Numbers of JSON come back as they are written, or not at all; words and nulls as they should."""

import json
import random
from fractions import Fraction
from math import isfinite, isnan
from typing import Any, NamedTuple

import numpy as np

import tensorwire as tw
from tests.differential.contents import Wrong, attempt, refused

_EDGES = (0, 2**24, 2**31, 2**53, 2**62, 2**63, 2**64, 10**30, 1234567890123456789)
_INTEGERS = [sign * edge + step for edge in _EDGES for step in (-1, 0, 1) for sign in (1, -1)]
_FLOATS = ("0.5", "1.5", "-0.0", "0.1", "1e300", "5e-324", "1e22", "9007199254740993.0", "1E2",
           "123456789.123456789", "1.7976931348623157e308")  # fmt: skip
_WORDS = ("NaN", "Infinity", "-Infinity")
_FAMILIES = ("ndarray", "tensor", "jsonData", "tags", "oip", "oip parameter", "rows", "columns")


class Case(NamedTuple):
    """The text of a list of values, and what it is a message of."""

    family: str
    datatype: str
    text: str


def check(chance: random.Random) -> bool:
    """Write numbers, and hold what is read to their text."""
    return holds(_case(chance))


def _case(chance: random.Random) -> Case:
    kinds = chance.choice(
        ("i", "f", "if", "if", "iff", "fw", "fn", "ifw", "ifn", "fb", "ib", "fs", "n", "w")
    )
    count = chance.choice((1, 1, 2, 3, 5, 20, 300))
    tokens = [_token(chance.choice(kinds), chance) for _ in range(count)]
    if count > 5 and chance.random() < 0.5:  # one that is not like the others
        tokens = [_token(kinds[0], chance)] * count
        tokens[chance.randrange(count)] = _token(kinds[-1], chance)
    rows = chance.choice((0, 0, 1, 2))
    text = ",".join(tokens)
    if rows == 1:
        text = f"[{text}]"
    elif rows == 2:
        text = ",".join(f"[{token}]" for token in tokens)
    datatype = chance.choice(("FP64", "FP64", "FP32", "INT64", "INT8", "UINT64", "BOOL"))
    return Case(chance.choice(_FAMILIES), datatype, f"[{text}]")


def _token(kind: str, chance: random.Random) -> str:
    if kind == "i":
        big = chance.random() < 0.5
        return str(chance.choice(_INTEGERS)) if big else str(chance.randrange(-99, 99))
    if kind == "f":
        return chance.choice(_FLOATS) if chance.random() < 0.5 else repr(chance.uniform(-9, 9))
    choices = {"w": _WORDS, "n": ("null",), "b": ("true", "false"), "s": ('"a"', '"NaN"', '"5"')}
    return chance.choice(choices[kind])


def holds(case: Case) -> bool:
    """Read a case in its protocol, and hold each value to its text; tell whether it was read."""
    template, protocol, take = _PLACES[case.family]
    body = template.replace("@", case.text).replace("%", case.datatype)
    if case.family == "tensor":
        count = len(_flat(json.loads(case.text)))
        body = body.replace("#", str(count))
    elif case.family == "oip":
        body = body.replace("#", json.dumps(_shape(json.loads(case.text))))
    decoder: Any = tw.get_protocol(protocol)
    message = attempt(decoder.decode, body.encode())
    if refused(message):
        return False
    found = _flat(take(message))
    wanted = _flat(json.loads(case.text, parse_float=_Decimal, parse_constant=_Word))
    if len(found) != len(wanted):
        raise Wrong(f"{found!r:.300} for {body}")
    for value, token in zip(found, wanted, strict=True):
        if not _is(value, token, case):
            raise Wrong(f"{value!r} for {token!r} in {body[:1500]}")
    return True


class _Decimal(str):
    """The text of a number with a fraction or an exponent."""

    __slots__ = ()


class _Word(str):
    """NaN, Infinity or -Infinity."""

    __slots__ = ()


def _is(value: Any, token: Any, case: Case) -> bool:
    """Return whether a value is what its text says."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if token is None:
        return value is None or (isinstance(value, float) and isnan(value))
    if isinstance(token, bool):
        return value is token
    if isinstance(token, _Word):
        return isinstance(value, float) and repr(value) == repr(float(token))
    if isinstance(token, str) and not isinstance(token, _Decimal):
        return _is_text(value, token)
    return type(value) in (int, float) and isfinite(value) and _is_number(value, token, case)


def _is_number(value: Any, token: Any, case: Case) -> bool:
    """Return whether a number is the integer that was written, or the float nearest to it."""
    wanted = [float(token)] if isinstance(token, str) or abs(token) < 2**53 else []
    if case.family == "oip" and case.datatype == "FP32":
        wanted = [float(np.float32(token))]
    if isinstance(token, str):  # an integer has no -0
        return repr(float(value)) == repr(wanted[0]) or (
            type(value) is int and value == float(token)
        )
    return value in wanted or Fraction(value) == token


def _is_text(value: Any, text: str) -> bool:
    """Return whether a value is a text, or the number that protobuf's JSON lets text quote."""
    if isinstance(value, (str, bytes)):
        return value in (text, text.encode())
    return repr(float(value)) == repr(float(text)) if text != "a" else False


def _flat(nested: Any) -> list[Any]:
    if isinstance(nested, np.ndarray):
        return list(nested.ravel().tolist())
    while isinstance(nested, list) and any(isinstance(part, list) for part in nested):
        nested = [one for part in nested for one in (part if isinstance(part, list) else [part])]
    return nested if isinstance(nested, list) else [nested]


def _shape(nested: Any) -> list[int]:
    return [len(nested), *_shape(nested[0])] if isinstance(nested, list) else []


_PLACES: dict[str, tuple[str, str, Any]] = {
    "ndarray": ('{"data":{"ndarray":@}}', "seldon/json", lambda m: m.value),
    "tensor": ('{"data":{"tensor":{"shape":[#],"values":@}}}', "seldon/json", lambda m: m.value),
    "jsonData": ('{"jsonData":{"a":@}}', "seldon/json", lambda m: m.value["a"]),
    "tags": (
        '{"data":{"ndarray":[1]},"meta":{"tags":{"a":@}}}',
        "seldon/json",
        lambda m: m.meta["tags"]["a"],
    ),
    "oip": (
        '{"inputs":[{"name":"x","shape":#,"datatype":"%","data":@}]}',
        "oip/json",
        lambda m: m.inputs[0].value,
    ),
    "oip parameter": (
        '{"inputs":[],"parameters":{"a":@}}',
        "oip/json",
        lambda m: m.parameters["a"],
    ),
    "rows": ('{"instances":@}', "tfserving/json", lambda m: m.inputs[""]),
    "columns": ('{"inputs":{"x":@}}', "tfserving/json", lambda m: m.inputs["x"]),
}
