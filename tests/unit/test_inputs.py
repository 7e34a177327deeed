"""Values of other classes as arrays or plain lists, held to numpy."""

import array as stdlib_array
import collections
import ctypes
import decimal
import fractions
from typing import Any

import numpy as np
import pytest

from tensorwire.errors import EncodeError
from tensorwire.inputs import (
    check_integers,
    library_of,
    plain,
    plain_json,
    plain_lists,
    refused_dtype,
    stacked,
    unreadable,
)
from tests.support.expectations import describe
from tests.support.objects import Color, Level, Word


class Chars(bytes):
    """Bytes, of a class of its own."""


class Offered:
    """An object that offers an array."""

    def __init__(self, offered: Any) -> None:
        self.offered = offered

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """Return it, or raise it."""
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered


class Lent:
    """An object that offers memory by DLPack alone."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        """Lend the array."""
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        """Return the CPU."""
        return self.array.__dlpack_device__()


NUMBERS = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "value",
    [NUMBERS, NUMBERS.T, Offered(NUMBERS), Lent(NUMBERS), NUMBERS.data, np.ma.array(NUMBERS)],
    ids=lambda value: type(value).__name__,
)
def test_memory_of_others_is_viewed(value: Any) -> None:
    """Arrays, buffers, and what offers either; nothing is copied."""
    found = plain(value)
    assert np.shares_memory(found, NUMBERS)
    assert found.shape in (NUMBERS.shape, NUMBERS.T.shape)
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1.5, np.array(1.5)),
        (True, np.array(True)),  # noqa: FBT003
        (2**63, np.array(2**63, np.uint64)),
        (-(2**63), np.array(-(2**63))),
        (1 + 2j, np.array(1 + 2j)),
        ("é", np.array("é")),
        ("a\0", np.array("a\0", np.dtypes.StringDType())),
        (b"a", np.array(b"a")),
        (np.float32(0.5), np.array(0.5, np.float32)),
        (range(3), np.arange(3)),
        (stdlib_array.array("f", [0.5]), np.array([0.5], np.float32)),
        (bytearray(b"ab"), np.array([97, 98], np.uint8)),
        (np.array([1, 2], object), [1, 2]),
        (np.array(["a", None], object), ["a", None]),
        (np.array(1.5, object), np.array(1.5)),
        (collections.deque([1, 2]), [1, 2]),
        ([1, [2]], [1, [2]]),
        ((1, 2), (1, 2)),
    ],
    ids=repr,
)
def test_a_value_is_an_array_or_lists(value: Any, wanted: Any) -> None:
    """Of the dtype that numpy has for it."""
    assert describe(plain(value)) == describe(wanted)


@pytest.mark.parametrize(
    ("value", "reason", "remedy"),
    [
        (2**64, "expected an integer of 64 bits, got 18446744073709551616", "float(value)"),
        (10**400, "got integer of 1329 bits", "pass str(value)"),
        (b"a\0", "a single value that ends in NUL", "pass [value]"),
        ({1.5}, "got set", "pass list(value)"),
        ({}, "got dict", "pass each array in it by itself"),
        (decimal.Decimal("0.5"), "got Decimal", "pass float(value)"),
        (fractions.Fraction(1, 3), "got Fraction", "pass float(value)"),
        (None, "got None", ""),
        (int, "got <class 'int'>", ""),
        (object(), "got object", ""),
        (memoryview((ctypes.c_void_p * 2)()), "a buffer of numbers, got one of", "value.tobytes()"),
        (
            Offered(ValueError("closed.\nmore")),
            "cannot view as an array (ValueError: closed. more)",
            "a numpy array",
        ),
        (Offered(KeyError()), "(KeyError)", "a numpy array"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_array_is_refused(value: Any, reason: str, remedy: str) -> None:
    """With what to pass."""
    with pytest.raises(EncodeError) as error:
        plain(value)
    assert reason in error.value.reason
    assert remedy in error.value.remedy
    assert bool(remedy) == bool(error.value.remedy)


@pytest.mark.parametrize(
    ("value", "filled", "lists"),
    [
        (np.ma.array([1.5, 2.5], mask=[False, True]), "value.filled(0)", [1.5, None]),
        (np.ma.array([[1, 2]], mask=[[False, True]]), "value.filled(0)", [[1, None]]),
        (np.ma.array([True, False], mask=[True, False]), "value.filled(0)", [None, False]),
        (np.ma.array(["a", "b"], mask=[False, True]), "value.filled('')", None),
        (np.ma.array([b"a", b"b"], mask=[False, True]), "value.filled(b'')", None),
    ],
)
def test_a_masked_value_is_missing(value: Any, filled: str, lists: Any) -> None:
    """It is None where that is allowed among numbers; else its place is named."""
    with pytest.raises(EncodeError, match="expected values, got a masked one") as error:
        plain(value)
    assert filled in error.value.remedy
    assert error.value.path == "$" + "".join(f"[{i}]" for i in np.argwhere(value.mask)[0])
    if lists is None:
        with pytest.raises(EncodeError, match="masked"):
            plain(value, none=True)
    else:
        assert plain(value, none=True) == lists


@pytest.mark.parametrize(
    ("nested", "wanted"),
    [
        ([np.int64(1), 2], [1, 2]),
        ([np.float32(0.1)], [float(np.float32(0.1))]),
        ([np.bool_(1), np.str_("a"), np.bytes_(b"b")], [True, "a", b"b"]),
        ([Word("a"), Chars(b"b"), Level.LOW], ["a", b"b", 1]),
        (((1, 2), [3]), [[1, 2], [3]]),
        ([[None, {"a": 1}]], [[None, {"a": 1}]]),
        ([np.array([1, 2]), [3, 4]], [[1, 2], [3, 4]]),
        ([1j, np.complex64(2j)], [1j, 2j]),
        (1.5, 1.5),
    ],
    ids=repr,
)
def test_lists_of_python_values(nested: Any, wanted: Any) -> None:
    """Each value is of one of Python's own types; the lists that were given stay as they are."""
    found = plain_lists(nested)
    assert repr(found) == repr(wanted)


@pytest.mark.parametrize(
    ("nested", "path", "remedy"),
    [
        ([1, decimal.Decimal(1)], "$[1]", "pass numpy.array(value, float)"),
        ([[1], [np.longdouble(1)]], "$[1][0]", "pass numpy.array(value, float)"),
        ([np.clongdouble(1)], "$[0]", "pass numpy.array(value, complex)"),
        ([np.timedelta64(1, "s")], "$[0]", "numpy.timedelta64(1, 's')"),
        ([np.datetime64("2020-01-01")], "$[0]", "pass numpy.array(value, str)"),
        ([Color.RED], "$[0]", "pass the value of each"),
        ([[object()]], "$[0][0]", ""),
        ([1, Offered(ValueError("closed"))], "$[1]", "pass a numpy array"),
    ],
)
def test_a_value_in_lists_is_refused_with_its_place(nested: Any, path: str, remedy: str) -> None:
    """And what to pass for all of them."""
    if "longdouble" in type(nested[-1]).__name__ and np.longdouble is np.float64:
        pytest.skip("long double is double here")
    with pytest.raises(EncodeError) as error:
        plain_lists(nested)
    assert error.value.within("$").path == path
    assert remedy in error.value.remedy


def test_lists_in_lists_end() -> None:
    """Even where a list holds itself."""
    endless: list[Any] = [np.int64(1)]
    endless.append(endless)
    with pytest.raises(EncodeError, match="at most 64 nested lists"):
        plain_lists(endless)
    with pytest.raises(EncodeError, match="at most 1024 levels of nesting"):
        plain_json(endless, "$.a")
    plain_endless: list[Any] = []
    plain_endless.append(plain_endless)
    with pytest.raises(EncodeError, match="at most 1024 levels of nesting") as error:
        plain_json(plain_endless, "$.a")
    assert error.value.path == "$.a"


def test_arrays_of_one_shape_and_dtype_are_stacked() -> None:
    """As numpy stacks them; others are not."""
    arrays = [NUMBERS, NUMBERS + 1]
    assert describe(stacked(arrays)) == describe(np.stack(arrays))
    assert describe(stacked([Offered(NUMBERS)])) == describe(NUMBERS[None])
    for others in ([], [1.5], [NUMBERS, 1.5], [NUMBERS, NUMBERS[0]], [NUMBERS, NUMBERS > 0]):
        assert stacked(others) is None
    with pytest.raises(EncodeError) as error:
        stacked([NUMBERS, Offered(ValueError())])
    assert error.value.within("$").path == "$[1]"


@pytest.mark.parametrize("value", [1, "a", None, [1.5, {"a": [None]}], {"a": (1,)}], ids=repr)
def test_json_of_python_values_is_the_same_object(value: Any) -> None:
    """Nothing is copied where nothing is to be turned."""
    assert plain_json(value, "$") is value


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (np.float32(0.5), 0.5),
        ({"a": np.array([[1, 2]])}, {"a": [[1, 2]]}),
        ([Word("x"), {Word("k"): np.bool_(1)}], ["x", {"k": True}]),
        (collections.OrderedDict(a=(np.int8(1), None)), {"a": [1, None]}),
        (np.ma.array([1, 2], mask=[False, True]), [1, None]),
        ([np.array("a"), np.array([], "f8")], ["a", []]),
    ],
    ids=repr,
)
def test_json_of_other_values_is_made_of_python_values(value: Any, wanted: Any) -> None:
    """Keys and order as they were; the value that was given stays as it is."""
    found = plain_json(value, "$")
    assert repr(found) == repr(wanted)
    assert found is not value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (object(), "$.p"),
        ({"a": [1, {"b": object()}]}, "$.p.a[1].b"),
        ([np.zeros(1), [decimal.Decimal(1)]], "$.p[1][0]"),
        ({"a": np.array(["2020-01-01"], "M8[D]")[0]}, "$.p.a"),
    ],
)
def test_a_value_that_json_does_not_have_is_refused_with_its_place(value: Any, path: str) -> None:
    """From the place of the whole on."""
    with pytest.raises(EncodeError, match="expected text, a number, a bool") as error:
        plain_json(value, "$.p")
    assert error.value.path == path


def test_integers_beyond_64_bits_have_a_place() -> None:
    """The first in the order of the stack, and a remedy that suits what is beside them."""
    check_integers([[2**64 - 1, -(2**63)], [1.5, None]])
    for nested, path, remedy in (
        ([1, [2**64]], "[1][0]", "numpy.array(value, float)"),
        ([-(2**63) - 1, 0.5], "[0]", "numpy.array(value, float)"),
        (["a", 2**64], "[1]", "numpy.array(value, str)"),
        ([10**400], "[0]", "numpy.array(value, str)"),
    ):
        with pytest.raises(EncodeError, match="expected integers of 64 bits, got") as error:
            check_integers(nested)
        assert error.value.path == "$" + path
        assert remedy in error.value.remedy


@pytest.mark.parametrize(
    ("array", "remedy"),
    [
        (np.array(["2020-01-01"], "M8[D]"), "value.astype(str)"),
        (np.array([1], "m8[s]"), "value / numpy.timedelta64(1, 's')"),
        (np.zeros(1, "i4,f4"), "value['f0']"),
        (np.zeros(1, "V8"), "numpy.frombuffer(value.tobytes(), 'u1')"),
        (np.zeros(1, np.longdouble), "value.astype(float)"),
        (np.zeros(1, np.clongdouble), "value.astype(complex)"),
        (np.zeros(1, object), ""),
    ],
)
def test_the_remedy_for_a_dtype_is_an_expression(array: Any, remedy: str) -> None:
    """Which gives an array that is encoded."""
    error = refused_dtype(array, array.dtype)
    assert error.reason.startswith("expected numbers, bools, strings or bytes, got dtype ")
    assert remedy in error.remedy
    if remedy and "timedelta" not in remedy:
        expression = error.remedy.rpartition("such as ")[2].removeprefix("pass ")
        expression = expression.removesuffix(", which may round")
        assert plain(eval(expression, {"value": array, "numpy": np})).size  # noqa: S307


def test_the_library_of_a_value_is_that_of_its_class() -> None:
    """Of a class that it is derived from, too; none is imported for it."""
    assert library_of(NUMBERS) == library_of([]) == library_of(object()) == ""
    ours = type("Frame", (), {"__module__": "polars.frame"})
    assert library_of(ours()) == "polars"
    assert library_of(type("Mine", (ours,), {})()) == "polars"


def test_an_error_without_text_is_named_by_its_class() -> None:
    """Even where its text raises an error of its own."""

    class SilentError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    for error, name in ((KeyError(), "KeyError"), (SilentError(), "SilentError")):
        assert unreadable(object(), error).reason.endswith(f"an array ({name})")
