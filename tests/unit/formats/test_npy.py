"""``.npy`` files, held to numpy."""

from io import BytesIO

import numpy as np
import pytest
from numpy.lib import format as npy

import tensorwire as tw
from tensorwire.formats.npy import Npy
from tests.goldens.cases import pool
from tests.support.formats import error_of, npy_file, same
from tests.support.values import plain

NPY_HEADERS = [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}\n",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}      \n",
    "{'shape': (2,), 'fortran_order': False, 'descr': '<f8'}",
    '{"descr": "<f8", "fortran_order": False, "shape": (2,)}',
    "{'descr':'<f8','fortran_order':False,'shape':(2,)}",
    "{ 'descr' : '<f8' , 'fortran_order' : True , 'shape' : ( 1 , 2 , ) }",
    "{'descr': '>i4', 'fortran_order': True, 'shape': (2, 2)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 4)}",
    "{'descr': '|b1', 'fortran_order': False, 'shape': (16,)}",
    "{'descr': '<c16', 'fortran_order': False, 'shape': ()}",
    "{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '|S8', 'fortran_order': False, 'shape': (1, 2)}",
    "{'descr': 'f8', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}",
]
NPY_REFUSED = [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': 2}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': [2]}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (02,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2.0,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f8', 'fortran_order': 1, 'shape': (2,)}",
    "{'descr': '<f8', 'fortran_order': False}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'x': 1}",
    "{'descr': '<f8' 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x",
    "'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
    "['descr']",
    "",
    "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '|V8', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4,<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f3', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '|S0', 'fortran_order': False, 'shape': (9999999999,)}",
    "{'descr': '|b1', 'fortran_order': False, 'shape': (8,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1, " * 64 + "2)}",
    "__import__('os')",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}" + " " * 10_000,
]


@pytest.mark.parametrize("header", NPY_HEADERS)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_headers_of_other_writers(header: str, version: tuple[int, int]) -> None:
    """A header may be spelt in more ways than numpy's; numpy reads the same of it."""
    body = npy_file(header, bytes([1, 0, 0, 0] * 4), version)
    assert same(Npy().decode(body), np.load(BytesIO(body), allow_pickle=False))


def test_npy_of_python_2() -> None:
    """Python 2 wrote its long integers with an L."""
    body = npy_file("{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }")
    assert same(Npy().decode(body), np.zeros(2))


@pytest.mark.parametrize("header", NPY_REFUSED)
def test_npy_headers_that_are_refused(header: str) -> None:
    """A header that is no plain array's is refused, and never evaluated."""
    body = npy_file(header, bytes([2, 0, 0, 0] * (2 if "b1" in header else 4)))
    error_of(tw.DecodeError, Npy().decode, body)


@pytest.mark.parametrize("version", [(0, 0), (1, 1), (2, 1), (4, 0), (255, 255)])
def test_npy_versions_that_are_not_known(version: tuple[int, int]) -> None:
    """A version of the format that there is not is refused."""
    body = npy_file(NPY_HEADERS[0], version=version)
    assert "version" in str(error_of(tw.DecodeError, Npy().decode, body))


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_versions_that_numpy_writes(version: tuple[int, int]) -> None:
    """Every version that numpy can write is read, in either order."""
    for array in (plain("int16", (2, 3)), np.asfortranarray(plain("str", (2, 3))), pool("bytes")):
        file = BytesIO()
        npy.write_array(file, array, version, allow_pickle=False)
        assert same(Npy().decode(file.getvalue()), array)
