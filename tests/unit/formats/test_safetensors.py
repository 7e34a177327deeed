"""safetensors, held to goldens of the library and to json."""

import pytest

import tensorwire as tw
from tensorwire.formats.safetensors import Safetensors
from tests.goldens.format_cases import (
    named_cases,
    safetensors_foreign,
)
from tests.support.formats import GOLDENS, error_of, read_by_others, same
from tests.support.values import plain

# What the library reads, and what is refused here: its README disallows a name twice.
STRICTER_SAFETENSORS = {
    *("a name twice", "a name twice, the same", "a name twice, escaped"),
    *("a row in a list", "bools of 2", "dtype F4", "rank 65"),
}
LOOSER = {"an offset -0"}  # it is 0


@pytest.mark.parametrize("case", GOLDENS["safetensors foreign"])
def test_foreign_safetensors(case: str) -> None:
    """A file is read as the library reads it, or refused where that lets something pass."""
    body, wanted = dict(safetensors_foreign())[case], GOLDENS["safetensors foreign"][case]
    if case in STRICTER_SAFETENSORS or (wanted == "error" and case not in LOOSER):
        assert (wanted != "error") == (case in STRICTER_SAFETENSORS)
        error_of(tw.DecodeError, Safetensors().decode, body)
        return
    found = Safetensors().decode(body)
    assert same(found, read_by_others("safetensors/arrays", body))
    if case not in LOOSER:
        rows = {key: (list(array.shape), array.tobytes().hex()) for key, array in found.items()}
        assert rows == {key: (row["shape"], row["hex"]) for key, row in wanted.items()}


def test_every_foreign_case_is_known() -> None:
    """The goldens hold the cases, and those that differ are among them."""
    cases = dict(safetensors_foreign())
    assert cases.keys() == GOLDENS["safetensors foreign"].keys()
    assert cases.keys() > STRICTER_SAFETENSORS | LOOSER


@pytest.mark.parametrize("case", [case for case, *_ in named_cases()])
def test_safetensors_of_many_names(case: str) -> None:
    """Arrays by name are written byte for byte as the library does, and come back by name."""
    arrays, metadata = {name: (arrays, meta) for name, arrays, meta in named_cases()}[case]
    golden = bytes.fromhex(GOLDENS["safetensors of names"][case])
    codec = Safetensors()
    assert codec.encode(arrays, meta=metadata) == golden
    assert codec.encode(dict(reversed(arrays.items())), meta=metadata) == golden
    assert same(codec.decode(golden), arrays)


def test_names_that_safetensors_has_not() -> None:
    """A name is text, and not the one of the metadata; an error says whose array is refused."""
    array = plain("float32", (2,))
    for key in (1, None, b"a", "__metadata__", "\ud800"):
        error_of(tw.EncodeError, Safetensors().encode, {key: array})
    arrays = {"a": array, "b": plain("int4", (2,))}
    error = error_of(tw.EncodeError, Safetensors().encode, arrays)
    assert error.path == "$.b"
    assert "int4" in str(error)
